//! How a download begins: what stands at its destination, what an earlier one left, and whether there is room.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmline_proto::Manifest;
use swarmline_types::Bitfield;

use super::{AddError, Store};
use crate::content::Content;
use crate::content::resume::reconcile;
use crate::disk::{self, Room};
use crate::header::Header;
use crate::part::{PartError, PartFile};
use crate::place::{Place, PlaceError, Standing};
use crate::placeholder::{Placeholder, Taking};
use crate::record::{Records, offset_of};
use crate::stamp::FileId;

/// How a download treats what it finds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Begin {
    /// Whether other content at the destination is replaced, by the final rename. Default: no.
    pub force: bool,
    /// An empty file that was made at the destination for this download: it counts as nothing, and is replaced.
    pub placeholder: Option<Placeholder>,
    /// How room is taken. Default: all at the beginning.
    pub room: Room,
    /// Whether some ranges are to stand at the destination instead of the content, by
    /// [`Content::hand_over`](crate::Content::hand_over): then what stands there is never compared. Default: no.
    pub packed: bool,
}

impl Begin {
    fn taking(self) -> Taking {
        Taking { force: self.force, placeholder: self.placeholder }
    }
}

/// A download that has begun, or needs not to.
#[derive(Debug)]
pub enum Begun {
    /// Pieces are missing, perhaps none of them; what an earlier download left is had.
    Partial(Content),
    /// The destination already holds the content.
    Complete(Content),
}

impl Begun {
    /// The content either way.
    pub fn into_content(self) -> Content {
        match self {
            Self::Partial(content) | Self::Complete(content) => content,
        }
    }
}

