//! Which contents are driven at the moment, as writer and reader count them.

use std::collections::BTreeMap;

use swarmline_types::ContentId;

use crate::PIECES_MAX;

/// Contents that a trace has named, and how many pieces are driven.
#[derive(Debug, Default)]
pub(crate) struct OpenContents {
    /// The latest opening of each, and its pieces while it is driven.
    slots: BTreeMap<ContentId, (u32, u32)>,
    pieces: u64,
}

impl OpenContents {
    /// How many pieces would be driven with this content instead of an earlier opening of it; `Err` if too many.
    pub(crate) fn with(&self, content: &ContentId, pieces: u32) -> Result<u64, u64> {
        let sum = self.pieces - self.driven(content) + u64::from(pieces);
        if sum > PIECES_MAX { Err(sum) } else { Ok(sum) }
    }

    /// It is driven from now on.
    pub(crate) fn open(&mut self, content: ContentId, slot: u32, pieces: u32) {
        self.pieces = self.pieces - self.driven(&content) + u64::from(pieces);
        self.slots.insert(content, (slot, pieces));
    }

    /// It is driven no longer, but may still be spoken of.
    pub(crate) fn close(&mut self, content: &ContentId) {
        self.pieces -= self.driven(content);
        if let Some((_, pieces)) = self.slots.get_mut(content) {
            *pieces = 0;
        }
    }

    /// It is not to be spoken of any more.
    pub(crate) fn forget(&mut self, content: &ContentId) {
        self.close(content);
        self.slots.remove(content);
    }

    pub(crate) fn slot(&self, content: &ContentId) -> Option<u32> {
        self.slots.get(content).map(|(slot, _)| *slot)
    }

    fn driven(&self, content: &ContentId) -> u64 {
        self.slots.get(content).map_or(0, |(_, pieces)| u64::from(*pieces))
    }
}
