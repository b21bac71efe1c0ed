//! Namespaces of its own for a test that mounts file systems or needs a network: the test program starts itself again
//! inside, for this one test. What it changes there ends with it, however it ends.

use std::process::Command;

use libtest_mimic::{Completion, Failed};

/// Runs `test` in new mount and network namespaces, where it is root; a visible skip where that cannot be.
pub(crate) fn in_private_namespaces(
    name: &str,
    test: fn() -> Result<Completion, Failed>,
) -> Result<Completion, Failed> {
    if std::env::var_os(INSIDE).is_some_and(|inside| inside == name) {
        return test();
    }
    if let Some(obstacle) = obstacle() {
        return Ok(skipped(name, obstacle));
    }
    let own = std::env::current_exe()?;
    let ended = unshare().arg(own).args([name, "--exact"]).env(INSIDE, name).output()?;
    let said = String::from_utf8_lossy(&ended.stdout);
    if !ended.status.success() {
        return Err(format!("{said}\n{}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    // It may have found inside that it cannot run. A test that neither ran nor said so has not passed.
    let reason =
        said.lines().find_map(|line| line.split_once(SKIPPED)?.1.strip_prefix(name)?.strip_prefix(": "));
    match reason {
        Some(reason) => Ok(skipped(name, reason)),
        None if said.contains("1 passed") => Ok(Completion::Completed),
        None => Err(format!("it did not run\n{said}").into()),
    }
}

/// Says why a test does not run, in the words that `cargo xtask ci` counts.
pub(crate) fn skipped(name: &str, reason: impl std::fmt::Display) -> Completion {
    println!("{SKIPPED}{name}: {reason}");
    Completion::ignored_with(reason)
}

/// Runs an administration command; what it says if it fails.
pub(crate) fn run_or_fail(line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let program = words.next().expect("a command");
    let ended = Command::new(program).args(words).output().map_err(|error| format!("{program}: {error}"))?;
    match ended.status.success() {
        true => Ok(()),
        false => Err(format!("{line}: {}", String::from_utf8_lossy(&ended.stderr).trim())),
    }
}

/// Why this machine cannot give a test namespaces of its own.
fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("private namespaces need root".into());
    }
    match unshare().arg("true").output() {
        Err(error) => Some(format!("`unshare` is missing (util-linux): {error}")),
        Ok(ended) if !ended.status.success() => {
            Some(format!("no private namespaces here: {}", String::from_utf8_lossy(&ended.stderr).trim()))
        }
        Ok(_) => None,
    }
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--propagation", "private", "--"]);
    command
}

/// Names the test that runs inside.
const INSIDE: &str = "SWARMLINE_TEST_INSIDE";
const SKIPPED: &str = "SKIPPED: ";
