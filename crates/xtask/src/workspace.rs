//! Where the workspace lies, and how its commands call cargo and git.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The checkout that the command was started in.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace of the current folder begins.
    pub(crate) fn find() -> Result<Self> {
        let manifest =
            output(cargo_command().args(["locate-project", "--workspace", "--message-format", "plain"]))?;
        let root = Path::new(manifest.trim()).parent().context("cargo named no workspace")?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The text of a file, by its path from the root.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    /// A cargo command in the root. It knows nothing of the cargo that started this program.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo_command();
        command.current_dir(&self.root);
        command
    }

    /// Paths from the root of all files that git has or would take in, without those deleted on disk, sorted.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.current_dir(&self.root);
        let listed = output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let mut files: Vec<String> = listed
            .split_terminator('\0')
            .filter(|path| self.root.join(path).is_file())
            .map(Into::into)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// Runs a command to its end and gives what it printed.
///
/// # Errors
/// When it cannot start, does not end well (with what it said on standard error) or prints no UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let done = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "`{shown}` failed: {}", said.trim());
    String::from_utf8(done.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))
}

/// A command as one would type it, with the environment set for it.
pub(crate) fn shown(command: &Command) -> String {
    let quoted = |text: &OsStr| match text.to_string_lossy() {
        text if text.contains(' ') => format!("'{text}'"),
        text => text.into_owned(),
    };
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    command
        .get_envs()
        .filter_map(|(name, value)| {
            value.map(|value| format!("{}={}", name.to_string_lossy(), quoted(value)))
        })
        .chain([quoted(program)])
        .chain(command.get_args().map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `cargo run` tells this program about its own package by environment variables. Build scripts watch some of them
/// (`ring` does), and a cargo started from here would build those again and again.
fn cargo_command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let of_this_package =
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if name.to_str().is_some_and(|name| of_this_package.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_types_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command.env("RUSTDOCFLAGS", "-D warnings").env_remove("CARGO_PKG_NAME").args(["doc", "--no-deps"]);
        assert_eq!(shown(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_failing_command_says_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo no such thing >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("failed: no such thing"), "{error}");
    }
}
