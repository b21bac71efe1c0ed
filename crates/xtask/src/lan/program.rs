//! What the hosts run: the product, or any command to compare it with; and the program of those that misbehave.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::script::{Part, Script, Wanted};
use crate::netns::Host;
use crate::workspace::{Workspace, output, shown};

/// What each host runs.
#[derive(Clone)]
pub(super) enum Program {
    /// `swarmline get`; a host is done when the file is there.
    Swarmline { binary: PathBuf, arguments: Vec<String>, hostile: PathBuf },
    /// A shell command; a host is done when it ends well.
    Shell { template: String, hostile: Option<PathBuf> },
}

/// What a node's command may name.
pub(super) struct Place {
    /// Number of the host, from 1.
    pub(super) number: usize,
    pub(super) address: String,
    /// Addresses of all other hosts of its site.
    pub(super) peers: Vec<String>,
    /// Where the origin is, up to the name of a file.
    pub(super) origin: String,
    /// The host's own folder.
    pub(super) folder: PathBuf,
}

impl Place {
    /// Where a file is to be at the end.
    pub(super) fn out(&self, file: &Wanted) -> PathBuf {
        self.folder.join(file.name)
    }

    /// Whatever a command of the host leaves behind is in its folder.
    pub(super) fn is_home_of(&self, command: &mut Command) {
        command.current_dir(&self.folder).env("HOME", &self.folder);
    }

    fn url(&self, file: &Wanted) -> String {
        format!("{}/{}", self.origin, file.name)
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    fn fill(&self, template: &str, file: &Wanted) -> String {
        let hosts = self.peers.len() + 1;
        [
            ("{i}", self.number.to_string()),
            ("{hosts}", hosts.to_string()),
            ("{ip}", self.address.clone()),
            ("{peers}", self.peers.join(",")),
            ("{url}", self.url(file)),
            ("{dir}", self.folder.display().to_string()),
            ("{out}", self.out(file).display().to_string()),
        ]
        .iter()
        .fold(template.to_owned(), |text, (field, value)| text.replace(field, value))
    }
}

impl Program {
    /// `swarmline get`, by default of a binary that is built now, with more arguments separated by spaces. `lies`: some
    /// hosts will run the other program.
    pub(super) fn swarmline(
        binary: Option<&Path>,
        hostile: Option<&Path>,
        arguments: &str,
        lies: bool,
    ) -> Result<Self> {
        let binary = match binary {
            Some(path) => {
                path.canonicalize().with_context(|| format!("--bin: no program {}", path.display()))?
            }
            None => build(lies && hostile.is_none())?,
        };
        let hostile = hostile.map_or_else(|| binary.with_file_name(HOSTILE), Path::to_owned);
        let arguments = arguments.split_whitespace().map(Into::into).collect();
        Ok(Self::Swarmline { binary, arguments, hostile })
    }

    /// A shell command.
    pub(super) fn shell(template: &str, hostile: Option<&Path>) -> Self {
        Self::Shell { template: template.into(), hostile: hostile.map(Path::to_owned) }
    }

    /// Whether it has a command for every part of the script.
    pub(super) fn can_play(&self, script: &Script) -> Result<()> {
        let name = script.scenario.name();
        if let Self::Shell { .. } = self {
            let knows = script.files.len() == 1 && script.hosts.iter().all(|role| role.part != Part::Holds);
            ensure!(knows, "--node-cmd: only swarmline can play {name}");
        }
        if script.hosts.iter().any(|role| role.part.lies()) {
            let hostile = self.hostile().with_context(|| format!("--hostile: {name} needs this program"))?;
            let how = "cargo build -p swarmline-engine --example hostile";
            ensure!(hostile.exists(), "no program {}; build it by `{how}`", hostile.display());
        }
        Ok(())
    }

    fn hostile(&self) -> Option<&Path> {
        match self {
            Self::Swarmline { hostile, .. } => Some(hostile),
            Self::Shell { hostile, .. } => hostile.as_deref(),
        }
    }

    /// Puts beside `file` what the program needs at the origin.
    pub(super) fn prepare(&self, file: &Path) -> Result<()> {
        if let Self::Swarmline { binary, .. } = self {
            output(Command::new(binary).arg("publish").arg(file))?;
        }
        Ok(())
    }

    /// The command that downloads one file, to run on `host`, and goes on serving for at least `linger` if that is given.
    pub(super) fn download(
        &self,
        host: &Host,
        place: &Place,
        part: Part,
        file: &Wanted,
        linger: Option<Duration>,
    ) -> Command {
        match self {
            Self::Swarmline { binary, arguments, .. } => {
                let mut command = host.command(binary);
                command.arg("get").arg(place.url(file)).arg("-o").arg(place.out(file));
                command.arg("--state-dir").arg(place.state()).arg("--json");
                command.args(file.background.then_some("--background"));
                command.args(class(part));
                if let Some(linger) = linger {
                    command.arg("--serve-for").arg(format!("{}s", linger.as_secs()));
                }
                command.args(arguments);
                command
            }
            Self::Shell { template, .. } => {
                let mut command = host.command(Path::new("sh"));
                command.arg("-c").arg(place.fill(template, file));
                command
            }
        }
    }

