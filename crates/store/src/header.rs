//! The header of a have-map: which content at which place, and what its file was when the records were written.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use swarmline_types::{ContentId, PieceLayout};

use crate::epoch::Epoch;
use crate::stamp::{FileId, Stamp};

/// Stands before the records of one content at one place.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Header {
    pub(crate) content: ContentId,
    content_len: u64,
    piece_size: u32,
    #[serde(serialize_with = "path_to_text", deserialize_with = "path_from_text")]
    pub(crate) destination: PathBuf,
    pub(crate) force: bool,
    pub(crate) phase: Phase,
    /// The file made of ranges that was about to take the destination's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) handed_over: Option<FileId>,
}

/// Where the bytes are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// In this part file, written in this epoch.
    Part { epoch: Option<Epoch>, id: FileId },
    /// At the destination, which looked so. `proven`: every recorded piece is right as long as it looks so and the
    /// epoch lasts.
    Finished { epoch: Option<Epoch>, stamp: Stamp, proven: bool },
}

impl Header {
    pub(crate) fn new(
        content: ContentId,
        layout: &PieceLayout,
        destination: &Path,
        force: bool,
        phase: Phase,
    ) -> Self {
        Self {
            content,
            content_len: layout.content_len(),
            piece_size: layout.piece_size(),
            destination: destination.to_owned(),
            force,
            phase,
            handed_over: None,
        }
    }

    /// The same, with what is about to take the destination's name.
    pub(crate) fn handing_over(self, id: FileId) -> Self {
        Self { handed_over: Some(id), ..self }
    }

    /// How the content is cut; `None` if the numbers make no layout.
    pub(crate) fn layout(&self) -> Option<PieceLayout> {
        PieceLayout::new(self.content_len, self.piece_size).ok()
    }

    /// Whether the records are of this content at this place.
    pub(crate) fn is_of(&self, content: ContentId, layout: &PieceLayout, destination: &Path) -> bool {
        self.content == content && self.layout().as_ref() == Some(layout) && self.destination == destination
    }
}

/// Paths are bytes, not text.
pub(crate) fn path_to_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(path.as_os_str().as_bytes()))
}

pub(crate) fn path_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
    Ok(OsString::from_vec(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_no_text_survives() {
        let layout = PieceLayout::new(5, 1 << 14).unwrap();
        let path = PathBuf::from(OsString::from_vec(b"/tmp/\xff\xfe\n.iso".to_vec()));
        let stamp = Stamp::of(&tempfile::tempfile().unwrap()).unwrap();
        let phase = Phase::Finished { epoch: None, stamp, proven: true };
        let header = Header::new(ContentId::new([1; 32]), &layout, &path, true, phase);
        let back: Header = serde_json::from_slice(&serde_json::to_vec(&header).unwrap()).unwrap();
        assert_eq!(back, header);
        assert!(back.is_of(ContentId::new([1; 32]), &layout, &path));
        assert!(!back.is_of(ContentId::new([2; 32]), &layout, &path));
        assert!(!back.is_of(ContentId::new([1; 32]), &layout, Path::new("/tmp/other")));
    }
}
