//! The library with the real job machine behind it, and no transfers: the test says what happens to files, through
//! [`controls`]. The objects and exports are those of the product.

#![allow(
    unsafe_code,
    clippy::expect_used,
    missing_docs,
    reason = "all of it is a test, and some of it is called by C"
)]

mod driver;

mod controls;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use swarmline_jobs::{Call, ClientObject, HResult, JobService, Reply, Token, deliver};

use driver::Driver;

/// A job of this name makes the service panic.
const PANIC: &str = "panic";

/// Answers every call by the machine.
#[derive(Default)]
pub(crate) struct Fake {
    driver: Mutex<Driver>,
    replied: Condvar,
}

impl Fake {
    pub(crate) fn driver(&self) -> MutexGuard<'_, Driver> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen. What is given back thereby runs the client's code, so the lock is let go first.
    pub(crate) fn happen<T>(&self, event: impl FnOnce(&mut Driver) -> T) -> T {
        let mut driver = self.driver();
        let outcome = event(&mut driver);
        let given_back = driver.take_given_back();
        drop(driver);
        drop(given_back);
        self.replied.notify_all();
        outcome
    }

    /// Delivers all that is due, as a service does: on a thread of its own, with no lock held. The last answer;
    /// `S_FALSE` when nothing was due.
    pub(crate) fn deliver(self: &Arc<Self>) -> HResult {
        let mut last = HResult::S_FALSE;
        while let Some(due) = self.happen(Driver::next_due) {
            last = match self.object(due.token) {
                Some(object) => {
                    let service: Arc<dyn JobService> = self.clone();
                    let call = move || deliver(&service, &object, due.notice);
                    std::thread::spawn(call).join().unwrap_or(HResult::E_UNEXPECTED)
                }
                None => HResult::RPC_E_DISCONNECTED,
            };
            self.happen(|driver| driver.returned(due.ticket, last));
        }
        last
    }
}

impl JobService for Fake {
    fn call(&self, call: Call) -> Result<Reply, HResult> {
        if let Call::CreateJob { name, .. } = &call {
            assert_ne!(name, PANIC, "on purpose");
        }
        let id = self.happen(|driver| driver.call(call));
        let mut driver = self.driver();
        // A download in blocking mode is answered when it has ended.
        loop {
            match driver.take_reply(id) {
                Some(reply) => return reply,
                None => driver = self.replied.wait(driver).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn register(&self, object: ClientObject) -> Result<Token, HResult> {
        Ok(self.driver().register(object))
    }

    fn object(&self, token: Token) -> Option<ClientObject> {
        self.driver().object(token)
    }
}
