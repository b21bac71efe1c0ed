//! The objects of this process that the service may call, by the tokens that stand for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use swarmline_jobs::{ClientObject, HResult, Token};

/// Most objects of one client at a time: 32768.
pub const OBJECTS_MAX: usize = 1 << 15;

/// Objects by token. A token is never used twice, so that a late word about an old object means nobody.
#[derive(Default)]
pub(super) struct Objects {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u64,
    /// At most [`OBJECTS_MAX`].
    by_token: BTreeMap<Token, ClientObject>,
    closed: bool,
    /// Nothing comes out any more.
    is_abandoned: bool,
}

impl Objects {
    /// Keeps an object until it is [released](Self::release).
    pub(super) fn register(&self, object: ClientObject) -> Result<Token, HResult> {
        let mut table = self.lock();
        if table.closed {
            return Err(HResult::DO_E_NO_SERVICE);
        }
        if table.by_token.len() == OBJECTS_MAX {
            return Err(HResult::E_OUTOFMEMORY);
        }
        table.last += 1;
        let token = Token(table.last);
        table.by_token.insert(token, object);
        Ok(token)
    }

    pub(super) fn get(&self, token: Token) -> Option<ClientObject> {
        let table = self.lock();
        if table.is_abandoned { None } else { table.by_token.get(&token).cloned() }
    }

    /// Gives the object back. Letting it go may run the client's code: not here, under the lock, but where it is dropped.
    pub(super) fn release(&self, token: Token) -> Option<ClientObject> {
        let mut table = self.lock();
        if table.is_abandoned { None } else { table.by_token.remove(&token) }
    }

    /// Gives all objects back and takes no more.
    pub(super) fn close(&self) -> Vec<ClientObject> {
        let mut table = self.lock();
        table.closed = true;
        if table.is_abandoned {
            return Vec::new();
        }
        std::mem::take(&mut table.by_token).into_values().collect()
    }

    /// Takes no more and gives nothing back any more: what is here stays for as long as this.
    pub(super) fn abandon(&self) {
        let mut table = self.lock();
        table.closed = true;
        table.is_abandoned = true;
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change is complete before the lock is released.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use swarmline_jobs::BackgroundCopyCallback;

    use super::*;

    struct Silent;
    impl BackgroundCopyCallback for Silent {}

    fn object() -> ClientObject {
        ClientObject::Job(Arc::new(Silent))
    }

    #[test]
    fn a_token_is_never_used_twice() {
        let objects = Objects::default();
        let first = objects.register(object()).unwrap();
        assert!(objects.release(first).is_some());
        assert_ne!(objects.register(object()).unwrap(), first);
        assert!(objects.get(first).is_none());
        assert!(objects.release(first).is_none());
    }

    #[test]
    fn there_are_only_so_many_and_what_is_given_back_makes_room() {
        let objects = Objects::default();
        let tokens: Vec<_> = (0..OBJECTS_MAX).map(|_| objects.register(object()).unwrap()).collect();
        assert_eq!(objects.register(object()), Err(HResult::E_OUTOFMEMORY));
        objects.release(tokens[7]);
        assert!(objects.register(object()).is_ok());
    }

    #[test]
    fn after_the_end_nothing_is_kept() {
        let objects = Objects::default();
        objects.register(object()).unwrap();
        assert_eq!(objects.close().len(), 1);
        assert_eq!(objects.register(object()), Err(HResult::DO_E_NO_SERVICE));
    }

    #[test]
    fn what_is_abandoned_stays_and_is_given_to_nobody() {
        let objects = Objects::default();
        let token = objects.register(object()).unwrap();
        objects.abandon();
        assert_eq!(objects.register(object()), Err(HResult::DO_E_NO_SERVICE));
        assert!(objects.get(token).is_none() && objects.release(token).is_none());
        assert!(objects.close().is_empty());
        assert_eq!(objects.lock().by_token.len(), 1);
    }
}
