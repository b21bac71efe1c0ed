use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// Hanging counts at once.
const HASTY: Threads = Threads { usual: 2, most: 5, patience: Duration::from_millis(1) };
const PATIENCE: Duration = Duration::from_secs(60);

fn lane(number: u128) -> Lane {
    Lane::Job(Guid::from_u128(number))
}

/// Work that waits until it is let go.
fn hang(executor: &Executor, lane: Lane, done: &Sender<u32>) -> Sender<()> {
    let (go, gone) = channel::<()>();
    let done = done.clone();
    executor
        .submit(
            lane,
            Box::new(move || {
                let _ = gone.recv();
                let _ = done.send(0);
            }),
        )
        .unwrap();
    go
}

fn say(executor: &Executor, lane: Lane, said: &Sender<u32>, number: u32) {
    let said = said.clone();
    executor.submit(lane, Box::new(move || _ = said.send(number))).unwrap();
}

fn heard(from: &Receiver<u32>) -> u32 {
    from.recv_timeout(PATIENCE).expect("within a minute")
}

#[test]
fn work_of_one_lane_runs_in_order_and_one_at_a_time() {
    let executor = Executor::new(Threads::default());
    let runs = Arc::new(Mutex::new(()));
    let (said, hears) = channel();
    for number in 0..1000 {
        let (said, runs) = (said.clone(), Arc::clone(&runs));
        executor
            .submit(
                lane(1),
                Box::new(move || {
                    let _alone = runs.try_lock().expect("nothing else of the lane runs");
                    std::thread::yield_now();
                    said.send(number).unwrap();
                }),
            )
            .unwrap();
    }
    assert!((0..1000).all(|number| heard(&hears) == number));
}

#[test]
fn work_that_hangs_keeps_its_lane_and_nobody_elses() {
    let executor = Executor::new(HASTY);
    let (said, hears) = channel();
    let (hung, _) = channel();
    // All the usual threads and more, up to one below the bound.
    let stuck: Vec<_> = (0..4).map(|number| hang(&executor, lane(number), &hung)).collect();
    say(&executor, lane(0), &said, 1);
    say(&executor, lane(9), &said, 2);
    assert_eq!(heard(&hears), 2, "not what waits behind work that hangs");
    drop(stuck);
    assert_eq!(heard(&hears), 1);
}

#[test]
fn there_are_never_more_threads_than_the_bound() {
    let executor = Executor::new(HASTY);
    let (done, ends) = channel();
    let stuck: Vec<_> = (0..20).map(|number| hang(&executor, lane(number), &done)).collect();
    // Each thread more comes only after a while; wait for the last one.
    while executor.shared.lock().threads < HASTY.most {
        std::thread::yield_now();
    }
    drop(stuck);
    (0..20).for_each(|_| assert_eq!(heard(&ends), 0));
    assert_eq!(executor.shared.lock().threads, HASTY.most);
}

#[test]
fn work_that_panics_ends_alone() {
    let executor = Executor::new(Threads { usual: 1, ..HASTY });
    let (said, hears) = channel();
    executor.submit(lane(1), Box::new(|| panic!("as the test wants it"))).unwrap();
    say(&executor, lane(1), &said, 1);
    assert_eq!(heard(&hears), 1);
}

/// Says when it is dropped.
struct Watched(Sender<u32>);
impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.send(99);
    }
}

#[test]
fn what_is_abandoned_is_neither_begun_nor_let_go_and_what_runs_is_waited_for() {
    let executor = Executor::new(Threads { usual: 1, ..HASTY });
    let (said, hears) = channel();
    let (began, begins) = channel();
    let (go, gone) = channel::<()>();
    let tell = said.clone();
    let first = move || {
        began.send(()).unwrap();
        let _ = gone.recv();
        tell.send(1).unwrap();
    };
    executor.submit(lane(1), Box::new(first)).unwrap();
    let kept = Watched(said.clone());
    executor.submit(lane(1), Box::new(move || drop(kept))).unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| executor.abandon(PATIENCE));
        // Once it is closed, what runs may come to its end.
        while !executor.shared.lock().closed {
            std::thread::yield_now();
        }
        assert!(hears.try_recv().is_err());
        drop(go);
    });
    assert_eq!(hears.try_recv(), Ok(1), "before it was done waiting");
    assert_eq!(executor.shared.lock().waiting, 1);
    assert!(hears.try_recv().is_err(), "what waited lies where it lay");
}

#[test]
fn work_that_abandons_all_is_not_waited_for_by_itself() {
    let executor = Arc::new(Executor::new(HASTY));
    let (said, hears) = channel();
    let own = Arc::clone(&executor);
    let end = move || {
        own.abandon(PATIENCE * 100);
        said.send(1).unwrap();
    };
    executor.submit(lane(1), Box::new(end)).unwrap();
    assert_eq!(heard(&hears), 1);
}

#[test]
fn lanes_take_turns() {
    let executor = Executor::new(Threads { usual: 1, most: 1, ..HASTY });
    let (done, _) = channel();
    let (said, hears) = channel();
    let go = hang(&executor, lane(0), &done);
    (0..3).for_each(|number| say(&executor, lane(1), &said, 10 + number));
    (0..3).for_each(|number| say(&executor, lane(2), &said, 20 + number));
    drop(go);
    assert_eq!((0..6).map(|_| heard(&hears)).collect::<Vec<_>>(), [10, 20, 11, 21, 12, 22]);
}

#[test]
fn what_waits_is_bounded() {
    let executor = Executor::new(Threads { usual: 1, most: 1, ..HASTY });
    let (done, ends) = channel();
    let go = hang(&executor, lane(0), &done);
    let fill = || executor.submit(lane(1), Box::new(|| ()));
    while executor.shared.lock().waiting > 0 {
        std::thread::yield_now();
    }
    assert!((0..TASKS_MAX).all(|_| fill().is_ok()));
    assert_eq!(fill(), Err(Full));
    executor.submit_always(Lane::Own, Box::new(move || _ = done.send(7)));
    drop(go);
    assert_eq!((heard(&ends), heard(&ends)), (0, 7));
}
