//! The program on one host that fetches one file: when it starts, when it is ended, when it is done, what it said.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::heard::{Heard, listen};
use super::service::Service;
use crate::netns::process::Process;

/// How long a node may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);

/// What is known of a node while it is run.
pub(super) struct Node {
    command: Command,
    /// Where the file will be, if its being there says that it is whole.
    sign: Option<PathBuf>,
    /// Logs are this path with `.out` and `.err` behind it.
    log: PathBuf,
    starts_at: Duration,
    ends: Option<End>,
    /// Nodes that it has to be connected with to see them all.
    others: u64,
    /// The process that does its work, where that is another; it ends with it.
    daemon: Option<Service>,
    state: State,
    running: Option<Running>,
}

/// An end before its time.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// Since the start of the first node.
    pub(super) at: Duration,
    pub(super) by: Signal,
}

struct Running {
    process: Process,
    reader: JoinHandle<Heard>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting,
    Running,
    Complete(Duration),
    Failed,
    /// Before its time.
    Ended,
}

/// What a run of a node came to.
pub(super) struct Outcome {
    /// When it had the file, since the start of the first node.
    pub(super) completed: Option<Duration>,
    /// Whether it was ended before its time, as it was to be.
    pub(super) ended_early: bool,
    pub(super) heard: Heard,
    pub(super) cpu: Duration,
    pub(super) peak_memory_bytes: u64,
    /// The last line of its standard error.
    pub(super) last_words: String,
}

impl Node {
    pub(super) fn new(command: Command, sign: Option<PathBuf>, log: PathBuf, others: usize) -> Self {
        Self {
            command,
            sign,
            log,
            starts_at: Duration::ZERO,
            ends: None,
            others: others as u64,
            daemon: None,
            state: State::Waiting,
            running: None,
        }
    }

    pub(super) fn starts_at(mut self, at: Duration) -> Self {
        self.starts_at = at;
        self
    }

    pub(super) fn in_daemon(mut self, daemon: Option<Service>) -> Self {
        self.daemon = daemon;
        self
    }

    pub(super) fn ends(mut self, end: Option<End>) -> Self {
        self.ends = end;
        self
    }

    /// Whether nothing more is awaited of it. A node that is to be ended is awaited until then.
    pub(super) fn is_settled(&self) -> bool {
        match self.state {
            State::Waiting | State::Running => false,
            State::Complete(_) => self.ends.is_none(),
            State::Failed | State::Ended => true,
        }
    }

