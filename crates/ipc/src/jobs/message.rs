//! What both sides of a job session say.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use swarmline_jobs::{Call, HResult, Notice, Reply, Token};

use crate::lines::{LINE_BYTES_MAX, to_line};

/// Most bytes that a stream is given at once: 256 KiB. In base64 they fit a line.
pub const SINK_BYTES_MAX: usize = 256 << 10;

/// Most entries of a list in one line. The longest entry, a name of 256 units all of which are escaped, has 2 KB.
const ROWS_MAX: usize = 256;

/// What a client says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FromClient {
    /// A call; answered by [`FromOwner::Answer`].
    Call {
        /// Names the call among those that wait for their answer.
        id: u64,
        /// What is called.
        call: Call,
    },
    /// A callback or a write has come to its end.
    Returned {
        /// Which.
        ticket: u64,
        /// What the client's object answered.
        code: HResult,
    },
}

/// What the owner of the state directory says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FromOwner {
    /// The session has begun; always the first.
    Welcome,
    /// The answer to a call.
    Answer {
        /// Which.
        id: u64,
        /// How it went.
        reply: Result<Reply, HResult>,
    },
    /// A callback is due; answered by [`FromClient::Returned`].
    Notice {
        /// Names this callback.
        ticket: u64,
        /// Which object is called.
        token: Token,
        /// With what.
        notice: Notice,
    },
    /// The next bytes of a stream; answered by [`FromClient::Returned`].
    Write {
        /// Names this write.
        ticket: u64,
        /// Which stream.
        token: Token,
        /// At most [`SINK_BYTES_MAX`].
        #[serde(with = "base64")]
        bytes: Vec<u8>,
    },
    /// The object is needed no more.
    Release {
        /// Which.
        token: Token,
    },
    /// The session ends here, because of the client; always the last.
    Closed {
        /// Why, for people.
        reason: String,
    },
}

/// One line of the owner: a message, or a part of a list that goes on in the next answer to the same call.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Line {
    Part { part: FromOwner },
    Whole(FromOwner),
}

/// The lines of one message. An answer that fits no line becomes `E_OUTOFMEMORY`.
pub(super) fn lines_of(message: FromOwner) -> Result<Vec<Vec<u8>>, serde_json::Error> {
    let FromOwner::Answer { id, reply } = message else { return Ok(vec![to_line(&message)?]) };
    let mut pages = match reply {
        Ok(Reply::Jobs(rows)) => pages_of(rows, Reply::Jobs),
        Ok(Reply::Downloads(rows)) => pages_of(rows, Reply::Downloads),
        reply => vec![reply],
    };
    let last = pages.pop().unwrap_or(Err(HResult::E_UNEXPECTED));
    let mut lines = Vec::with_capacity(pages.len() + 1);
    for reply in pages {
        lines.push(to_line(&Line::Part { part: FromOwner::Answer { id, reply } })?);
    }
    let line = to_line(&FromOwner::Answer { id, reply: last })?;
    if line.len() > LINE_BYTES_MAX {
        return lines_of(FromOwner::Answer { id, reply: Err(HResult::E_OUTOFMEMORY) });
    }
    lines.push(line);
    Ok(lines)
}

fn pages_of<T>(mut rows: Vec<T>, page: fn(Vec<T>) -> Reply) -> Vec<Result<Reply, HResult>> {
    let mut pages = Vec::new();
    while rows.len() > ROWS_MAX {
        let rest = rows.split_off(ROWS_MAX);
        pages.push(Ok(page(std::mem::replace(&mut rows, rest))));
    }
    pages.push(Ok(page(rows)));
    pages
}

/// A list with what follows it. Anything else is replaced by what follows.
pub(super) fn joined(list: Option<Reply>, rest: Result<Reply, HResult>) -> Result<Reply, HResult> {
    match (list, rest) {
        (Some(Reply::Jobs(mut rows)), Ok(Reply::Jobs(more))) => {
            rows.extend(more);
            Ok(Reply::Jobs(rows))
        }
        (Some(Reply::Downloads(mut rows)), Ok(Reply::Downloads(more))) => {
            rows.extend(more);
            Ok(Reply::Downloads(rows))
        }
        (_, rest) => rest,
    }
}

mod base64 {
    use data_encoding::BASE64;
    use serde::de::Error;

