//! Reads a trace, record by record.

use swarmline_types::{ContentId, MonoTime, NodeId, PieceLayout};

use crate::bytes::In;
use crate::decode;
use crate::encode::kind;
use crate::error::ReadError;
use crate::open::OpenContents;
use crate::record::{End, NodeFacts, Record, Slot};
use crate::{MAGIC, NAMES_MAX, PIECES_MAX, RECORD_MAX, SLOTS_MAX};

/// A trace while it is read. A record that is cut off at the end of the file is no error: the process was killed.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    now: MonoTime,
    node: NodeFacts,
    names: Vec<NodeId>,
    /// Of each opening.
    contents: Vec<(ContentId, PieceLayout)>,
    open: OpenContents,
    dropped: u64,
    end: Option<End>,
}

impl<'a> Reader<'a> {
    /// Reads whose trace it is.
    ///
    /// # Errors
    /// When the bytes do not begin as a trace does.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let (magic, version) = MAGIC.split_at(MAGIC.len() - 1);
        match bytes.strip_prefix(magic).and_then(|rest| rest.first()) {
            Some(got) if [*got] == version => {}
            Some(got) => return Err(ReadError::Version { got: *got }),
            None => return Err(ReadError::Magic),
        }
        let offset = MAGIC.len();
        let (record, at) = frame(bytes, offset)?.ok_or(ReadError::Node { offset })?;
        let mut read = In::new(record, at - record.len());
        if read.byte("kind")? != kind::NODE {
            return Err(ReadError::Node { offset });
        }
        let now = MonoTime::from_micros(read.number("time")?);
        let node = decode::node(&mut read)?;
        read.end()?;
        let (names, contents, open) = (Vec::new(), Vec::new(), OpenContents::default());
        Ok(Self { bytes, at, now, node, names, contents, open, dropped: 0, end: None })
    }

    /// Whose trace it is.
    pub fn node(&self) -> &NodeFacts {
        &self.node
    }

    /// Records that are missing so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How the trace ends, once all is read; `None` if it was cut off.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The next record and its time; `None` at the end. Kinds that this version does not know are skipped.
    ///
    /// # Errors
    /// When something in it is beyond its bound, unknown, or does not fit what came before.
    pub fn next_record(&mut self) -> Result<Option<(MonoTime, Record)>, ReadError> {
        while self.end.is_none() {
            let Some((record, at)) = frame(self.bytes, self.at)? else { return Ok(None) };
            let mut read = In::new(record, at - record.len());
            self.at = at;
            if let Some(record) = self.record(&mut read)? {
                return Ok(Some((self.now, record)));
            }
        }
        Ok(None)
    }

    fn record(&mut self, read: &mut In<'_>) -> Result<Option<Record>, ReadError> {
        let offset = read.offset();
        let kind = read.byte("kind")?;
        self.now = MonoTime::from_micros(self.now.as_micros().saturating_add(read.number("time")?));
        let record = match kind {
            kind::NODE => return Err(ReadError::Node { offset }),
            kind::NAME => {
                room(offset, "nodes", self.names.len(), NAMES_MAX)?;
                self.names.push(NodeId::new(read.id("node")?));
                read.end()?;
                return Ok(None);
            }
            kind::OPENED => {
                room(offset, "contents", self.contents.len(), SLOTS_MAX)?;
                let slot = u32::try_from(self.contents.len()).expect("at most SLOTS_MAX");
                let opened = Box::new(decode::opened(read)?);
                let (content, layout) = (opened.content, opened.layout);
                let what = "number of pieces of all contents that are driven";
                let too_many = |got| ReadError::Bound { offset, what, got, max: PIECES_MAX };
                self.open.with(&content, layout.piece_count()).map_err(too_many)?;
                self.open.open(content, slot, layout.piece_count());
                self.contents.push((content, layout));
                Record::Opened { slot: Slot(slot), opened }
            }
            kind::CLOSED => {
                let slot = self.slot(read)?.0;
                let content = self.contents[slot.as_usize()].0;
                // An earlier opening was replaced, and counts no more.
                if self.open.slot(&content) == Some(slot.0) {
                    self.open.close(&content);
                }
                Record::Closed { slot }
            }
            kind::INPUT => {
                let (slot, layout) = self.slot(read)?;
                let allowed = decode::allowed(read)?;
                let input = Box::new(decode::input(read, &layout, &self.names)?);
                Record::Input { slot, allowed, input }
            }
            kind::ORDER => {
                let (slot, layout) = self.slot(read)?;
                Record::Order { slot, order: decode::order(read, &layout, &self.names)? }
            }
            kind::ANSWERED => Record::Answered { slot: self.slot(read)?.0, request: decode::request(read)? },
            kind::DROPPED => {
                let records = read.number("missing records")?;
                self.dropped = self.dropped.saturating_add(records);
                Record::Dropped { records }
            }
            kind::END => {
                let end = decode::end(read)?;
                self.end = Some(end);
                Record::End(end)
            }
            _ => return Ok(None),
        };
        read.end()?;
        Ok(Some(record))
    }

    fn slot(&self, read: &mut In<'_>) -> Result<(Slot, PieceLayout), ReadError> {
        let offset = read.offset();
        let got = read.number("content")?;
        let at = u32::try_from(got).ok();
        let known = at.and_then(|at| Some((Slot(at), self.contents.get(at as usize)?.1)));
        known.ok_or(ReadError::Unknown { offset, what: "content", got })
    }
}

fn room(offset: usize, what: &'static str, len: usize, max: u32) -> Result<(), ReadError> {
    let (got, max) = (len as u64 + 1, u64::from(max));
    if got > max { Err(ReadError::Bound { offset, what, got, max }) } else { Ok(()) }
}

/// The next record and where it ends; `None` where the bytes end before it does.
fn frame(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, ReadError> {
    let rest = &bytes[at..];
    let mut read = In::new(rest, at);
    let len = match read.count("length of a record", RECORD_MAX) {
        Ok(len) => len,
        Err(ReadError::Short { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(read.raw(len, "record").ok().map(|record| (record, read.offset())))
}
