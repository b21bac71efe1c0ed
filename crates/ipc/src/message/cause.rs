//! What exactly failed, for programs that must tell failures apart. People read the message.

use serde::{Deserialize, Serialize};

/// What is known of a failure beside its [kind](super::ErrorKind) and its text. The default knows nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Cause {
    /// Where it failed.
    pub at: Option<FaultAt>,
    /// Whether the same may succeed later though nobody changes anything.
    pub is_transient: bool,
    /// What the origin did.
    pub origin: Option<OriginFault>,
    /// The status it answered with, if that was it.
    pub http_status: Option<u16>,
    /// What the system said, by its number, where a file or a connection was at fault.
    pub errno: Option<i32>,
    /// What is wrong with the bytes or with what they are compared with.
    pub integrity: Option<IntegrityFault>,
}

/// Where a transfer failed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultAt {
    /// At the HTTP server.
    Origin,
    /// At a file of this machine.
    Disk,
    /// At the piece hash file.
    Manifest,
    /// In the swarm: nobody offers what is missing.
    Peers,
}

/// What an origin did.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginFault {
    /// Its URL is none that can be fetched.
    Url,
    /// Its name leads to no address.
    NameNotResolved,
    /// No connection.
    Unreachable,
    /// No secure connection.
    Tls,
    /// Of these, its certificate is not accepted.
    Certificate,
    /// It was silent for too long.
    Timeout,
    /// It answered with a status that is no success.
    Status,
    /// It redirects in a circle, or from https to http.
    Redirect,
    /// It does not serve ranges, or not properly.
    NoRanges,
    /// It serves another file than before.
    Changed,
    /// It sent fewer or more bytes than were due.
    WrongAmount,
    /// The connection broke.
    Broken,
    /// What it sent is no proper HTTP, or coded.
    Protocol,
}

/// What is wrong with bytes, or with the piece hash file that they are compared with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityFault {
    /// The piece hash file cannot be had.
    Absent,
    /// It is not the one whose digest is known.
    Digest,
    /// It is no JSON object, too large, or names something twice.
    Json,
    /// It is of another version.
    Version,
    /// Its `HashOfHashes` cannot be read.
    HashOfHashes,
    /// It is the file of another content.
    OtherContent,
    /// Its `HashOfHashes` is not that of its digests.
    Contradiction,
    /// Its `ContentLength` is none.
    ContentLength,
    /// Its `PieceSize` is none, or too small for the content.
    PieceSize,
    /// Its `Pieces` are no list of as many digests as the content has pieces.
    Pieces,
    /// Pieces have another hash than it says.
    Piece,
    /// The whole has another SHA-256 than the caller said.
    Sha256,
    /// The origin serves another file by now.
    Changed,
}
