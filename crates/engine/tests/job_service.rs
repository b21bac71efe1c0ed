//! Who serves a state directory: whoever came first, and after him the next.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use swarmline_engine::jobs::open_service_with;
use swarmline_jobs::{BackgroundCopyManager, HResult, JobType};

use support::alone;

#[test]
fn the_first_owns_the_directory_the_second_attaches_and_jobs_outlive_both() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let manager = |client| BackgroundCopyManager::new(Arc::new(client));
    let owner = open_service_with(&state, alone).unwrap();
    let attached = open_service_with(&state, || panic!("it is owned")).unwrap();
    let job = manager(owner.clone()).create_job("job", JobType::Download).unwrap().get_id();
    let theirs = manager(attached.clone());
    assert_eq!(theirs.get_job(job).unwrap().get_display_name().as_deref(), Ok("job"));

    drop(owner);
    assert_eq!(theirs.get_job(job).err(), Some(HResult::DO_E_NO_SERVICE));
    assert!(attached.is_closed());
    let next = open_service_with(&state, alone).unwrap();
    assert_eq!(manager(next).get_job(job).unwrap().get_display_name().as_deref(), Ok("job"));
}
