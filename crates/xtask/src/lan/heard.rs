//! What is picked out of the lines that a node prints: when it saw the others, and what became of its bytes.

use std::io::{BufRead, Read, Write};

use serde::{Deserialize, Serialize};

/// A line that a node prints is read up to here; more of it is cut off.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What a node has said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// When it was first connected with all others, in seconds since its start.
    pub(super) peers_seen_s: Option<f64>,
    /// What had become of its bytes, as it said last.
    pub(super) tally: Option<Tally>,
}

/// Content bytes that a node received, and those of them that were of no use.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Tally {
    pub(super) from_origin: u64,
    pub(super) from_peers: u64,
    /// Of pieces that another source had brought before.
    pub(super) duplicate: u64,
    /// Of pieces with a wrong hash.
    pub(super) failed_hash: u64,
    /// Of requests that were cancelled or broke off.
    pub(super) cancelled: u64,
}

/// Copies what a node prints into its log until it ends. `others`: so many nodes are all others.
pub(super) fn listen(mut out: impl BufRead, mut log: impl Write, others: u64) -> Heard {
    let mut heard = Heard::default();
    let mut line = Vec::new();
    while let Ok(1..) = out.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
        let _ = log.write_all(&line);
        heard.peers_seen_s = heard.peers_seen_s.or_else(|| saw_all(&line, others));
        heard.tally = serde_json::from_slice(&line).ok().or(heard.tally);
        line.clear();
    }
    heard
}

/// The time in an event line that says so, if it says that enough nodes are connected.
fn saw_all(line: &[u8], others: u64) -> Option<f64> {
    #[derive(Deserialize)]
    struct Peers {
        event: String,
        t_s: f64,
        connected: u64,
    }
    let peers: Peers = serde_json::from_slice(line).ok()?;
    (peers.event == "peers" && peers.connected >= others).then_some(peers.t_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_with_all_others_counts() {
        let said = "\
not json
{\"event\":\"progress\",\"t_s\":0.1,\"bytes\":5}
{\"event\":\"peers\",\"t_s\":0.4,\"connected\":6}
{\"event\":\"peers\",\"t_s\":1.5,\"connected\":7,\"more\":true}
{\"event\":\"peers\",\"t_s\":9.0,\"connected\":7}
";
        let mut log = Vec::new();
        assert_eq!(listen(said.as_bytes(), &mut log, 7).peers_seen_s, Some(1.5));
        assert_eq!(log, said.as_bytes(), "the log holds every line");
        assert_eq!(listen(said.as_bytes(), std::io::sink(), 8), Heard::default());
    }

    #[test]
    fn the_last_tally_counts() {
        let said = r#"{"event":"progress","from_origin":1,"from_peers":2,"duplicate":0,"failed_hash":0,"cancelled":0}
{"event":"completed","from_origin":7,"from_peers":8,"wasted":6,"duplicate":1,"failed_hash":2,"cancelled":3}
{"event":"peers","t_s":1.0,"connected":0}
"#;
        let tally = Tally { from_origin: 7, from_peers: 8, duplicate: 1, failed_hash: 2, cancelled: 3 };
        assert_eq!(listen(said.as_bytes(), std::io::sink(), 1).tally, Some(tally));
    }
}
