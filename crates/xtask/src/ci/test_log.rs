//! What the test programs print, passed on byte for byte and counted on the way.
//!
//! Knows the summary line that libtest and libtest-mimic share, and the line `SKIPPED: <name>: <reason>` of a test
//! that could not run on this machine.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::workspace::shown;

/// A line longer than this is counted as several; summaries are far shorter.
const LINE_BYTES_MAX: usize = 64 * 1024;

const SUMMARY: &str = "test result: ";
const SKIP: &str = "SKIPPED: ";

/// The sums over all test programs of one run.
#[derive(Debug, Default)]
pub(super) struct TestLog {
    programs: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
    skipped: Vec<String>,
}

impl TestLog {
    /// How many test programs said how they went.
    pub(super) fn programs(&self) -> u64 {
        self.programs
    }

    /// How many tests did not run: those that said so, or, if more, those that their runner counted as ignored.
    pub(super) fn skips(&self) -> u64 {
        self.ignored.max(self.skipped.len() as u64)
    }

    /// Prints name and reason of each test that told why it did not run.
    pub(super) fn print_skipped(&self) {
        for skipped in &self.skipped {
            println!("{SKIP}{skipped}");
        }
    }

    fn read_line(&mut self, line: &str) {
        if let Some((_, skipped)) = line.split_once(SKIP) {
            self.skipped.push(skipped.trim().to_owned());
        }
        if let Some((_, counts)) = line.split_once(SUMMARY) {
            self.programs += 1;
            self.passed += count(counts, " passed");
            self.failed += count(counts, " failed");
            self.ignored += count(counts, " ignored");
        }
    }

    fn add(&mut self, other: Self) {
        self.programs += other.programs;
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skipped.extend(other.skipped);
    }
}

impl fmt::Display for TestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { programs, passed, failed, .. } = self;
        write!(f, "{passed} passed; {failed} failed; {} skipped; {programs} test programs", self.skips())
    }
}

/// The number that stands before `what`; 0 without one.
fn count(counts: &str, what: &str) -> u64 {
    let before = counts.split_once(what).map_or("", |(before, _)| before);
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().unwrap_or(0)
}

/// Runs a command to its end; what it prints goes on to `to_out` and `to_err`, unchanged and at once.
pub(super) fn stream(
    command: &mut Command,
    to_out: impl Write,
    to_err: impl Write + Send + 'static,
) -> Result<(ExitStatus, TestLog)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let (out, err) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let err = thread::spawn(move || pass_on(err, to_err));
    let mut log = pass_on(out, to_out);
    log.add(err.join().expect("passing on does not panic"));
    Ok((child.wait()?, log))
}

/// Copies until the end. A broken reader or writer ends it early: the exit status then tells.
fn pass_on(mut from: impl Read, mut to: impl Write) -> TestLog {
    let mut log = TestLog::default();
    let mut line = Vec::new();
    let mut buffer = [0; 8 * 1024];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        let _ = to.write_all(&buffer[..size]).and_then(|()| to.flush());
        for part in buffer[..size].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") || line.len() > LINE_BYTES_MAX {
                log.read_line(&String::from_utf8_lossy(&line));
                line.clear();
            }
        }
    }
    log.read_line(&String::from_utf8_lossy(&line));
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBTEST: &str = "\
running 2 tests
test a ... ok
test b ... ignored
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn log_of(text: &str) -> (TestLog, Vec<u8>) {
        let mut copy = Vec::new();
        (pass_on(text.as_bytes(), &mut copy), copy)
    }

    #[test]
    fn output_is_passed_on_unchanged_and_counted() {
        let text = format!("{LIBTEST}\n{LIBTEST}no newline at the end");
        let (log, copy) = log_of(&text);
        assert_eq!(copy, text.as_bytes());
        assert_eq!(log.to_string(), "24 passed; 0 failed; 2 skipped; 2 test programs");
    }

    #[test]
    fn a_test_that_tells_why_it_did_not_run_is_a_skip() {
        let (log, _) =
            log_of("SKIPPED: lan_flash: needs root\ntest result: ok. 3 passed; 0 failed; 0 ignored");
        assert_eq!(log.skipped, ["lan_flash: needs root"]);
        assert_eq!(log.skips(), 1);
        let (log, _) =
            log_of("SKIPPED: lan_flash: needs root\ntest result: ok. 3 passed; 0 failed; 1 ignored");
        assert_eq!(log.skips(), 1, "told and counted is one skip");
    }

    #[test]
    fn colours_do_not_hide_the_counts() {
        let (log, _) = log_of("test result: \u{1b}[32mok\u{1b}[0m. 5 passed; 1 failed; 0 ignored\n");
        assert_eq!((log.passed, log.failed, log.skips()), (5, 1, 0));
    }

    #[test]
    fn both_outputs_of_a_command_are_read() {
        let script =
            "echo 'test result: ok. 1 passed; 0 failed; 0 ignored'; echo 'SKIPPED: a: b' >&2; exit 4";
        let (status, log) =
            stream(Command::new("sh").args(["-c", script]), std::io::sink(), std::io::sink()).unwrap();
        assert_eq!(status.code(), Some(4));
        assert_eq!((log.programs(), log.skips()), (1, 1));
    }
}