    /// Gives a host the files in `origin`, and the command that offers them. It prints a line when it is ready.
    pub(super) fn hold(
        &self,
        host: &Host,
        place: &Place,
        files: &[Wanted],
        origin: &Path,
    ) -> Result<Command> {
        let Self::Swarmline { binary, .. } = self else {
            anyhow::bail!("only swarmline can hold what it never fetched")
        };
        for file in files {
            let (at_origin, out) = (origin.join(file.name), place.out(file));
            std::fs::copy(&at_origin, &out).with_context(|| format!("cannot copy to {}", out.display()))?;
            let mut add = Command::new(binary);
            add.arg("add")
                .arg(&out)
                .arg("--phf")
                .arg(beside(&at_origin))
                .arg("--state-dir")
                .arg(place.state());
            output(&mut add)?;
        }
        Ok(daemon(host, binary, place, Part::Holds))
    }

    /// The command that does the work of a host's downloads, and is there before them. It prints a line when it is ready.
    pub(super) fn reside(&self, host: &Host, place: &Place, part: Part) -> Result<Command> {
        let Self::Swarmline { binary, .. } = self else { anyhow::bail!("only swarmline runs as a daemon") };
        Ok(daemon(host, binary, place, part))
    }

    /// With how many others the daemon of a host is connected.
    pub(super) fn connected(&self, place: &Place) -> Result<usize> {
        let Self::Swarmline { binary, .. } = self else { anyhow::bail!("only swarmline tells its status") };
        let mut status = Command::new(binary);
        let said = output(status.args(["status", "--json", "--state-dir"]).arg(place.state()))?;
        let node: Status = serde_json::from_str(&said).context("a node's status is not as it was")?;
        Ok(node.connected.len())
    }

    /// The command that lies about a file in `origin`. It prints a line when it is ready.
    pub(super) fn lie(&self, host: &Host, place: &Place, part: Part, file: &Path) -> Result<Command> {
        let mut command = host.command(self.hostile().context("no program that lies")?);
        command.arg(if part == Part::Corrupt { "corrupt" } else { "stall" });
        command.arg(beside(file)).arg(place.number.to_string());
        Ok(command)
    }

    /// The program that can simulate the run, if it is the product that is measured.
    pub(super) fn simulator(&self) -> Option<&Path> {
        match self {
            Self::Swarmline { binary, .. } => Some(binary),
            Self::Shell { .. } => None,
        }
    }

    /// Whether a file that is there is whole. Otherwise the command's end tells.
    pub(super) fn done_when_there(&self) -> bool {
        self.tells()
    }

    /// Whether it prints what becomes of its bytes and connections.
    pub(super) fn tells(&self) -> bool {
        matches!(self, Self::Swarmline { .. })
    }
}

/// What a node says of itself.
#[derive(serde::Deserialize)]
struct Status {
    connected: Vec<String>,
}

fn daemon(host: &Host, binary: &Path, place: &Place, part: Part) -> Command {
    let mut command = host.command(binary);
    command.arg("daemon").arg("--state-dir").arg(place.state()).arg("--json").args(class(part));
    command
}

/// A host with a slow line out says so, as its administrator would.
fn class(part: Part) -> &'static [&'static str] {
    if part == Part::Slow { &["--class", "slow"] } else { &[] }
}

/// The piece hash file of a file.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".phf");
    name.into()
}

/// Builds the product, so that nobody measures yesterday's; `lies`: also the program of those that misbehave.
fn build(lies: bool) -> Result<PathBuf> {
    let workspace = Workspace::find()?;
    let run = |arguments: &[&str]| -> Result<()> {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "--quiet"]).args(arguments);
        let status = cargo.status().with_context(|| format!("cannot start `{}`", shown(&cargo)))?;
        ensure!(status.success(), "`{}` failed", shown(&cargo));
        Ok(())
    };
    run(&["--package", "swarmline-cli"])?;
    if lies {
        run(&["--package", "swarmline-engine", "--example", "hostile"])?;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(workspace.root().join(target).join("release/swarmline"))
}

/// The program of hosts that misbehave, beside the product's.
const HOSTILE: &str = "examples/hostile";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in() {
        let place = Place {
            number: 2,
            address: "10.99.1.2".into(),
            peers: vec!["10.99.1.1".into(), "10.99.1.3".into()],
            origin: "http://10.99.0.1:8080".into(),
            folder: "/tmp/host2".into(),
        };
        let file = Wanted { name: "file.bin", size_bytes: 1, background: false };
        assert_eq!(place.fill("{i}/{hosts} {ip} {peers}", &file), "2/3 10.99.1.2 10.99.1.1,10.99.1.3");
        assert_eq!(
            place.fill("-o {out} {url}", &file),
            "-o /tmp/host2/file.bin http://10.99.0.1:8080/file.bin"
        );
    }

    #[test]
    fn the_piece_hash_file_has_one_more_ending() {
        assert_eq!(beside(Path::new("/a/file.bin")), Path::new("/a/file.bin.phf"));
    }
}
