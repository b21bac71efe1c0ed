//! Where the figures are made: a directory for large files, the file that is moved, memory that is in use already.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use swarmline_testkit::Content;
use tempfile::TempDir;

use crate::options::Options;
use crate::programs::publish;

/// Options, and room for what a run leaves behind; removed at the end.
pub(crate) struct Workshop {
    pub(crate) options: Options,
    dir: TempDir,
}

/// A file and its name in the swarm.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) hash_of_hashes: String,
}

impl Input {
    pub(crate) fn gib(&self) -> f64 {
        self.bytes as f64 / f64::from(1 << 30)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).expect("a name of our own making")
    }
}

impl Workshop {
    pub(crate) fn open(options: Options) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("figures-run-").tempdir_in(&options.dir);
        let dir = dir.with_context(|| format!("cannot work in {}", options.dir.display()))?;
        Ok(Self { options, dir })
    }

    /// A path in a directory of this run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A directory of this run without anything in it.
    pub(crate) fn empty_dir(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// The large file: noise, with its piece hash file beside it, in the page cache. It stays for the next run.
    pub(crate) fn input(&self) -> Result<Input> {
        let mib = if self.options.smoke { 16 } else { LARGE_MIB };
        let bytes = mib << 20;
        let dir = self.options.dir.join(format!("figures-input-{mib}MiB"));
        let path = dir.join("input.bin");
        if std::fs::metadata(&path).map(|meta| meta.len()).ok() != Some(bytes) {
            self.ensure_room(bytes)?;
            std::fs::create_dir_all(&dir)?;
            write_noise(&path, bytes)?;
        }
        let hash_of_hashes = publish(&path)?;
        Ok(Input { path, bytes, hash_of_hashes })
    }

    /// Fails unless so many bytes can be written.
    pub(crate) fn ensure_room(&self, bytes: u64) -> Result<()> {
        let disk = rustix::fs::statvfs(&self.options.dir)?;
        let free = disk.f_bavail * disk.f_frsize;
        ensure!(
            free > bytes + SPARE,
            "{} has {} MiB free, {} are needed; --dir names another place",
            self.options.dir.display(),
            free >> 20,
            (bytes + SPARE) >> 20,
        );
        Ok(())
    }

    /// Memory for a file of `bytes` that is about to be written.
    pub(crate) fn warm_memory(&self, bytes: u64) -> Result<Warm> {
        let path = self.path("warm");
        let mut file = File::options().create_new(true).write(true).open(&path)?;
        std::fs::remove_file(&path)?;
        let block = vec![0; 1 << 20];
        for _ in 0..(bytes + WARM_AHEAD) >> 20 {
            file.write_all(&block)?;
        }
        let mut warm = Warm { file, bytes, held: bytes + WARM_AHEAD };
        warm.follow(0)?;
        Ok(warm)
    }
}

/// Memory that is in use already, held by a file without a name and let go a little before somebody else needs it.
///
/// On a virtual machine a page that its host has not given yet costs more than all that is measured here, and what
/// has been free for two seconds the host takes back. So large runs write into pages that were in use until now.
pub(crate) struct Warm {
    file: File,
    bytes: u64,
    held: u64,
}

impl Warm {
    /// So many of the bytes have been written.
    pub(crate) fn follow(&mut self, written: u64) -> Result<()> {
        let hold = self.bytes.saturating_sub(written);
        if hold < self.held {
            self.file.set_len(hold)?;
            self.held = hold;
        }
        Ok(())
    }
}

fn write_noise(path: &Path, bytes: u64) -> Result<()> {
    let noise = Content::random(SEED, bytes);
    let mut file = File::create(path)?;
    for offset in (0..bytes).step_by(1 << 20) {
        file.write_all(&noise.slice(offset, 1 << 20))?;
    }
    // So that it is not being written back while it is measured.
    file.sync_all()?;
    Ok(())
}

/// Size of the large file: 2 GiB.
const LARGE_MIB: u64 = 2048;
const SEED: u64 = 0x5eed;
/// How much memory is let go before it is written: 256 MiB.
const WARM_AHEAD: u64 = 256 << 20;
/// What is left free on the disk.
const SPARE: u64 = 1 << 30;
