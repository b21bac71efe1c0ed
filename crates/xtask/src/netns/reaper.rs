//! Removes a network whatever way its builder ends: orderly, by a panic, by Ctrl-C or by SIGKILL.
//!
//! A second process of this program waits for the end of a pipe that only the builder holds. The system closes the
//! pipe when the builder is gone, so no signal handler is needed and none can be missed.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::workspace::output;

/// An `ip netns add` that was under way when its builder died may finish after the first look.
const LOOKS: usize = 2;
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(50);

/// Options of the hidden command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Namespaces whose names begin so are removed, with all processes in them
    prefix: String,
    /// A folder to remove after them
    folder: Option<PathBuf>,
}

/// The waiting process. Dropping this lets it work and waits until it is through.
pub(super) struct Reaper {
    process: Child,
}

impl Reaper {
    /// Starts it, out of reach of a Ctrl-C at the terminal.
    pub(super) fn start(prefix: &str, folder: Option<&Path>) -> Result<Self> {
        let process = Command::new(std::env::current_exe()?)
            .args(["lan-reaper", prefix])
            .args(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the process that cleans up")?;
        Ok(Self { process })
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Waits for the end of standard input, then removes all namespaces of the prefix and the folder.
pub(crate) fn run(options: &Options) -> Result<()> {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let mut last = Ok(());
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let listed = output(Command::new("ip").args(["netns", "list"]))?;
        for namespace in with_prefix(&listed, &options.prefix) {
            last = remove(namespace);
        }
    }
    if let Some(folder) = &options.folder {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    last
}

/// The names in what `ip netns list` prints: `name` or `name (id: 3)`.
fn with_prefix<'a>(listed: &'a str, prefix: &str) -> Vec<&'a str> {
    listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.starts_with(prefix))
        .collect()
}

fn remove(namespace: &str) -> Result<()> {
    let pids = output(Command::new("ip").args(["netns", "pids", namespace]))?;
    for pid in pids.lines().filter_map(|pid| Pid::from_raw(pid.trim().parse().ok()?)) {
        let _ = kill_process(pid, Signal::KILL);
    }
    output(Command::new("ip").args(["netns", "delete", namespace]))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_of_the_own_run_are_removed() {
        let listed = "swarmline-7-host1 (id: 2)\nswarmline-7-switch\nswarmline-77-host1\nother\n";
        assert_eq!(with_prefix(listed, "swarmline-7-"), ["swarmline-7-host1", "swarmline-7-switch"]);
    }
}
