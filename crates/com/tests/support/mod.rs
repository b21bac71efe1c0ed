//! What the test programs share: what this machine has, and where the libraries lie.

#![allow(dead_code, clippy::print_stdout, reason = "each program uses its part, and skips are to be seen")]

pub(crate) mod programs;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use libtest_mimic::{Completion, Failed};

/// Says why a test does not run, in the words that `cargo xtask ci` counts.
pub(crate) fn skipped(name: &str, reason: impl std::fmt::Display) -> Completion {
    println!("SKIPPED: {name}: {reason}");
    Completion::ignored_with(reason)
}

/// The first of these programs that this machine does not have.
pub(crate) fn missing<'a>(programs: &[&'a str]) -> Option<&'a str> {
    let is_there = |program: &str| {
        let started =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        started.is_ok()
    };
    programs.iter().copied().find(|program| !is_there(program))
}

/// Where cargo put what it built for this test.
pub(crate) struct Libraries {
    /// `target/debug` or its like.
    profile: PathBuf,
}

impl Libraries {
    /// # Errors
    /// When this program does not run where cargo puts test programs.
    pub(crate) fn find() -> Result<Self, Failed> {
        let own = std::env::current_exe()?;
        let profile = own.parent().and_then(|deps| deps.parent()).ok_or("an unusual place for a test")?;
        Ok(Self { profile: profile.to_owned() })
    }

    /// The product. Cargo builds it anew before each of our tests.
    pub(crate) fn product(&self) -> Result<PathBuf, Failed> {
        let library = self.profile.join("deps/libswarmline_do.so");
        if library.exists() { Ok(library) } else { Err(format!("{} is not there", library.display()).into()) }
    }

    /// The library with a service in memory. It is an example, which cargo does not build for a single test, so its age
    /// is compared with that of the sources.
    pub(crate) fn fake(&self) -> Result<PathBuf, Failed> {
        let library = self.profile.join("examples/libswarmline_fake.so");
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sources = [package.join("src"), package.join("tests/fake"), package.join("../jobs/src")];
        let changed = sources.iter().map(|dir| newest(dir)).collect::<Result<Vec<_>, _>>()?;
        let built = library.metadata().and_then(|metadata| metadata.modified());
        if built.is_ok_and(|built| changed.iter().all(|changed| *changed <= built)) {
            return Ok(library);
        }
        Err(format!("{} is not up to date: cargo build -p swarmline-com --examples", library.display())
            .into())
    }
}

/// When a file below this folder was changed last.
fn newest(dir: &Path) -> std::io::Result<SystemTime> {
    let mut last = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let changed = if entry.file_type()?.is_dir() {
            newest(&entry.path())?
        } else {
            entry.metadata()?.modified()?
        };
        last = last.max(changed);
    }
    Ok(last)
}
