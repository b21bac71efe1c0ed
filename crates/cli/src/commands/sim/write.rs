//! Files that a simulation leaves behind.

use std::path::Path;

use crate::exit::{Exit, Failure, with_causes};
use crate::screen;

/// Writes a report and says so.
pub(super) fn report(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(Exit::Disk, format!("could not write {}: {}", path.display(), with_causes(&error)))
    })?;
    screen::note(&format!("wrote {}", path.display()));
    Ok(())
}
