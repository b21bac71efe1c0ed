//! `add`: verifies a file that is here already and offers it to peers.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use swarmline_ipc::message::{AddRequest, Event, Request};
use swarmline_proto::Manifest;
use swarmline_store::{AddError, Store};
use swarmline_types::ContentId;

use crate::exit::{Exit, Failure};
use crate::session::{Claim, Patience, ask, claim};
use crate::show::{Line, Stopwatch, seconds};
use crate::{paths, screen, words};

/// Verify a file that is here already and offer it to other nodes
///
/// The file stays where it is. A running daemon offers it at once; without one it is recorded, and offered as soon
/// as a daemon or a `get` runs on the same state directory. A file that changes later is not offered any more.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline add /srv/images/disk.iso
  swarmline add disk.iso --phf downloads/disk.iso.phf")]
pub(crate) struct AddArgs {
    /// The file
    file: PathBuf,

    /// Its piece hash file [default: FILE.phf]
    #[arg(long, value_name = "FILE")]
    phf: Option<PathBuf>,

    /// Where identity and records are kept
    #[arg(long, value_name = "DIR", env = "SWARMLINE_STATE_DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(args: &AddArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let dir = paths::state_dir(args.state_dir.as_deref())?;
    let file = paths::absolute(&args.file)?;
    let phf = match &args.phf {
        Some(phf) => paths::absolute(phf)?,
        None => paths::phf_beside(&file),
    };
    let (added, offered) = match claim(&dir, Patience::Limited, || ()).await? {
        Claim::Theirs(client) => {
            let request = Request::Add(AddRequest { path: file.clone(), phf: Some(phf) });
            let Event::Added { content, bytes } = ask(client, &request).await? else {
                return Err(Failure::new(Exit::Other, "the running process answered something else"));
            };
            (Added { content, bytes }, true)
        }
        Claim::Ours(store) => {
            let path = file.clone();
            let recorded = tokio::task::spawn_blocking(move || record(&store, &path, &phf)).await;
            (recorded.map_err(|error| Failure::caused_by(Exit::Other, &error))??, false)
        }
    };
    if args.json {
        let body = Json {
            path: file.to_string_lossy().into_owned(),
            hash_of_hashes: added.content,
            bytes: added.bytes,
            offered,
            elapsed_s: seconds(watch.elapsed()),
        };
        Line::new("added", watch.elapsed(), body).say();
    } else {
        let what =
            format!("{} is verified ({}, {})", file.display(), words::bytes(added.bytes), added.content);
        screen::say(&match offered {
            true => format!("{what}; the running process offers it"),
            false => {
                format!("{what} and recorded; it is offered as soon as a process runs on {}", dir.display())
            }
        });
    }
    Ok(Exit::Success)
}

/// A file that is verified.
struct Added {
    content: ContentId,
    bytes: u64,
}

/// Verifies and records a file while no engine runs. Blocks for as long as reading the file takes.
fn record(store: &Store, file: &Path, phf: &Path) -> Result<Added, Failure> {
    let manifest = read_manifest(phf)?;
    let content = store.add(file, &manifest).map_err(|error| {
        let exit = match error {
            AddError::Mismatch { .. } | AddError::Size { .. } => Exit::Integrity,
            _ => Exit::Disk,
        };
        Failure::caused_by(exit, &error)
    })?;
    Ok(Added { content: content.id(), bytes: content.layout().content_len() })
}

fn read_manifest(phf: &Path) -> Result<Manifest, Failure> {
    let bytes = read_bounded(phf).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "; `swarmline publish` makes one, --phf names another",
            _ => "",
        };
        Failure::new(
            Exit::Manifest,
            format!("could not read the piece hash file {}: {error}{hint}", phf.display()),
        )
    })?;
    Manifest::parse_phf(&bytes).map_err(|error| {
        let failure = Failure::caused_by(Exit::Manifest, &error);
        Failure::new(failure.exit, format!("{} is no piece hash file: {}", phf.display(), failure.message))
    })
}

/// At most one byte more than a piece hash file may have: the parser then says that it is too large.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let most = swarmline_proto::manifest::PHF_BYTES_MAX as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[derive(Serialize)]
struct Json {
    path: String,
    hash_of_hashes: ContentId,
    bytes: u64,
    /// Whether a running process offers it already.
    offered: bool,
    elapsed_s: f64,
}
