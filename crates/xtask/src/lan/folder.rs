//! The folder of a run: where it is, what stands at the origin, and whether copies of it are right.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::plan::Plan;

/// The folder of a run.
pub(super) struct Work {
    path: PathBuf,
    keep: bool,
}

impl Work {
    /// Makes it.
    pub(super) fn create(plan: &Plan) -> Result<Self> {
        let path = plan.work.join(format!("swarmline-lan-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path: path.canonicalize()?, keep: plan.keep })
    }

    /// The network removes it at its end, unless it is kept.
    pub(super) fn to_remove(&self) -> Option<&Path> {
        (!self.keep).then_some(self.path.as_path())
    }

    /// Where everything of the run is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the origin serves.
    pub(super) fn origin(&self) -> PathBuf {
        self.path.join("origin")
    }

    /// What belongs to a host.
    pub(super) fn host(&self, number: usize) -> PathBuf {
        self.path.join(format!("host{number}"))
    }

    /// Says where it is if it is kept.
    pub(super) fn tell(&self) {
        if self.keep {
            eprintln!("kept: {}", self.path.display());
        }
    }
}

/// Makes a file that nothing compresses and nobody has seen before.
pub(super) fn write_random(path: &Path, size_bytes: u64) -> Result<()> {
    let mut random = File::open("/dev/urandom")?.take(size_bytes);
    let mut file = File::create(path)?;
    let written =
        std::io::copy(&mut random, &mut file).with_context(|| format!("cannot fill {}", path.display()))?;
    ensure!(written == size_bytes, "{} got {written} of {size_bytes} bytes", path.display());
    Ok(())
}

/// Whether `copy` is there and equals `original`.
pub(super) fn same_bytes(original: &Path, copy: &Path) -> Result<bool> {
    let copy = match File::open(copy) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let original = File::open(original)?;
    if original.metadata()?.len() != copy.metadata()?.len() {
        return Ok(false);
    }
    const STEP_BYTES: usize = 1 << 20;
    let (mut original, mut copy) =
        (BufReader::with_capacity(STEP_BYTES, original), BufReader::with_capacity(STEP_BYTES, copy));
    loop {
        let (left, right) = (original.fill_buf()?, copy.fill_buf()?);
        let common = left.len().min(right.len());
        if common == 0 || left[..common] != right[..common] {
            return Ok(left.is_empty() && right.is_empty());
        }
        original.consume(common);
        copy.consume(common);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_right_only_when_every_byte_is() {
        let folder = std::env::temp_dir().join(format!("swarmline-xtask-{}-bytes", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, copy) = (folder.join("a"), folder.join("b"));
        write_random(&file, 3_000_000).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "absent");
        let mut bytes = fs::read(&file).unwrap();
        fs::write(&copy, &bytes).unwrap();
        assert!(same_bytes(&file, &copy).unwrap());
        bytes[2_999_999] ^= 1;
        fs::write(&copy, &bytes).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "one bit");
        fs::write(&copy, &bytes[..2_999_999]).unwrap();
        assert!(!same_bytes(&file, &copy).unwrap(), "one byte less");
        fs::remove_dir_all(folder).unwrap();
    }
}
