//! What the whole-system tests share: the program as a process, what it works with, and namespaces of its own.
//!
//! All of it blocks, and all of it panics where a test should fail: with what the processes said on stderr.

#![allow(dead_code, unused_imports, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]
#![allow(clippy::print_stdout, reason = "figures of a run are for whoever asks the harness to show them")]

mod process;

mod site;

mod private;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use swarmline_testkit::Content;

pub(crate) use private::{in_private_namespaces, run_or_fail, skipped};
pub(crate) use process::{Ended, Process, program};
pub(crate) use site::{Node, Origin, Published, part_files};

pub(crate) const MIB: u64 = 1 << 20;

/// How long a test waits for anything before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What a node may have to fetch again after SIGKILL: its requests in flight, six of 1 MiB, and 8 MiB that are here and
/// not written yet.
pub(crate) const LOST_PER_KILL_MAX: u64 = 6 * MIB + 8 * MIB;

/// Fails unless the file at `path` is this content. Neither prints nor holds megabytes.
pub(crate) fn assert_holds(path: &Path, content: &Content) {
    let mut file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(file.metadata().unwrap().len(), content.len(), "bytes of {}", path.display());
    let (mut got, mut want) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    for offset in (0..content.len()).step_by(1 << 20) {
        let size = usize::try_from((content.len() - offset).min(MIB)).unwrap();
        file.read_exact(&mut got[..size]).unwrap();
        content.read(offset, &mut want[..size]);
        assert!(got[..size] == want[..size], "{} differs behind {offset}", path.display());
    }
}

/// Fails if anything stands at `path`.
pub(crate) fn assert_absent(path: &Path) {
    assert!(std::fs::symlink_metadata(path).is_err(), "{} stands there", path.display());
}

/// Tries until there is something, for what can be seen but not waited for.
pub(crate) fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// The seed of a run: `SWARMLINE_SEED` or the clock; printed, so that a failure can be repeated.
pub(crate) fn seed() -> u64 {
    let given =
        std::env::var("SWARMLINE_SEED").ok().map(|seed| seed.parse().expect("SWARMLINE_SEED is a number"));
    let seed = given.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos()) ^ since.as_secs()
    });
    tell(format_args!("repeat with SWARMLINE_SEED={seed}"));
    seed
}

/// Prints what a run has measured.
pub(crate) fn tell(what: impl std::fmt::Display) {
    println!("{what}");
}

/// Time between two looks at something that cannot be waited for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