/// Why a download did not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// Nothing can be put there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Something else stands there.
    #[error("{} exists with other content", path.display())]
    OtherContent {
        /// The destination.
        path: PathBuf,
    },
    /// The ranges stand there already: an earlier process was killed right after it had handed them over.
    #[error("{} is there already", path.display())]
    HandedOver {
        /// The destination.
        path: PathBuf,
    },
    /// What stands there cannot be compared.
    #[error("could not compare {} with its manifest", path.display())]
    Compare {
        /// The destination.
        path: PathBuf,
        /// Why.
        source: AddError,
    },
    /// Another process, or another transfer of this one, writes the same content to the same place: wait for it.
    #[error("{} is being written by another process", path.display())]
    Busy {
        /// The part file.
        path: PathBuf,
    },
    /// A file of somebody else stands under the part file's name.
    #[error("{} is in the way: it is a link, or not this user's file alone", path.display())]
    InTheWay {
        /// The part file.
        path: PathBuf,
    },
    /// The part file cannot be opened.
    #[error("could not open {}", path.display())]
    Part {
        /// The part file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk, or the user's share of it, has no room. A part file that was there is kept.
    #[error("no room for {}: {needed} bytes are needed, {free} are free", path.display())]
    Full {
        /// The destination, or the have-map in the state directory.
        path: PathBuf,
        /// Bytes that are needed in all.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// What the system says.
        source: io::Error,
    },
    /// What the part file holds cannot be read, or the have-map cannot be written.
    #[error("could not prepare {}", path.display())]
    Prepare {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Store {
    /// Begins or resumes the download of a content to a destination, or finds it there already.
    ///
    /// The bytes go into a part file beside the destination, which this process alone writes. A content that is
    /// being written to the same place through this store is shared.
    ///
    /// # Errors
    /// [`BeginError::OtherContent`] unless forced, [`BeginError::Busy`], [`BeginError::Full`], or what is wrong with
    /// the path.
    pub fn begin(&self, manifest: &Manifest, destination: &Path, how: Begin) -> Result<Begun, BeginError> {
        let place = Place::resolve(destination)?;
        let path = place.part(manifest.content().as_bytes());
        if how.packed && self.was_handed_over(manifest, &place) {
            PartFile::remove_leftover(&path);
            return Err(BeginError::HandedOver { path: place.path().to_owned() });
        }
        if let Some(done) = self.look_at_destination(manifest, &place, how)? {
            PartFile::remove_leftover(&path);
            return Ok(Begun::Complete(done));
        }
        if let Some(content) = self.live(manifest.content(), &place).filter(Content::is_writable) {
            content.may_take(how.taking());
            return Ok(Begun::Partial(content));
        }
        let part = PartFile::open(&path).map_err(|error| part_error(error, &path, &place))?;
        // Whoever held the part file until now may have finished it.
        match self.look_at_destination(manifest, &place, how) {
            Ok(None) => {}
            Ok(Some(done)) => {
                let _ = part.remove();
                return Ok(Begun::Complete(done));
            }
            Err(error) => return Err(let_go(&part, error)),
        }
        let ready = self.make_ready(manifest, &place, &part, how);
        let (records, have) = ready.map_err(|error| let_go(&part, error))?;
        let path = records.path().to_owned();
        let shared = (records, Arc::clone(&self.inner.pool));
        let content = Content::partial(manifest.clone(), place.clone(), how.taking(), shared, (part, have))
            .map_err(|source| BeginError::Prepare { path, source })?;
        self.remember(&content, place);
        Ok(Begun::Partial(content))
    }

    /// The complete content if it stands there, `None` if the place may be written to.
    fn look_at_destination(
        &self,
        manifest: &Manifest,
        place: &Place,
        how: Begin,
    ) -> Result<Option<Content>, BeginError> {
        let path = || place.path().to_owned();
        let error = match place.look()? {
            Standing::Nothing => return Ok(None),
            Standing::File(_) if how.taking().is_placeholder(place.path()) => return Ok(None),
            Standing::File(_) if how.packed => BeginError::OtherContent { path: path() },
            Standing::DeadLink => BeginError::OtherContent { path: path() },
            Standing::File(file) => match self.adopt(manifest, place.clone(), file) {
                Ok(content) => return Ok(Some(content)),
                Err(AddError::Size { .. } | AddError::Mismatch { .. }) => {
                    BeginError::OtherContent { path: path() }
                }
                Err(source) => BeginError::Compare { path: path(), source },
            },
        };
        // What is replaced need not be understood.
        if how.force { Ok(None) } else { Err(error) }
    }

    /// Whether the file at the destination is the one that was to be handed over last; its records go then.
    fn was_handed_over(&self, manifest: &Manifest, place: &Place) -> bool {
        let Ok(records) = Records::open_existing(&self.records_path(manifest.content(), place)) else {
            return false;
        };
        let header = records.header::<Header>();
        let header = header.filter(|it| it.is_of(manifest.content(), &manifest.layout(), place.path()));
        let Some(id) = header.and_then(|header| header.handed_over) else { return false };
        let stands = std::fs::symlink_metadata(place.path()).is_ok_and(|meta| FileId::from(&meta) == id);
        if stands {
            let _ = records.remove(); // what stays is looked at again the next time
        }
        stands
    }

    /// Finds out what the part file holds, and takes room for the rest.
    fn make_ready(
        &self,
        manifest: &Manifest,
        place: &Place,
        part: &PartFile,
        how: Begin,
    ) -> Result<(Records, Bitfield), BeginError> {
        let (id, layout) = (manifest.content(), manifest.layout());
        let path = self.records_path(id, place);
        let records =
            Records::open(&path).map_err(|source| BeginError::Prepare { path: path.clone(), source })?;
        let header = records.header::<Header>().filter(|header| header.is_of(id, &layout, place.path()));
        let have = reconcile(manifest, &records, header.as_ref(), part)
            .map_err(|source| room_error(&path, offset_of(layout.piece_count()), records.file(), source))?;
        disk::make_room(part.file(), layout.content_len(), how.room)
            .map_err(|source| room_error(place.path(), layout.content_len(), part.file(), source))?;
        let path = self.manifest_path(id);
        self.keep_manifest(manifest).map_err(|source| BeginError::Prepare { path, source })?;
        Ok((records, have))
    }
}

/// A part file that this attempt made is taken away again; an older one is kept.
pub(super) fn let_go(part: &PartFile, error: BeginError) -> BeginError {
    if part.is_new() {
        let _ = part.remove();
    }
    error
}

pub(super) fn part_error(error: PartError, path: &Path, place: &Place) -> BeginError {
    let path = path.to_owned();
    match error {
        PartError::Busy => BeginError::Busy { path },
        PartError::Foreign => BeginError::InTheWay { path },
        // Not the part file is at fault when it cannot even be made.
        PartError::Io(source) if !path.exists() => {
            PlaceError::Directory { path: place.dir().to_owned(), source }.into()
        }
        PartError::Io(source) => BeginError::Part { path, source },
    }
}

fn room_error(path: &Path, needed: u64, file: &File, source: io::Error) -> BeginError {
    let path = path.to_owned();
    if disk::is_full(&source) {
        let (_, free) = disk::free_bytes(file).unwrap_or_default();
        return BeginError::Full { path, needed, free, source };
    }
    BeginError::Prepare { path, source }
}
