//! A process and what it cost: CPU time of all its threads, peak memory, wall time.
//!
//! The numbers are those that the system keeps in `/proc`. CPU time is read when the process has ended and nobody has
//! collected it yet; peak memory is gone by then, so it is looked at while the process runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;

use crate::machine::TICKS_PER_S;

/// What a process took from its start to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_mib: f64,
}

/// A running process. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    what: String,
    log: PathBuf,
    began: Instant,
}

impl Running {
    /// Starts a process that writes what it says into `log` and `log.err`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        let what = shown(command);
        let to =
            |path: &Path| File::create(path).with_context(|| format!("cannot create {}", path.display()));
        command.stdin(Stdio::null()).stdout(to(&log)?).stderr(to(&log.with_extension("err"))?);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {what}"))?;
        Ok(Self { child, what, log, began })
    }

    /// The first JSON line that is this event. Waits for it.
    pub(crate) fn event(&self, event: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let found = self.lines()?.into_iter().find(|line| line["event"] == event);
            if let Some(found) = found {
                return Ok(found);
            }
            ensure!(!self.has_ended()?, "{}", self.report());
            std::thread::sleep(BETWEEN_LOOKS);
        }
        bail!("no event {event} within {PATIENCE:?}: {}", self.report())
    }

    /// The JSON lines so far.
    pub(crate) fn lines(&self) -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(&self.log)?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Waits for its end and checks that it was a success.
    pub(crate) fn end(&mut self) -> Result<Cost> {
        self.end_seen_by(|_| Ok(()))
    }

    /// As [`end`](Self::end); tells every few milliseconds how many bytes it has written so far.
    pub(crate) fn end_seen_by(&mut self, mut see: impl FnMut(u64) -> Result<()>) -> Result<Cost> {
        let mut peak_mib = 0.0;
        while !self.has_ended()? {
            ensure!(self.began.elapsed() < PATIENCE, "{} does not end", self.what);
            peak_mib = self.peak_mib().unwrap_or(peak_mib);
            see(self.written().unwrap_or(0))?;
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let wall_s = self.began.elapsed().as_secs_f64();
        let cpu_s = self.cpu_s()?;
        ensure!(self.child.wait()?.success(), "{}", self.report());
        Ok(Cost { wall_s, cpu_s, peak_mib })
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(self.pid()?, Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// CPU time so far, in user and system mode, of all threads that it has or had; in steps of 10 ms.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let stat = self.read("stat")?;
        // Behind the name, which may hold anything: state is the first field, and these the 12th and 13th.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).with_context(|| format!("cannot read {stat:?}"))?;
        Ok((user + system) / TICKS_PER_S)
    }

    /// CPU time so far of each thread that it has now, in s, to the nanosecond.
    pub(crate) fn cpu_of_threads_s(&self) -> Result<BTreeMap<OsString, f64>> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let of_one = |thread: std::fs::DirEntry| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            Some((thread.file_name(), text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9))
        };
        Ok(threads.filter_map(|thread| of_one(thread.ok()?)).collect())
    }

    /// The most memory that it had resident so far.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        self.memory_mib("VmHWM:")
    }

    /// The memory that it has resident.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        self.memory_mib("VmRSS:")
    }

    /// Bytes that it gave to the system to write, wherever to.
    fn written(&self) -> Option<u64> {
        let io = self.read("io").ok()?;
        io.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
    }

    fn memory_mib(&self, field: &str) -> Result<f64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context("it has ended")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()))?)
    }

    /// Whether it has ended; what the system knows of it stays until it is waited for.
    fn has_ended(&self) -> Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid()?), options)?.is_some())
    }

    fn pid(&self) -> Result<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process has a number")
    }

    fn report(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        format!("{}\n{}\n{}", self.what, read(&self.log), read(&self.log.with_extension("err")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a process to its successful end and gives what it said on stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let what = shown(command);
    let ended = command.output().with_context(|| format!("cannot start {what}"))?;
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(
        ended.status.success(),
        "{what}: {}\n{said}{}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(said)
}

/// Whether this program can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Time between two looks at a process; the wall time of the large figures is as exact.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
