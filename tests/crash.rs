//! Aim: SIGKILL costs what was in flight and not yet written, and never a wrong byte, at whatever moment it comes.

mod support;

use std::time::Duration;

use support::{Ended, LOST_PER_KILL_MAX, MIB, Process, Published, assert_absent, part_files, seed, tell};
use swarmline_testkit::pattern;

const FILE: u64 = 512 * MIB;
const KILLS: usize = 20;
/// Such a kill is one of the moments at which a process is young: it opens the state directory, finds out what the
/// part file holds, asks for the manifest.
const YOUNG_EVERY: usize = 4;
const YOUNG_MS_MAX: u64 = 400;
/// Fast enough for a test, and slow enough that every moment comes.
const RATE_MIB_PER_S: u64 = 32;

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after it was started.
    Young(Duration),
    /// When the origin has sent so many bytes of the file, to all processes together.
    Sent(u64),
}

#[test]
fn a_node_killed_at_twenty_random_moments_fetches_little_again_and_keeps_no_wrong_byte() {
    let site = Published::new(1, FILE);
    let node = site.node("state");
    site.origin.limit_mib_per_s(RATE_MIB_PER_S);
    let mut account = Account::default();
    for (number, moment) in moments(seed()).into_iter().enumerate() {
        let sent_before = site.origin.sent();
        let run = Process::start(site.get(&node, "out"));
        match moment {
            Moment::Young(span) => std::thread::sleep(span),
            Moment::Sent(bytes) => run.while_running("bytes", || site.origin.sent() >= bytes),
        }
        let run = run.kill();
        site.origin.rest();
        assert_eq!(run.code(), None, "kill {number} came too late\n{}", run.report());
        assert_absent(&site.path("out"));
        let lost = account.settle(&run, sent_before);
        tell(format_args!(
            "{number:>2} {moment:<24?} sent {:>9} KiB, lost before it {lost:?} KiB",
            site.origin.sent() >> 10
        ));
        account.kills += 1;
    }
    let sent_before = site.origin.sent();
    let last = Process::run(site.get(&node, "out")).expect(0);
    account.settle(&last, sent_before).expect("the last run says what it resumed");
    site.assert_stands_at(&["out"]);
    assert!(part_files(site.dir.path()).is_empty());

    let again = site.origin.sent() - FILE;
    tell(format_args!(
        "{} KiB fetched again, {} KiB at most after one kill",
        again >> 10,
        account.worst >> 10
    ));
    assert!(again <= KILLS as u64 * LOST_PER_KILL_MAX, "{again} bytes fetched again");
    let result = last.result();
    let number = |key: &str| result[key].as_u64().expect("a number");
    assert_eq!(
        number("bytes_resumed") + number("from_origin"),
        FILE,
        "nothing in vain without a kill: {result}"
    );
}

/// Random moments in the order in which they come.
fn moments(seed: u64) -> Vec<Moment> {
    let noise = pattern::bytes(seed, 8 * KILLS);
    let numbers: Vec<u64> =
        noise.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes"))).collect();
    // The last one well before the end, or the download is faster than the kill.
    let mut points: Vec<u64> = numbers.iter().map(|number| number % (FILE - 16 * MIB)).collect();
    points.sort_unstable();
    let moment = |(at, point): (usize, u64)| match at % YOUNG_EVERY {
        1 => Moment::Young(Duration::from_millis(numbers[at] % YOUNG_MS_MAX)),
        _ => Moment::Sent(point),
    };
    points.into_iter().enumerate().map(moment).collect()
}

/// What was had and sent when a process last said what it resumed, and how often one was killed since.
#[derive(Default)]
struct Account {
    had: u64,
    sent: u64,
    kills: u64,
    worst: u64,
}

impl Account {
    /// Compares what a run found with what the origin had sent by then. In KiB what was lost since the last one that
    /// got so far; `None` if this one did not.
    fn settle(&mut self, run: &Ended, sent_before: u64) -> Option<u64> {
        let resumed = run.phase("fetching")?["bytes_resumed"].as_u64().expect("a number");
        let could_have = self.had + (sent_before - self.sent);
        assert!(
            resumed <= could_have,
            "{resumed} bytes are claimed, {could_have} were sent\n{}",
            run.report()
        );
        let lost = could_have - resumed;
        assert!(
            lost <= self.kills * LOST_PER_KILL_MAX,
            "{lost} bytes lost by {} kills\n{}",
            self.kills,
            run.report()
        );
        let each = lost.checked_div(self.kills).unwrap_or(0);
        *self = Self { had: resumed, sent: sent_before, kills: 0, worst: self.worst.max(each) };
        Some(lost >> 10)
    }
}
