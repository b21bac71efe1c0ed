//! Files that a simulation leaves behind.

use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure, with_causes};
use crate::screen;

/// Whether there is a folder for each of these files: nobody waits for a simulation whose report cannot be written.
pub(super) fn check<'a>(paths: impl IntoIterator<Item = &'a Option<PathBuf>>) -> Result<(), Failure> {
    for path in paths.into_iter().flatten() {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if path.is_dir() || !folder.is_dir() {
            let why =
                if path.is_dir() { "it is a folder; name a file in it" } else { "there is no such folder" };
            return Err(Failure::new(Exit::Disk, format!("could not write {}: {why}", path.display())));
        }
    }
    Ok(())
}

/// Writes a report and says so.
pub(super) fn report(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(Exit::Disk, format!("could not write {}: {}", path.display(), with_causes(&error)))
    })?;
    screen::note(&format!("wrote {}", path.display()));
    Ok(())
}
