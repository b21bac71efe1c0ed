//! What the hosts run: the product, or any command to compare it with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::netns::Host;
use crate::workspace::{Workspace, output, shown};

/// What each host runs.
pub(super) enum Program {
    /// `swarmline get`; a host is done when the file is there.
    Swarmline { binary: PathBuf, arguments: Vec<String> },
    /// A shell command; a host is done when it ends well.
    Shell { template: String },
}

/// What a node's command may name.
pub(super) struct Place {
    /// Number of the host, from 1.
    pub(super) number: usize,
    pub(super) address: String,
    /// Addresses of all other hosts.
    pub(super) peers: Vec<String>,
    pub(super) url: String,
    /// The host's own folder.
    pub(super) folder: PathBuf,
}

impl Place {
    /// Where the file is to be at the end.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.join("file.bin")
    }

    fn fill(&self, template: &str) -> String {
        let hosts = self.peers.len() + 1;
        [
            ("{i}", self.number.to_string()),
            ("{hosts}", hosts.to_string()),
            ("{ip}", self.address.clone()),
            ("{peers}", self.peers.join(",")),
            ("{url}", self.url.clone()),
            ("{dir}", self.folder.display().to_string()),
            ("{out}", self.out().display().to_string()),
        ]
        .iter()
        .fold(template.to_owned(), |text, (field, value)| text.replace(field, value))
    }
}

impl Program {
    /// `swarmline get`, by default of a binary that is built now, with more arguments separated by spaces.
    pub(super) fn swarmline(binary: Option<&Path>, arguments: &str) -> Result<Self> {
        let binary = match binary {
            Some(path) => {
                path.canonicalize().with_context(|| format!("--bin: no program {}", path.display()))?
            }
            None => build()?,
        };
        Ok(Self::Swarmline { binary, arguments: arguments.split_whitespace().map(Into::into).collect() })
    }

    /// Puts beside `file` what the program needs at the origin.
    pub(super) fn prepare(&self, file: &Path) -> Result<()> {
        if let Self::Swarmline { binary, .. } = self {
            output(Command::new(binary).arg("publish").arg(file))?;
        }
        Ok(())
    }

    /// The command of one node, to run on `host`.
    pub(super) fn command(&self, host: &Host, place: &Place) -> Command {
        match self {
            Self::Swarmline { binary, arguments } => {
                let mut command = host.command(binary);
                command.arg("get").arg(&place.url).arg("-o").arg(place.out());
                command.arg("--state-dir").arg(place.folder.join("state")).arg("--json").args(arguments);
                command
            }
            Self::Shell { template } => {
                let mut command = host.command(Path::new("sh"));
                command.arg("-c").arg(place.fill(template));
                command
            }
        }
    }

    /// Whether a file that is there is whole. Otherwise the command's end tells.
    pub(super) fn done_when_there(&self) -> bool {
        matches!(self, Self::Swarmline { .. })
    }
}

/// Builds the product, so that nobody measures yesterday's.
fn build() -> Result<PathBuf> {
    let workspace = Workspace::find()?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--quiet", "--package", "swarmline-cli"]);
    let status = cargo.status().with_context(|| format!("cannot start `{}`", shown(&cargo)))?;
    ensure!(status.success(), "`{}` failed", shown(&cargo));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(workspace.root().join(target).join("release/swarmline"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in() {
        let place = Place {
            number: 2,
            address: "10.99.1.2".into(),
            peers: vec!["10.99.1.1".into(), "10.99.1.3".into()],
            url: "http://10.99.0.1:8080/file.bin".into(),
            folder: "/tmp/host2".into(),
        };
        assert_eq!(place.fill("{i}/{hosts} {ip} {peers}"), "2/3 10.99.1.2 10.99.1.1,10.99.1.3");
        assert_eq!(place.fill("-o {out} {url}"), "-o /tmp/host2/file.bin http://10.99.0.1:8080/file.bin");
    }
}