    /// Starts, ends or looks, whatever is due. `zero` is the start of the first node.
    pub(super) fn turn(&mut self, zero: Instant) -> Result<()> {
        let now = zero.elapsed();
        let Some(running) = &mut self.running else {
            if now >= self.starts_at {
                self.running = Some(self.start()?);
                self.state = State::Running;
            }
            return Ok(());
        };
        if let Some(end) = self.ends.filter(|end| now >= end.at)
            && !matches!(self.state, State::Failed | State::Ended)
        {
            running.process.signal(end.by);
            self.daemon.iter_mut().for_each(|daemon| daemon.process().signal(end.by));
            self.state = State::Ended;
        }
        if self.state == State::Running {
            self.state = self.look(zero)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<Running> {
        let err = File::create(self.log.with_extension("err"))?;
        let out = File::create(self.log.with_extension("out"))?;
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(err);
        let mut process = Process::start(&mut self.command)?;
        let pipe = process.child().stdout.take().context("a node's output is piped")?;
        let others = self.others;
        let reader = std::thread::spawn(move || listen(BufReader::new(pipe), out, others));
        Ok(Running { process, reader })
    }

    fn look(&mut self, zero: Instant) -> Result<State> {
        let running = self.running.as_mut().expect("a node that is looked at runs");
        // The end is asked first: a node that leaves the file and ends at once is complete.
        let end = running.process.end()?;
        if let Some(sign) = &self.sign {
            return Ok(match end {
                _ if sign.exists() => State::Complete(zero.elapsed()),
                Some(_) => State::Failed,
                None => State::Running,
            });
        }
        Ok(match end {
            Some(end) if end.well => State::Complete(end.at.saturating_duration_since(zero)),
            Some(_) => State::Failed,
            None => State::Running,
        })
    }

    /// Notes how much memory it uses.
    pub(super) fn sample_memory(&mut self, groups: &BTreeMap<u32, Vec<u32>>) {
        let running = self.running.iter_mut().map(|running| &mut running.process);
        let daemon = self.daemon.iter_mut().map(Service::process);
        running.chain(daemon).for_each(|process| process.sample_memory(groups));
    }

    /// Asks it to end; [`finish`](Self::finish) waits.
    pub(super) fn ask_to_end(&self) {
        if let Some(running) = &self.running {
            running.process.signal(Signal::TERM);
        }
    }

    /// Waits for its end and sums up.
    pub(super) fn finish(self) -> Result<Outcome> {
        let completed = match self.state {
            State::Complete(at) => Some(at),
            _ => None,
        };
        let mut outcome = Outcome {
            completed,
            ended_early: self.state == State::Ended,
            heard: Heard::default(),
            cpu: Duration::ZERO,
            peak_memory_bytes: 0,
            last_words: String::new(),
        };
        if let Some(mut running) = self.running {
            outcome.cpu = running.process.finish(GRACE)?.cpu;
            outcome.peak_memory_bytes = running.process.peak_memory_bytes();
            outcome.heard = running.reader.join().expect("listening does not panic");
            let said = std::fs::read(self.log.with_extension("err"))?;
            outcome.last_words = last_line(&String::from_utf8_lossy(&said));
        }
        if let Some(daemon) = self.daemon {
            let cost = daemon.finish()?;
            outcome.cpu += cost.cpu;
            outcome.peak_memory_bytes += cost.peak_memory_bytes;
        }
        Ok(outcome)
    }
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a shell command as a node to its end. It sees its folder as `$1`.
    fn run(name: &str, script: &str, adjust: impl FnOnce(Node, PathBuf) -> Node) -> Outcome {
        let folder = std::env::temp_dir().join(format!("swarmline-xtask-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&folder);
        let mut node = adjust(Node::new(command, None, folder.join("node"), 1), folder.join("file"));
        let zero = Instant::now();
        while !node.is_settled() {
            assert!(zero.elapsed() < Duration::from_secs(60), "{name} is never settled");
            node.turn(zero).unwrap();
            std::thread::yield_now();
        }
        node.ask_to_end();
        let outcome = node.finish().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        outcome
    }

    #[test]
    fn a_command_is_complete_when_it_ends_well() {
        let outcome = run("well", r#"echo '{"event":"peers","t_s":0.5,"connected":1}'"#, |node, _| node);
        assert!(outcome.completed.is_some() && !outcome.ended_early);
        assert_eq!(outcome.heard.peers_seen_s, Some(0.5));
        let outcome = run("badly", "echo no space >&2; exit 1", |node, _| node);
        assert_eq!((outcome.completed, outcome.last_words.as_str()), (None, "no space"));
    }

    #[test]
    fn a_node_that_stays_is_complete_when_its_file_is_there() {
        let with_sign = |node: Node, file| Node { sign: Some(file), ..node };
        assert!(run("stays", "touch $1/file; sleep 1000", with_sign).completed.is_some());
        assert!(run("ends", "touch $1/file; exit 1", with_sign).completed.is_some());
        assert!(run("empty", "exit 0", with_sign).completed.is_none());
    }

    #[test]
    fn a_node_is_ended_at_its_moment_unless_it_failed_before() {
        let end = |at, by| move |node: Node, _: PathBuf| node.ends(Some(End { at, by }));
        assert!(run("killed", "sleep 1000", end(Duration::ZERO, Signal::KILL)).ended_early);
        assert!(run("leaves", "sleep 1000", end(Duration::ZERO, Signal::TERM)).ended_early);
        let later = end(Duration::from_secs(3600), Signal::KILL);
        let outcome = run("failed", "exit 1", later);
        assert!(outcome.completed.is_none() && !outcome.ended_early);
    }

    #[test]
    fn the_last_words_are_the_last_line_with_a_word() {
        assert_eq!(last_line("warning: slow\nerror: no space left\n\n"), "error: no space left");
        assert_eq!(last_line(""), "");
    }
}
