//! The protobuf messages, field by field as in `docs/protocol.md`. Nothing is checked here.
//!
//! Two shapes differ from the schema text, not from its bytes. Messages that hold lists are kept as bytes in the
//! message around them, so that their size is bounded before they are unpacked. And an enumeration is its number.

use bytes::Bytes;

/// One control message: exactly one kind.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Control {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9")]
    pub(super) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Kind {
    #[prost(message, tag = "1")]
    Hello(Hello),
    #[prost(bytes = "bytes", tag = "2")]
    Join(Bytes),
    #[prost(bytes = "bytes", tag = "3")]
    Leave(Bytes),
    /// [`Members`]
    #[prost(bytes = "bytes", tag = "4")]
    Members(Bytes),
    #[prost(message, tag = "5")]
    ManifestAsk(ManifestAsk),
    #[prost(message, tag = "6")]
    ManifestAnswer(ManifestAnswer),
    #[prost(message, tag = "7")]
    About(About),
    #[prost(bytes = "bytes", tag = "8")]
    HintAsk(Bytes),
    #[prost(message, tag = "9")]
    HintAnswer(HintAnswer),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Hello {
    #[prost(string, tag = "1")]
    pub(super) agent: String,
    #[prost(int32, tag = "2")]
    pub(super) class: i32,
    #[prost(uint32, tag = "3")]
    pub(super) listen_port: u32,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) contents: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Members {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) content: Bytes,
    #[prost(message, repeated, tag = "2")]
    pub(super) members: Vec<Member>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Member {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) node: Bytes,
    #[prost(int32, tag = "2")]
    pub(super) class: i32,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) addrs: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ManifestAsk {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) content: Bytes,
    #[prost(uint32, tag = "2")]
    pub(super) first: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ManifestAnswer {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) content: Bytes,
    #[prost(message, optional, tag = "2")]
    pub(super) part: Option<ManifestPart>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ManifestPart {
    #[prost(uint64, tag = "1")]
    pub(super) content_len: u64,
    #[prost(uint32, tag = "2")]
    pub(super) piece_size: u32,
    #[prost(uint32, tag = "3")]
    pub(super) first: u32,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) digests: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HintAnswer {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) url: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) contents: Bytes,
    #[prost(int32, tag = "3")]
    pub(super) search: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct About {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) content: Bytes,
    #[prost(oneof = "Body", tags = "2, 3, 4, 5, 6, 7, 8, 9")]
    pub(super) body: Option<Body>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Body {
    #[prost(bytes = "bytes", tag = "2")]
    Bitmap(Bytes),
    /// [`Have`]
    #[prost(bytes = "bytes", tag = "3")]
    Have(Bytes),
    #[prost(message, tag = "4")]
    Request(Request),
    #[prost(uint32, tag = "5")]
    Cancel(u32),
    #[prost(uint32, tag = "6")]
    Reject(u32),
    /// [`Lane`]
    #[prost(bytes = "bytes", tag = "7")]
    Lane(Bytes),
    /// [`Wanted`]
    #[prost(bytes = "bytes", tag = "8")]
    Wanted(Bytes),
    /// [`Rumours`]
    #[prost(bytes = "bytes", tag = "9")]
    Rumours(Bytes),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Rumours {
    #[prost(message, repeated, tag = "1")]
    pub(super) rumours: Vec<Rumour>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Rumour {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) member: Bytes,
    #[prost(int32, tag = "2")]
    pub(super) class: i32,
    #[prost(uint64, tag = "3")]
    pub(super) number: u64,
    #[prost(oneof = "Word", tags = "4, 5, 6, 7")]
    pub(super) word: Option<Word>,
    #[prost(bool, tag = "8")]
    pub(super) has_all: bool,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Word {
    /// [`Wanted`]
    #[prost(bytes = "bytes", tag = "4")]
    Here(Bytes),
    /// [`Wanted`]
    #[prost(bytes = "bytes", tag = "5")]
    Known(Bytes),
    #[prost(message, tag = "6")]
    Gone(Gone),
    /// [`Lane`]
    #[prost(bytes = "bytes", tag = "7")]
    Lane(Bytes),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Gone {}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Have {
    #[prost(uint32, repeated, tag = "1")]
    pub(super) deltas: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Request {
    #[prost(uint32, tag = "1")]
    pub(super) request: u32,
    #[prost(uint32, tag = "2")]
    pub(super) piece: u32,
    #[prost(uint32, tag = "3")]
    pub(super) offset: u32,
    #[prost(uint32, tag = "4")]
    pub(super) size: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Lane {
    #[prost(oneof = "LaneKind", tags = "1, 2, 3, 4, 5")]
    pub(super) kind: Option<LaneKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum LaneKind {
    #[prost(message, tag = "1")]
    Claim(Pieces),
    #[prost(message, tag = "2")]
    Progress(Progress),
    #[prost(message, tag = "3")]
    Almost(Pieces),
    #[prost(message, tag = "4")]
    Done(Pieces),
    #[prost(message, tag = "5")]
    Release(Release),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Pieces {
    #[prost(uint32, tag = "1")]
    pub(super) first: u32,
    #[prost(uint32, tag = "2")]
    pub(super) count: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Wanted {
    #[prost(message, repeated, tag = "1")]
    pub(super) ranges: Vec<Pieces>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Progress {
    #[prost(message, repeated, tag = "1")]
    pub(super) claims: Vec<ClaimProgress>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ClaimProgress {
    #[prost(message, optional, tag = "1")]
    pub(super) pieces: Option<Pieces>,
    #[prost(uint64, tag = "2")]
    pub(super) received: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Release {
    #[prost(message, optional, tag = "1")]
    pub(super) pieces: Option<Pieces>,
    #[prost(oneof = "Origin", tags = "2, 3")]
    pub(super) origin: Option<Origin>,
}

#[derive(Clone, Copy, PartialEq, prost::Oneof)]
pub(super) enum Origin {
    #[prost(uint32, tag = "2")]
    PauseMs(u32),
    #[prost(message, tag = "3")]
    NoRanges(NoRanges),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct NoRanges {}
