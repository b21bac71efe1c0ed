//! Memory for reads, used again.
//!
//! A page touched for the first time costs more than reading into it, so the buffers in which pieces leave the
//! store come back to it when the last [`Bytes`] of them is dropped.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers that wait for the next read: at most [`IDLE_MAX`] of [`BUFFER`] bytes.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    /// The one of this process, however many stores it has open.
    pub(crate) fn of_process() -> Arc<Self> {
        static POOL: LazyLock<Arc<Pool>> = LazyLock::new(Arc::default);
        Arc::clone(&POOL)
    }

    /// A buffer of `len` bytes with anything in them.
    pub(crate) fn take(self: &Arc<Self>, len: usize) -> Buffer {
        if !(SMALL..=BUFFER).contains(&len) {
            return Buffer { bytes: vec![0; len], len, pool: None };
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = idle.unwrap_or_else(|| vec![0; BUFFER]);
        Buffer { bytes, len, pool: Some(Arc::clone(self)) }
    }

    fn give_back(&self, bytes: Vec<u8>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(bytes);
        }
    }
}

/// Bytes that return to their pool.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
    pool: Option<Arc<Pool>>,
}

impl Buffer {
    /// Shares the bytes without copying; the buffer returns to its pool with the last of them.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.give_back(std::mem::take(&mut self.bytes));
        }
    }
}

/// Size of a pooled buffer, and of the slices in which files are hashed: 1 MiB, the most a peer may ask at once.
pub(crate) const BUFFER: usize = 1 << 20;
/// Smaller reads are not worth a whole buffer.
const SMALL: usize = 64 << 10;
/// Most buffers kept idle: 8 MiB.
const IDLE_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_bytes_are_dropped() {
        let pool = Arc::new(Pool::default());
        let bytes = pool.take(BUFFER).freeze();
        let part = bytes.slice(5..9);
        drop(bytes);
        assert_eq!(pool.idle.lock().unwrap().len(), 0);
        drop(part);
        assert_eq!(pool.idle.lock().unwrap().len(), 1);
        assert_eq!(pool.take(SMALL).len(), SMALL);
        assert_eq!(pool.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn no_more_than_the_bound_stay_idle() {
        let pool = Arc::new(Pool::default());
        let many: Vec<_> = (0..IDLE_MAX + 3).map(|_| pool.take(BUFFER)).collect();
        drop(many);
        assert_eq!(pool.idle.lock().unwrap().len(), IDLE_MAX);
        assert_eq!(pool.take(16 << 20).len(), 16 << 20);
        assert_eq!(pool.idle.lock().unwrap().len(), IDLE_MAX);
    }
}
