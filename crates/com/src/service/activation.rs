//! One service for the whole process, opened when it is first needed.
//!
//! Opening may take seconds and runs with no lock held. Whoever needs the service meanwhile waits for that attempt and
//! shares what comes of it, so that 32 threads make one attempt and not 32. A service that has died is opened anew by the
//! next who asks; after the [end](Activation::end) nobody gets any.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// See the module.
pub(super) struct Activation<S> {
    state: Mutex<State<S>>,
    /// An attempt has come to its end.
    decided: Condvar,
}

struct State<S> {
    current: Option<S>,
    is_opening: bool,
    /// Attempts that came to their end.
    attempts: u64,
    /// What the last of them said, if it failed.
    failure: Option<String>,
    is_over: bool,
}

/// Nobody answers. [`Activation::failure`] says why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Absent;

impl<S: Clone> Activation<S> {
    /// Nothing was opened yet.
    pub(super) const fn new() -> Self {
        let state = State { current: None, is_opening: false, attempts: 0, failure: None, is_over: false };
        Self { state: Mutex::new(state), decided: Condvar::new() }
    }

    /// The service, if it is there and `lives`; else what `open` gives, or who else is opening it. Blocks as long as that
    /// takes.
    pub(super) fn get(
        &self,
        lives: impl Fn(&S) -> bool,
        open: impl FnOnce() -> Result<S, String>,
    ) -> Result<S, Absent> {
        let mut state = self.lock();
        let before = state.attempts;
        loop {
            if state.is_over {
                return Err(Absent);
            }
            match state.current.as_ref().filter(|service| lives(service)) {
                Some(service) => return Ok(service.clone()),
                None if state.attempts != before => return Err(Absent),
                None if state.is_opening => {
                    state = self.decided.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                None => break,
            }
        }
        state.is_opening = true;
        // The end of one that has died may take a while, too.
        let dead = state.current.take();
        drop(state);
        drop(dead);
        let attempt = Attempt { of: self, outcome: Err("the attempt panicked".into()) };
        attempt.make(open)
    }

    /// Puts a service in place, unless there is one or the end has come. Whether it did.
    pub(super) fn put(&self, service: S) -> bool {
        let mut state = self.lock();
        let is_free = state.current.is_none() && !state.is_opening && !state.is_over;
        if is_free {
            state.current = Some(service);
        }
        is_free
    }

    /// Takes the service out if it is as wished.
    pub(super) fn take_if(&self, wish: impl FnOnce(&S) -> bool) -> Option<S> {
        let mut state = self.lock();
        if state.current.as_ref().is_some_and(wish) { state.current.take() } else { None }
    }

    /// Whether a service was there, ever, or is being opened.
    pub(super) fn has_begun(&self) -> bool {
        let state = self.lock();
        state.current.is_some() || state.is_opening || state.attempts > 0
    }

    /// Why the last attempt failed; `None` if it did not.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    /// Nobody gets the service any more. Gives it, if it was there.
    pub(super) fn end(&self) -> Option<S> {
        let mut state = self.lock();
        state.is_over = true;
        state.current.take()
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // Every change is complete before the lock is released.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt to open the service; what came of it is told when it is dropped, also by a panic.
struct Attempt<'a, S: Clone> {
    of: &'a Activation<S>,
    outcome: Result<S, String>,
}

impl<S: Clone> Attempt<'_, S> {
    fn make(mut self, open: impl FnOnce() -> Result<S, String>) -> Result<S, Absent> {
        self.outcome = open();
        if self.of.lock().is_over {
            self.outcome = Err("the process is ending".into());
        }
        self.outcome.clone().map_err(|_| Absent)
    }
}

impl<S: Clone> Drop for Attempt<'_, S> {
    fn drop(&mut self) {
        let mut state = self.of.lock();
        state.is_opening = false;
        state.attempts += 1;
        state.failure = self.outcome.as_ref().err().cloned();
        state.current = self.outcome.as_ref().ok().filter(|_| !state.is_over).cloned();
        drop(state);
        self.of.decided.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const THREADS: u32 = 32;

    fn never() -> Result<u32, String> {
        panic!("there is one already")
    }

    #[test]
    fn threads_that_come_at_once_share_one_attempt() {
        for outcome in [Ok(7), Err("no".to_owned())] {
            let activation = Activation::new();
            let (made, asked) = (AtomicU32::new(0), AtomicU32::new(0));
            std::thread::scope(|scope| {
                let get = || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    activation.get(
                        |_| true,
                        || {
                            made.fetch_add(1, Ordering::SeqCst);
                            // All others are on their way before it is decided.
                            while asked.load(Ordering::SeqCst) < THREADS {
                                std::thread::yield_now();
                            }
                            outcome.clone()
                        },
                    )
                };
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(get)).collect();
                let expected = outcome.clone().map_err(|_| Absent);
                for thread in threads {
                    assert_eq!(thread.join().unwrap(), expected);
                }
            });
            // One who was on his way and came late makes an attempt of his own where there is nothing to share.
            let made = made.into_inner();
            assert!(if outcome.is_ok() { made == 1 } else { (1..=THREADS).contains(&made) }, "{made}");
            assert_eq!(activation.failure(), outcome.err());
        }
    }

    #[test]
    fn an_attempt_that_failed_is_followed_by_another_and_its_reason_forgotten() {
        let activation = Activation::new();
        assert!(!activation.has_begun());
        assert_eq!(activation.get(|_| true, || Err("full".into())), Err(Absent));
        assert_eq!(activation.failure().as_deref(), Some("full"));
        assert!(activation.has_begun());
        assert_eq!(activation.get(|_| true, || Ok(2)), Ok(2));
        assert_eq!(activation.failure(), None);
        assert_eq!(activation.get(|_| true, never), Ok(2));
    }

    #[test]
    fn one_that_died_is_opened_anew() {
        let activation = Activation::new();
        assert!(activation.put(1));
        assert!(!activation.put(2), "there is one");
        assert_eq!(activation.get(|service| *service > 1, || Ok(3)), Ok(3));
        assert_eq!(activation.take_if(|service| *service == 4), None);
        assert_eq!(activation.take_if(|service| *service == 3), Some(3));
        assert_eq!(activation.get(|_| true, || Ok(5)), Ok(5));
    }

    #[test]
    fn an_attempt_that_panics_lets_the_next_one_try() {
        let activation = Activation::new();
        let panics = || activation.get(|_| true, || -> Result<u32, String> { panic!("on purpose") });
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(activation.failure().as_deref(), Some("the attempt panicked"));
        assert_eq!(activation.get(|_| true, || Ok(1)), Ok(1));
    }

    #[test]
    fn after_the_end_nobody_gets_it_not_even_one_who_was_opening_it() {
        let activation = Activation::new();
        let (opening, ended) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            let late = scope.spawn(|| {
                activation.get(
                    |_| true,
                    || {
                        opening.wait();
                        ended.wait();
                        Ok(1)
                    },
                )
            });
            opening.wait();
            assert_eq!(activation.end(), None);
            ended.wait();
            assert_eq!(late.join().unwrap(), Err(Absent));
        });
        assert_eq!(activation.get(|_| true, never), Err(Absent));
        assert!(!activation.put(2));
        let other = Activation::new();
        assert!(other.put(3));
        assert_eq!(other.end(), Some(3));
    }
}
