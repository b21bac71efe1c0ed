//! What this node has of a content at other places: part files that were left behind, and finished files.

use std::io;
use std::path::PathBuf;

use swarmline_types::Wanted;
use tracing::debug;

use super::Store;
use crate::content::{Content, WriteError};
use crate::disk::Room;

impl Store {
    /// Copies the pieces that are wanted, lie at other places of this node and are missing here. Returns how many.
    ///
    /// Every piece is read, hashed and written like one that came from a stranger, and what it is copied from stays as
    /// it is. What is being written by another process, or cannot be read, is left out. Costs a read, a hash and a
    /// write of each piece on the calling thread.
    ///
    /// # Errors
    /// When a piece cannot be written here.
    pub fn fill_from_elsewhere(&self, content: &Content, wanted: &Wanted) -> Result<u32, WriteError> {
        let have = content.have();
        if wanted.pieces().all(|piece| have.has(piece)) {
            return Ok(0);
        }
        let places = self.other_places(content).unwrap_or_else(|error| {
            debug!(%error, "what lies at other places is not known");
            Vec::new()
        });
        let mut filled = 0;
        for place in places {
            // Nothing more is written there, and a few ranges may stand in a file of any size.
            match self.open_with_room(content.id(), &place, Room::Sparse) {
                Ok(begun) => filled += content.fill_from(&begun.into_content(), wanted)?,
                Err(error) => debug!(path = %place.display(), %error, "nothing is copied from there"),
            }
        }
        Ok(filled)
    }

    /// Where else this content has pieces, by its have-maps.
    fn other_places(&self, content: &Content) -> io::Result<Vec<PathBuf>> {
        let of_content = format!("{}-", content.id().hex());
        let mut places = Vec::new();
        for entry in std::fs::read_dir(self.inner.dir.contents())? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(&of_content) {
                continue;
            }
            let held = self.held(&entry.path()).filter(|held| held.content == content.id() && held.had > 0);
            places.extend(held.map(|held| held.destination).filter(|place| place != content.destination()));
        }
        places.sort_unstable();
        Ok(places)
    }
}