    use super::{Deserialize, Deserializer, SINK_BYTES_MAX, Serializer};

    #[expect(clippy::ptr_arg, reason = "what serde calls it with")]
    pub(super) fn serialize<S: Serializer>(bytes: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let bytes = BASE64.decode(String::deserialize(from)?.as_bytes()).map_err(D::Error::custom)?;
        if bytes.len() > SINK_BYTES_MAX {
            return Err(D::Error::custom(format_args!("more than {SINK_BYTES_MAX} bytes at once")));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use swarmline_jobs::{DownloadId, Guid, JobId, JobPriority, JobProgress, JobState, JobSummary};

    use super::*;

    fn row(number: u128) -> JobSummary {
        JobSummary {
            job: JobId(Guid::from_u128(number)),
            name: "\u{1}".repeat(256),
            user: u32::MAX,
            state: JobState::TransientError,
            priority: JobPriority::Foreground,
            progress: JobProgress {
                bytes_total: u64::MAX,
                bytes_transferred: u64::MAX,
                files_total: u32::MAX,
                files_transferred: u32::MAX,
            },
        }
    }

    fn read(lines: &[Vec<u8>]) -> Result<Reply, HResult> {
        let mut list = None;
        for line in lines {
            assert!(line.len() <= LINE_BYTES_MAX, "{} bytes", line.len());
            match serde_json::from_slice(line).unwrap() {
                Line::Part { part: FromOwner::Answer { reply, .. } } => list = joined(list, reply).ok(),
                Line::Whole(FromOwner::Answer { reply, .. }) => return joined(list, reply),
                other => panic!("{other:?}"),
            }
        }
        panic!("no last line")
    }

    #[test]
    fn a_list_of_any_length_arrives_whole_in_lines_that_are_bounded() {
        for count in [0, 1, ROWS_MAX, ROWS_MAX + 1, 3 * ROWS_MAX] {
            let rows: Vec<_> = (0..count as u128).map(row).collect();
            let reply = Ok(Reply::Jobs(rows));
            let lines = lines_of(FromOwner::Answer { id: 1, reply: reply.clone() }).unwrap();
            assert_eq!(lines.len(), count.div_ceil(ROWS_MAX).max(1));
            assert!(read(&lines) == reply, "{count} rows");
        }
        let ids = (0..1000).map(|number| DownloadId(Guid::from_u128(number))).collect();
        let reply = Ok(Reply::Downloads(ids));
        let lines = lines_of(FromOwner::Answer { id: 1, reply: reply.clone() }).unwrap();
        assert_eq!((lines.len(), read(&lines)), (4, reply));
    }

    #[test]
    fn an_answer_that_fits_no_line_is_an_error_and_not_a_broken_session() {
        let reply = Ok(Reply::Text("x".repeat(LINE_BYTES_MAX)));
        let lines = lines_of(FromOwner::Answer { id: 7, reply }).unwrap();
        assert_eq!(read(&lines), Err(HResult::E_OUTOFMEMORY));
    }

    #[test]
    fn bytes_of_a_stream_fit_a_line_and_no_more_are_taken() {
        let write =
            |len| FromOwner::Write { ticket: u64::MAX, token: Token(u64::MAX), bytes: vec![0xFF; len] };
        let line = to_line(&write(SINK_BYTES_MAX)).unwrap();
        assert!(line.len() < LINE_BYTES_MAX);
        assert_eq!(serde_json::from_slice::<FromOwner>(&line).unwrap(), write(SINK_BYTES_MAX));
        let line = to_line(&write(SINK_BYTES_MAX + 1)).unwrap();
        assert!(serde_json::from_slice::<FromOwner>(&line).is_err());
    }

    #[test]
    fn each_message_is_what_it_was_behind_its_line() {
        let said = FromClient::Call { id: 1, call: Call::CreateDownload };
        assert_eq!(serde_json::to_string(&said).unwrap(), r#"{"call":{"id":1,"call":"create_download"}}"#);
        let returned = FromClient::Returned { ticket: 3, code: HResult::E_ABORT };
        let line = serde_json::to_string(&returned).unwrap();
        assert_eq!(serde_json::from_str::<FromClient>(&line).unwrap(), returned);
        assert!(
            serde_json::from_str::<FromClient>(r#"{"returned":{"ticket":3,"code":0,"more":1}}"#).is_err()
        );
    }
}
