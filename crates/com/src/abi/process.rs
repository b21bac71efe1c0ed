//! What the library asks of the process that it lives in.

use std::mem::MaybeUninit;

/// Runs this with the signals of the calling thread held back, so that threads that are started meanwhile, and those that
/// they start, never run the program's handlers, and never take a signal for which one of its threads waits. Signals that
/// a thread brings upon itself are not held back.
pub(crate) fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    let _restored_at_the_end = HeldBack::all();
    work()
}

/// What a faulty instruction or `abort` raises.
const OWN_FAULTS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS, libc::SIGABRT];

/// The signals that the thread held back before.
struct HeldBack(libc::sigset_t);

impl HeldBack {
    fn all() -> Self {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: both lead to room for a set; the calls fail for unknown signals and ways only, and initialise them.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for signal in OWN_FAULTS {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        // SAFETY: a set that the system gave.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

/// Has this run when the process ends by `exit` or a return from `main`: before objects go that were made before this
/// call, and while other threads still run. It lets no panic out. `false` where there is no room for one more.
pub(crate) fn at_exit(ending: extern "C" fn()) -> bool {
    // SAFETY: the function stays, since the library is never unloaded.
    unsafe { libc::atexit(ending) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_back(signal: libc::c_int) -> bool {
        let mut now = MaybeUninit::uninit();
        // SAFETY: asks for the set of this thread, and changes nothing.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), now.as_mut_ptr());
            libc::sigismember(now.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn a_thread_that_is_started_holds_back_what_others_send_and_the_starter_does_not() {
        let held =
            || [libc::SIGINT, libc::SIGPIPE, libc::SIGTERM, libc::SIGSEGV, libc::SIGABRT].map(holds_back);
        let before = held();
        let started = without_signals(|| std::thread::spawn(held));
        assert_eq!(started.join().unwrap(), [true, true, true, before[3], before[4]]);
        assert_eq!(held(), before);
    }
}
