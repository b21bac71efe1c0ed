//! One program on one host: started, watched, ended, and what it cost.
//!
//! The cost is read from `/proc`. After its end a process stays there, with its final CPU time, until somebody waits
//! for it; this module reads first and waits then.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::workspace::shown;

/// Linux counts CPU time for programs in hundredths of a second, on every machine.
const TICKS_PER_S: u64 = 100;

/// How often to look whether a process that was asked to end has ended.
const POLL: Duration = Duration::from_millis(10);

/// A running or ended program, with the processes it started, as a process group of its own.
pub(crate) struct Process {
    child: Child,
    end: Option<End>,
    /// Peak resident memory of each process of the group, as last seen.
    peaks_kib: BTreeMap<u32, u64>,
}

/// How and when a program ended.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// Whether it ended by itself with status 0.
    pub(crate) well: bool,
    /// When the end was seen.
    pub(crate) at: Instant,
    /// CPU time of the program and of all it waited for, in user and system mode.
    pub(crate) cpu: Duration,
}

impl Process {
    /// Starts the command in a process group of its own: signals meant for it reach all it starts, and a Ctrl-C meant
    /// for us does not reach it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child =
            command.process_group(0).spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
        Ok(Self { child, end: None, peaks_kib: BTreeMap::new() })
    }

    /// The child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its end, once it has ended. What it started and left running is killed.
    pub(crate) fn end(&mut self) -> Result<Option<End>> {
        if self.end.is_none()
            && let Some(Stat { state: 'Z', cpu, .. }) = Stat::of(self.child.id())
        {
            // Before the wait the number of the group cannot be another's yet.
            self.signal(Signal::KILL);
            let well = self.child.wait()?.success();
            self.end = Some(End { well, at: Instant::now(), cpu });
        }
        Ok(self.end)
    }

    /// Notes how much memory the group uses, as `groups` shows it.
    pub(crate) fn sample_memory(&mut self, groups: &BTreeMap<u32, Vec<u32>>) {
        if self.end.is_some() {
            return;
        }
        for pid in groups.get(&self.child.id()).into_iter().flatten() {
            if let Some(kib) = peak_kib(*pid) {
                self.peaks_kib.insert(*pid, kib);
            }
        }
    }

    /// The sum of the peaks of its processes as far as they were sampled, in bytes.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        self.peaks_kib.values().sum::<u64>() * 1024
    }

    /// Sends a signal to the group; nothing happens when it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.end.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), signal);
        }
    }

    /// Waits at most `grace` for the end, then kills the group.
    pub(crate) fn finish(&mut self, grace: Duration) -> Result<End> {
        let deadline = Instant::now() + grace;
        loop {
            if let Some(end) = self.end()? {
                return Ok(end);
            }
            if Instant::now() >= deadline {
                self.signal(Signal::KILL);
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.end.is_none() {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Process groups and the processes in them, now.
pub(crate) fn groups() -> BTreeMap<u32, Vec<u32>> {
    let mut groups = BTreeMap::<u32, Vec<u32>>::new();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(stat) = Stat::of(pid) {
            groups.entry(stat.group).or_default().push(pid);
        }
    }
    groups
}

/// The largest resident memory that a process ever had. A process that has ended has none any more.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// What is read from `/proc/PID/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    /// `Z` has ended and is waited for.
    state: char,
    group: u32,
    cpu: Duration,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Fields are counted after the name, which stands in brackets and may hold anything.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let ticks = (11..=14).map(number).sum::<Option<u64>>()?;
        Some(Self {
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_S),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let text = "42 (a) b (c)) Z 1 77 77 0 -1 4194560 10 0 0 0 150 25 20 5 20 0 1 0 9 0 0";
        assert_eq!(Stat::parse(text), Some(Stat { state: 'Z', group: 77, cpu: Duration::from_millis(2000) }));
        assert_eq!(Stat::parse("42 (short) R 1"), None);
    }

    #[test]
    fn the_end_tells_status_and_cpu_time() {
        let burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 3";
        let mut process = Process::start(Command::new("sh").args(["-c", burn])).unwrap();
        let end = process.finish(Duration::from_secs(60)).unwrap();
        assert!(!end.well);
        assert!(end.cpu > Duration::ZERO);
        assert!(
            Process::start(&mut Command::new("true")).unwrap().finish(Duration::from_secs(60)).unwrap().well
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_with_all_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $!; wait"]).stdout(Stdio::piped());
        let mut process = Process::start(&mut command).unwrap();
        let mut out = std::io::BufReader::new(process.child().stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        process.sample_memory(&groups());
        assert!(process.peak_memory_bytes() > 0);
        assert!(!process.finish(Duration::ZERO).unwrap().well);
        // The pipe ends when the last process that holds it has ended.
        assert_eq!(std::io::Read::read_to_string(&mut out, &mut line).unwrap(), 0);
    }
}
