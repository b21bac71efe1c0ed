//! Who serves a state directory: whoever came first, and after him the next.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::os::unix::net::UnixListener;
use std::sync::Arc;

use swarmline_engine::jobs::open_service_with;
use swarmline_jobs::{BackgroundCopyCallback, BackgroundCopyManager, HResult, JobType};
use swarmline_store::{StateDir, Store};

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

#[test]
fn who_asks_while_the_owner_dies_becomes_the_owner() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let store = Store::open(&state).unwrap();
    let dying = UnixListener::bind(StateDir::socket_path(&state)).unwrap();
    std::thread::scope(|scope| {
        let next = scope.spawn(|| open_service_with(&state, alone).map(|client| client.is_closed()));
        let asked = dying.accept().unwrap();
        drop(store);
        drop(dying);
        drop(asked);
        assert!(matches!(next.join().unwrap(), Ok(false)));
    });
}

#[test]
fn a_client_that_ends_with_its_process_frees_the_directory_and_touches_no_object() {
    struct Silent;
    impl BackgroundCopyCallback for Silent {}

    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let client = open_service_with(&state, alone).unwrap();
    let manager = BackgroundCopyManager::new(Arc::new(client.clone()));
    let job = manager.create_job("job", JobType::Download).unwrap();
    let callback = Arc::new(Silent);
    job.set_notify_interface(Some(callback.clone())).unwrap();

    client.end();
    assert_eq!(job.get_state(), Err(HResult::DO_E_NO_SERVICE), "though its handles are still there");
    let next = open_service_with(&state, alone).unwrap();
    assert!(BackgroundCopyManager::new(Arc::new(next)).get_job(job.get_id()).is_ok());
    assert_eq!(Arc::strong_count(&callback), 2, "it was not let go");
    client.end();
}
