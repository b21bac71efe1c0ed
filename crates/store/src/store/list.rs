//! What the records hold after a restart, so that it can be offered and resumed.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use swarmline_types::ContentId;
use tracing::debug;

use super::{Begin, BeginError, Begun, Store};
use crate::content::resume::recorded_pieces;
use crate::disk::Room;
use crate::header::{Header, Phase};
use crate::part::PartFile;
use crate::place::Place;
use crate::record::Records;
use crate::stamp::{FileId, Stamp};

/// One content at one place, as the records say. Nothing of it is checked yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// The content.
    pub content: ContentId,
    /// Where it stands, or shall stand.
    pub destination: PathBuf,
    /// Whether it stands there.
    pub finished: bool,
    /// Pieces that are recorded.
    pub had: u32,
    /// Pieces it has.
    pub pieces: u32,
}

/// Why the records could not be listed.
#[derive(Debug, thiserror::Error)]
#[error("could not list {}", path.display())]
pub struct ListError {
    /// The directory of the records.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Why a recorded content could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenContentError {
    /// There is no manifest of it, or it is damaged.
    #[error("there is no manifest of content {content}")]
    NoManifest {
        /// The content.
        content: ContentId,
    },
    /// There is no record of it at this place.
    #[error("there is no record of content {content} at {}", path.display())]
    NoRecord {
        /// The content.
        content: ContentId,
        /// The destination asked for.
        path: PathBuf,
    },
    /// It cannot be begun there again.
    #[error(transparent)]
    Begin(#[from] BeginError),
}

impl Store {
    /// What the records hold, newest first, at most [`CONTENTS_MAX`].
    ///
    /// Records whose file is gone are removed, unless its whole directory is: that may be a disk to be mounted later.
    ///
    /// # Errors
    /// When the state directory cannot be read. Damaged records are left out.
    pub fn contents(&self) -> Result<Vec<Held>, ListError> {
        let dir = self.inner.dir.contents();
        let list_error = |source| ListError { path: dir.clone(), source };
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(list_error)? {
            let path = entry.map_err(list_error)?.path();
            if path.extension().is_some_and(|ending| ending == "have") {
                let modified = path.metadata().and_then(|meta| meta.modified());
                found.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        found.sort_unstable_by(|one, two| two.cmp(one));
        Ok(found.iter().filter_map(|(_, path)| self.held(path)).take(CONTENTS_MAX).collect())
    }

    /// Opens what [`contents`](Self::contents) listed: resumes an unfinished one, offers a finished one.
    ///
    /// A finished file that was touched since is read and compared with its manifest.
    ///
    /// # Errors
    /// When manifest or records are missing, or [`begin`](Self::begin) fails; [`BeginError::OtherContent`] says that
    /// a finished file is another one now.
    pub fn open_content(&self, content: ContentId, destination: &Path) -> Result<Begun, OpenContentError> {
        self.open_with_room(content, destination, Room::default())
    }

    /// The same, taking room as said.
    pub(super) fn open_with_room(
        &self,
        content: ContentId,
        destination: &Path,
        room: Room,
    ) -> Result<Begun, OpenContentError> {
        let place = Place::resolve(destination).map_err(BeginError::from)?;
        let header = Records::open_existing(&self.records_path(content, &place))
            .ok()
            .and_then(|records| records.header::<Header>())
            .filter(|header| header.content == content && header.destination == place.path())
            .ok_or_else(|| OpenContentError::NoRecord { content, path: place.path().to_owned() })?;
        let manifest = self.manifest(content).ok_or(OpenContentError::NoManifest { content })?;
        // A finished file that has become another one is the user's, whatever was asked for when it was fetched.
        let force = header.force && matches!(header.phase, Phase::Part { .. });
        Ok(self.begin(&manifest, destination, Begin { force, room, ..Begin::default() })?)
    }

    /// Forgets what the records hold of a content at a place; the files there stay. For what cannot be opened any
    /// more; an open content is ended by [`Content::discard`](crate::Content::discard).
    ///
    /// # Errors
    /// What the file system says; that there is no record is none.
    pub fn forget(&self, content: ContentId, destination: &Path) -> io::Result<()> {
        let Ok(place) = Place::resolve(destination) else { return Ok(()) };
        match std::fs::remove_file(self.records_path(content, &place)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// The content of which records are kept for a destination, the newest if there are several, and the destination as
    /// the records know it. Looks at names and times only.
    ///
    /// # Errors
    /// When the state directory cannot be read.
    pub fn content_at(&self, destination: &Path) -> io::Result<Option<(ContentId, PathBuf)>> {
        let Ok(place) = Place::resolve(destination) else { return Ok(None) };
        let ending = format!("-{}.have", place.key());
        let mut newest: Option<(SystemTime, ContentId)> = None;
        for entry in std::fs::read_dir(self.inner.dir.contents())? {
            let entry = entry?;
            let name = entry.file_name();
            let hex = name.to_str().and_then(|name| name.strip_suffix(&ending));
            let id = hex.and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok());
            if let Some(content) = id.map(ContentId::new) {
                let modified = entry.metadata().and_then(|meta| meta.modified());
                newest = newest.max(Some((modified.unwrap_or(SystemTime::UNIX_EPOCH), content)));
            }
        }
        Ok(newest.map(|(_, content)| (content, place.path().to_owned())))
    }

    /// Removes what unfinished downloads have left at a destination: part files and their records. What is being written
    /// now stays, and so does whatever stands at the destination itself. `false` if something stays for that reason.
    ///
    /// # Errors
    /// What the file system says; that there is nothing is no error.
    pub fn clear(&self, destination: &Path) -> io::Result<bool> {
        let Ok(place) = Place::resolve(destination) else { return Ok(true) };
        place.leftovers()?.iter().for_each(|path| PartFile::remove_leftover(path));
        let is_written = !place.leftovers()?.is_empty();
        let ending = format!("-{}", place.key());
        for dir in [self.inner.dir.contents(), self.inner.dir.plain()] {
            for entry in std::fs::read_dir(dir)? {
                let path = entry?.path();
                let stem = path.file_stem().unwrap_or_default().as_bytes();
                if is_written || !stem.ends_with(ending.as_bytes()) {
                    continue;
                }
                let Ok(records) = Records::open_existing(&path) else { continue };
                let header = records.header::<Header>();
                if !header.is_some_and(|header| matches!(header.phase, Phase::Finished { .. })) {
                    records.remove()?;
                }
            }
        }
        Ok(!is_written)
    }

    /// Removes manifests that no have-map needs. Only while nobody else uses the store.
    pub(super) fn remove_orphans(&self) -> io::Result<()> {
        let paths =
            std::fs::read_dir(self.inner.dir.contents())?.map(|entry| entry.map(|entry| entry.path()));
        let paths = paths.collect::<io::Result<Vec<_>>>()?;
        let named = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let ends_in = |path: &Path, ending: &str| path.extension().is_some_and(|found| found == ending);
        let needed: BTreeSet<_> = paths
            .iter()
            .filter(|path| ends_in(path, "have"))
            .filter_map(|path| named(path)?.split_once('-').map(|(content, _)| content.to_owned()))
            .collect();
        for path in paths.iter().filter(|path| ends_in(path, "phf")) {
            if named(path).is_some_and(|content| !needed.contains(&content)) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Reads one have-map; `None` if nothing is there to be offered or resumed.
    pub(super) fn held(&self, path: &Path) -> Option<Held> {
        let records = Records::open_existing(path).ok()?;
        let header = records.header::<Header>();
        let Some((header, layout)) = header.and_then(|header| header.layout().map(|layout| (header, layout)))
        else {
            debug!(path = %path.display(), "a damaged have-map is left out");
            return None;
        };
        let place = Place::resolve(&header.destination).ok()?;
        let finished = match &header.phase {
            Phase::Finished { .. } => leads_to_file(place.path(), None),
            // Killed between the rename and its record.
            Phase::Part { id, .. } => leads_to_file(place.path(), Some(id)),
        };
        if !finished && !place.part(header.content.as_bytes()).exists() {
            debug!(path = %place.path().display(), "a content is gone, its records go too");
            let _ = records.remove();
            return None;
        }
        Some(Held {
            content: header.content,
            destination: header.destination,
            finished,
            had: recorded_pieces(&records, &layout).ok()?.count(),
            pieces: layout.piece_count(),
        })
    }
}

/// Whether a regular file stands at the path: this one, if one is named.
fn leads_to_file(path: &Path, id: Option<&FileId>) -> bool {
    let stamp = Stamp::at(path).ok().flatten();
    stamp.is_some_and(|stamp| id.is_none_or(|id| stamp.id == *id))
}

/// Most contents that are listed: as many as a node tells its peers of.
pub const CONTENTS_MAX: usize = 1024;
