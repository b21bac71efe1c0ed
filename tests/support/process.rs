//! The program as a process: what it says, how it ends, and that it never outlives its test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{PATIENCE, soon};

/// The program, in an environment without proxies, colours and settings of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarmline"));
    command.env_clear().env("HOME", "/nowhere");
    command
}

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    what: String,
    said: Arc<Said>,
    readers: Vec<JoinHandle<()>>,
    began: Instant,
}

/// What it has said so far.
#[derive(Default)]
struct Said {
    heard: Mutex<Heard>,
    more: Condvar,
}

#[derive(Default)]
struct Heard {
    out: Vec<String>,
    err: String,
    is_over: bool,
}

impl Said {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard());
        self.more.notify_all();
    }
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let what = shown(&command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let said = Arc::<Said>::default();
        let (to_out, to_err) = (said.clone(), said.clone());
        let readers = vec![
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    to_out.hear(|heard| heard.out.push(line));
                }
                to_out.hear(|heard| heard.is_over = true);
            }),
            std::thread::spawn(move || {
                for line in BufReader::new(err).split(b'\n').map_while(Result::ok) {
                    to_err.hear(|heard| heard.err += &(String::from_utf8_lossy(&line) + "\n"));
                }
            }),
        ];
        Self { child, what, said, readers, began: Instant::now() }
    }

    /// The first JSON line, from the beginning of the run, that is as wished. Waits for it.
    pub(crate) fn until(&self, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = self.said.heard();
        let mut read = 0;
        loop {
            let found = heard.out[read..].iter().filter_map(|line| json(line)).find(|line| wish(line));
            if let Some(found) = found {
                return found;
            }
            read = heard.out.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if heard.is_over || left.is_zero() {
                let why = if heard.is_over { "it ended before" } else { "in vain" };
                let report = self.report(&heard);
                drop(heard);
                panic!("{what}: waited for {why}\n{report}");
            }
            heard = self.said.more.wait_timeout(heard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The first JSON line of this event.
    pub(crate) fn event(&self, event: &str) -> Value {
        self.until(event, |line| line["event"] == event)
    }

    /// The first progress in this phase.
    pub(crate) fn phase(&self, phase: &str) -> Value {
        self.until(phase, |line| line["event"] == "progress" && line["phase"] == phase)
    }

    /// Waits for something that this process brings about elsewhere.
    pub(crate) fn while_running(&self, what: &str, wish: impl Fn() -> bool) {
        soon(what, || {
            let is_over = self.said.heard().is_over;
            if wish() {
                return Some(());
            }
            assert!(!is_over, "{what}: it ended before\n{}", self.report(&self.said.heard()));
            None
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGKILL, and what it had said by then.
    pub(crate) fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end\n{}", self.report(&self.said.heard()));
            std::thread::sleep(super::BETWEEN_LOOKS);
        };
        let ran = self.began.elapsed();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        let heard = std::mem::take(&mut *self.said.heard());
        Ended { what: self.what.clone(), status, ran, out: heard.out, err: heard.err }
    }

    /// Runs to the end.
    pub(crate) fn run(command: Command) -> Ended {
        Self::start(command).end()
    }

    fn report(&self, heard: &Heard) -> String {
        report(&self.what, &heard.out, &heard.err)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    what: String,
    status: ExitStatus,
    /// How long it ran.
    pub(crate) ran: Duration,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

impl Ended {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Fails unless it ended with this exit code.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{}\n{}", self.status, self.report());
        self
    }

    /// Its last JSON line.
    pub(crate) fn result(&self) -> Value {
        self.out
            .iter()
            .rev()
            .find_map(|line| json(line))
            .unwrap_or_else(|| panic!("no JSON\n{}", self.report()))
    }

    /// The first progress in this phase, if it said so.
    pub(crate) fn phase(&self, phase: &str) -> Option<Value> {
        let is_it = |line: &Value| line["event"] == "progress" && line["phase"] == phase;
        self.out.iter().filter_map(|line| json(line)).find(is_it)
    }

    /// Fails unless it said all of this on stderr.
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not said\n{}", self.report());
        }
    }

    pub(crate) fn report(&self) -> String {
        report(&self.what, &self.out, &self.err)
    }
}

fn report(what: &str, out: &[String], err: &str) -> String {
    let last = &out[out.len().saturating_sub(SHOWN_LINES)..];
    format!("{what}\n-- stdout, last lines\n{}\n-- stderr\n{err}", last.join("\n"))
}

fn json(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok()
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Lines of stdout that a failure shows.
const SHOWN_LINES: usize = 20;
