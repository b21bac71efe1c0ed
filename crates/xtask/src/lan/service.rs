//! Programs that run beside the downloads: the origin, and hosts that have or pretend to have everything.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::premises::PORT;
use crate::netns::Host;
use crate::netns::process::Process;
use crate::origin::Served;

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);

/// What a program took.
pub(super) struct Cost {
    pub(super) cpu: Duration,
    /// As far as it was sampled.
    pub(super) peak_memory_bytes: u64,
}

/// A program that has said that it is ready. Dropping it kills it.
pub(super) struct Service {
    process: Process,
    out: BufReader<ChildStdout>,
}

impl Service {
    /// Starts it and waits for its first line. What it says on standard error goes to `log`, or to ours.
    pub(super) fn start(command: &mut Command, log: Option<&Path>) -> Result<Self> {
        if let Some(log) = log {
            command.stderr(File::create(log)?);
        }
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let mut out = BufReader::new(process.child().stdout.take().context("its output is piped")?);
        let mut ready = String::new();
        out.read_line(&mut ready)?;
        ensure!(!ready.is_empty(), "{command:?} ended before it was ready");
        Ok(Self { process, out })
    }

    /// The program itself.
    pub(super) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks it to end, and waits.
    pub(super) fn finish(mut self) -> Result<Cost> {
        self.process.signal(Signal::TERM);
        let cpu = self.process.finish(GRACE)?.cpu;
        Ok(Cost { cpu, peak_memory_bytes: self.process.peak_memory_bytes() })
    }
}

/// The HTTP server, this same program in the origin's namespace.
pub(super) struct Origin(Service);

impl Origin {
    /// Starts it and waits until it listens, on all its lines.
    pub(super) fn start(host: &Host, folder: &Path) -> Result<Self> {
        let mut command = host.command(&std::env::current_exe()?);
        command.arg("lan-origin").arg(folder).arg(format!("0.0.0.0:{PORT}"));
        Ok(Self(Service::start(&mut command, None)?))
    }

    /// Ends it and reads what it served.
    pub(super) fn finish(mut self) -> Result<Served> {
        drop(self.0.process.child().stdin.take());
        let mut last = String::new();
        self.0.out.read_line(&mut last)?;
        self.0.process.finish(GRACE)?;
        serde_json::from_str(&last).context("the origin did not say what it served")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_there_when_it_says_so_and_gone_when_it_is_finished() {
        let mut command = Command::new("sh");
        let service = Service::start(command.args(["-c", "echo ready; sleep 1000"]), None).unwrap();
        service.finish().unwrap();
        let silent = Service::start(Command::new("sh").args(["-c", "exit 0"]), None);
        assert!(silent.err().unwrap().to_string().ends_with("ended before it was ready"));
    }
}
