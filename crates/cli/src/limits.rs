//! How many files the process may have open: a node has one socket per peer, client and origin request, and files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes what the system gives without asking for rights, at most [`FILES_WANTED`].
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(FILES_WANTED).min(FILES_WANTED);
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })
    {
        tracing::debug!(%error, wanted, "the limit on open files stays as it is");
    }
}

/// Enough for 64 nodes in one process that are all connected to each other.
const FILES_WANTED: u64 = 16_384;
