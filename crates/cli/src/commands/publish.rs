//! `publish`: makes the piece hash file that turns a file on a web server into something to share.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use swarmline_proto::Manifest;
use swarmline_proto::manifest::IntegrityCheckInfo;
use swarmline_store::{HashError, hash_file, write_atomically};
use swarmline_types::ContentId;
use url::Url;

use crate::exit::{Exit, Failure, with_causes};
use crate::show::{Line, Stopwatch, bytes_bar, seconds};
use crate::{paths, screen, values, words};

/// Write the piece hash file of a file: FILE.phf, to be put beside it on the web server
///
/// Reads the file once, on all cores. FILE.phf names the SHA-256 of every piece; with it machines can pass pieces
/// on to each other and check each. Prints the HashOfHashes, which names the content everywhere, and the
/// IntegrityCheckInfo, by which whoever fetches the file can pin it. Publish again whenever the file changes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline publish disk.iso
  swarmline publish --url https://example.org/disk.iso disk.iso
  swarmline publish --piece-size 4MiB *.img")]
pub(crate) struct PublishArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Bytes of a piece: a power of two from 16KiB to 16MiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = values::piece_size)]
    piece_size: u32,

    /// Where the file will be; goes into the IntegrityCheckInfo with .phf behind its path
    #[arg(long, value_parser = values::web_address)]
    url: Option<Url>,

    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &PublishArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    if args.url.is_some() && args.files.len() > 1 {
        return Err(Failure::new(Exit::Usage, "--url names one file; publish the others without it"));
    }
    for file in &args.files {
        let published = publish(file, args)?;
        if args.json {
            Line::new("published", watch.elapsed(), published.json(watch)).say();
        } else {
            screen::say(&published.text());
        }
    }
    Ok(Exit::Success)
}

fn publish(file: &Path, args: &PublishArgs) -> Result<Published, Failure> {
    let manifest = hash(file, args.piece_size)?;
    let (phf, path) = (manifest.to_phf(), paths::phf_beside(file));
    write_atomically(&path, &phf).map_err(|error| {
        Failure::new(Exit::Disk, format!("could not write {}: {}", path.display(), with_causes(&error)))
    })?;
    let url = args.url.as_ref().map(|url| paths::phf_address(url).to_string());
    let info = IntegrityCheckInfo::of(&manifest, &phf, url);
    Ok(Published { file: file.to_owned(), phf: path, manifest, info })
}

/// Hashes a file, with a bar if somebody looks.
fn hash(file: &Path, piece_size: u32) -> Result<Manifest, Failure> {
    let total = std::fs::metadata(file).ok().map(|meta| meta.len());
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let bar = bytes_bar(total, &name);
    let hashed = hash_file(file, piece_size, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    hashed.map_err(|error| {
        let exit = match error {
            HashError::Layout { .. } => Exit::Usage,
            _ => Exit::Disk,
        };
        Failure::caused_by(exit, &error)
    })
}

/// What was written for one file.
struct Published {
    file: PathBuf,
    phf: PathBuf,
    manifest: Manifest,
    info: IntegrityCheckInfo,
}

impl Published {
    fn text(&self) -> String {
        let layout = self.manifest.layout();
        format!(
            "{}: {} of {}, {} in all\nHashOfHashes: {}\nIntegrityCheckInfo: {}",
            self.phf.display(),
            words::count(layout.piece_count().into(), "piece", "pieces"),
            words::bytes(layout.piece_size().into()),
            words::bytes(layout.content_len()),
            self.manifest.content(),
            self.info.to_json(),
        )
    }

    fn json(&self, watch: Stopwatch) -> Json {
        let layout = self.manifest.layout();
        Json {
            path: self.file.to_string_lossy().into_owned(),
            phf: self.phf.to_string_lossy().into_owned(),
            bytes: layout.content_len(),
            piece_size: layout.piece_size(),
            pieces: layout.piece_count(),
            hash_of_hashes: self.manifest.content(),
            integrity_check_info: serde_json::from_str(&self.info.to_json())
                .expect("what to_json writes is JSON"),
            elapsed_s: seconds(watch.elapsed()),
        }
    }
}

#[derive(Serialize)]
struct Json {
    path: String,
    phf: String,
    bytes: u64,
    piece_size: u32,
    pieces: u32,
    hash_of_hashes: ContentId,
    integrity_check_info: serde_json::Value,
    elapsed_s: f64,
}
