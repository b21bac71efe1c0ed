//! What came of the demonstration: figures beside the bounds they are measured by.

use std::fmt::Write;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use futures::StreamExt;
use futures::stream;
use serde::Serialize;
use sha2::{Digest, Sha256};
use swarmline_types::{NodeId, Rate};

use super::office::Fetched;
use super::origin::Origin;
use crate::exit::{Exit, Failure, with_causes};
use crate::show::seconds;
use crate::words;

/// The outcome, with every copy compared with the original.
#[derive(Debug)]
pub(super) struct Report {
    file_bytes: u64,
    sha256: [u8; 32],
    wan: Rate,
    origin_bytes: u64,
    rows: Vec<Row>,
}

/// One node.
#[derive(Debug)]
struct Row {
    node: NodeId,
    /// When it was complete, or why it never was.
    ended: Result<Duration, String>,
    from_origin: u64,
    from_peers: u64,
    served: u64,
    is_equal: bool,
}

impl Report {
    /// Hashes the original and every copy, some at a time.
    pub(super) async fn of(
        origin: &Origin,
        wan: Rate,
        nodes: Vec<Fetched>,
        served: &[u64],
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(Exit::Disk, format!("could not compare the files: {}", with_causes(&error)))
        };
        let original = origin.reader().map_err(failed)?;
        let sha256 = off_thread(move || sha256_of(original)).await.map_err(failed)?;
        let copies = stream::iter(&nodes).map(|node| copy_hash(&node.destination)).buffered(HASHERS);
        let copies: Vec<_> = copies.collect().await;
        let rows = nodes.into_iter().zip(copies).zip(served).map(|((node, copy), served)| Row {
            node: node.node,
            ended: node.ended.unwrap_or_else(|| Err("never ended".into())),
            from_origin: node.progress.from_origin,
            from_peers: node.progress.from_peers,
            served: *served,
            is_equal: copy.is_some_and(|copy| copy == sha256),
        });
        let rows = rows.collect();
        Ok(Self { file_bytes: origin.file_bytes(), sha256, wan, origin_bytes: origin.sent_bytes(), rows })
    }

    fn bound(&self) -> Duration {
        self.wan.time_for(self.file_bytes)
    }

    /// When the last node was complete; `None` if one never was.
    fn makespan(&self) -> Option<Duration> {
        self.rows
            .iter()
            .map(|row| row.ended.as_ref().ok().copied())
            .try_fold(Duration::ZERO, |last, took| took.map(|took| last.max(took)))
    }

    fn hashes_equal(&self) -> bool {
        self.rows.iter().all(|row| row.is_equal)
    }

    /// Success only if all are complete and equal.
    pub(super) fn exit(&self) -> Exit {
        match (self.makespan(), self.hashes_equal()) {
            (Some(_), true) => Exit::Success,
            (Some(_), false) => Exit::Integrity,
            (None, _) => Exit::Other,
        }
    }

    /// The table for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a String takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{:<4} {:<9} {:>12} {:>13} {:>13} {:>13}",
            "", "node", "time", "from origin", "from peers", "served"
        )?;
        for (at, row) in self.rows.iter().enumerate() {
            let time = row.ended.as_ref().map_or_else(|_| "failed".into(), |took| words::span(*took));
            let [origin, peers, served] = [row.from_origin, row.from_peers, row.served].map(words::bytes);
            let (number, node) = (at + 1, row.node.short());
            writeln!(text, "{number:>4} {node:<9} {time:>12} {origin:>13} {peers:>13} {served:>13}")?;
        }
        writeln!(text)?;
        for row in &self.rows {
            if let Err(why) = &row.ended {
                writeln!(text, "node {} failed: {why}", row.node.short())?;
            }
        }
        let bound = self.bound();
        if let Some(makespan) = self.makespan() {
            let everyone = bound.saturating_mul(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
            writeln!(text, "everyone has it after  {:>12}", words::span(makespan))?;
            writeln!(
                text,
                "  lower bound          {:>12}   the file over the WAN once; it took {} that",
                words::span(bound),
                times(ratio(makespan.as_secs_f64(), bound.as_secs_f64()))
            )?;
            writeln!(
                text,
                "  all from the origin  {:>12}   {} as long",
                words::span(everyone),
                times(ratio(everyone.as_secs_f64(), makespan.as_secs_f64()))
            )?;
        }
        writeln!(
            text,
            "read from the origin   {:>12}   {} the file ({})",
            words::bytes(self.origin_bytes),
            times(self.origin_ratio()),
            words::bytes(self.file_bytes)
        )?;
        let equal = self.rows.iter().filter(|row| row.is_equal).count();
        let copies = self.rows.len();
        writeln!(
            text,
            "equal to the original  {:>12}   SHA-256 {}",
            format!("{equal} of {copies}"),
            HEXLOWER.encode(&self.sha256)
        )
    }

    fn origin_ratio(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        ratio(self.origin_bytes as f64, self.file_bytes as f64)
    }

    /// The result for programs.
    pub(super) fn json(&self) -> Json {
        let (bound, makespan) = (self.bound(), self.makespan());
        Json {
            nodes: self.rows.len(),
            file_bytes: self.file_bytes,
            wan_bits_per_s: self.wan.as_bits_per_s(),
            origin_bytes: self.origin_bytes,
            origin_ratio: self.origin_ratio(),
            makespan_s: makespan.map(seconds),
            bound_s: seconds(bound),
            makespan_ratio: makespan.and_then(|took| ratio(took.as_secs_f64(), bound.as_secs_f64())),
            hashes_equal: self.hashes_equal(),
            sha256: HEXLOWER.encode(&self.sha256),
            per_node: self.rows.iter().map(RowJson::of).collect(),
        }
    }
}

/// `None` when there is nothing to compare with.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole * 1000.0).round() / 1000.0)
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.2} ×"))
}

/// The result as the last line of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Json {
    nodes: usize,
    file_bytes: u64,
    wan_bits_per_s: u64,
    origin_bytes: u64,
    origin_ratio: Option<f64>,
    makespan_s: Option<f64>,
    bound_s: f64,
    makespan_ratio: Option<f64>,
    hashes_equal: bool,
    sha256: String,
    per_node: Vec<RowJson>,
}

#[derive(Debug, Serialize)]
struct RowJson {
    node: NodeId,
    time_s: Option<f64>,
    error: Option<String>,
    from_origin: u64,
    from_peers: u64,
    served: u64,
    equal: bool,
}

impl RowJson {
    fn of(row: &Row) -> Self {
        Self {
            node: row.node,
            time_s: row.ended.as_ref().ok().copied().map(seconds),
            error: row.ended.as_ref().err().cloned(),
            from_origin: row.from_origin,
            from_peers: row.from_peers,
            served: row.served,
            equal: row.is_equal,
        }
    }
}

/// SHA-256 of a copy; `None` if there is none that can be read.
async fn copy_hash(path: &Path) -> Option<[u8; 32]> {
    let path = path.to_owned();
    off_thread(move || sha256_of(File::open(path)?)).await.ok()
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Reads the file from its beginning; blocks.
fn sha256_of(file: File) -> io::Result<[u8; 32]> {
    let (mut sha256, mut buffer, mut at) = (Sha256::new(), vec![0; READ_BYTES], 0);
    loop {
        match file.read_at(&mut buffer, at)? {
            0 => return Ok(sha256.finalize().into()),
            got => {
                sha256.update(&buffer[..got]);
                at += got as u64;
            }
        }
    }
}

/// Files that are hashed at a time.
const HASHERS: usize = 4;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: u8, ended: Result<u64, &str>) -> Row {
        let is_equal = ended.is_ok();
        Row {
            node: NodeId::new([seed; 32]),
            ended: ended.map(Duration::from_millis).map_err(Into::into),
            from_origin: 2_000_000,
            from_peers: 3_000_000,
            served: 1_000_000,
            is_equal,
        }
    }

    fn report(rows: Vec<Row>) -> Report {
        let wan = "20mbit".parse().unwrap();
        Report { file_bytes: 5_000_000, sha256: [0xab; 32], wan, origin_bytes: 5_100_000, rows }
    }

    #[test]
    fn the_table_compares_with_both_bounds() {
        insta::assert_snapshot!(report(vec![row(1, Ok(2100)), row(2, Ok(2200))]).text(), @r"
             node              time   from origin    from peers        served
           1 01010101         2.1 s      1.91 MiB      2.86 MiB    976.56 KiB
           2 02020202         2.2 s      1.91 MiB      2.86 MiB    976.56 KiB

        everyone has it after         2.2 s
          lower bound                 2.0 s   the file over the WAN once; it took 1.10 × that
          all from the origin         4.0 s   1.82 × as long
        read from the origin       4.86 MiB   1.02 × the file (4.77 MiB)
        equal to the original        2 of 2   SHA-256 abababababababababababababababababababababababababababababababab
        ");
    }

    #[test]
    fn a_node_that_failed_is_named_and_fails_the_run() {
        let report = report(vec![row(1, Ok(2100)), row(2, Err("no space left"))]);
        assert!(report.text().contains("node 02020202 failed: no space left"), "{}", report.text());
        assert_eq!(report.exit(), Exit::Other);
        let json = serde_json::to_value(report.json()).unwrap();
        assert_eq!(json["makespan_s"], serde_json::Value::Null);
        assert_eq!(
            (&json["hashes_equal"], &json["per_node"][1]["error"]),
            (&false.into(), &"no space left".into())
        );
    }

    #[test]
    fn a_copy_that_differs_fails_the_run() {
        let mut report = report(vec![row(1, Ok(2100)), row(2, Ok(2200))]);
        assert_eq!(report.exit(), Exit::Success);
        report.rows[0].is_equal = false;
        assert_eq!(report.exit(), Exit::Integrity);
    }

    #[test]
    fn programs_get_the_figures() {
        let json = serde_json::to_value(report(vec![row(1, Ok(2100)), row(2, Ok(2200))]).json()).unwrap();
        assert_eq!(json["wan_bits_per_s"], 20_000_000);
        assert_eq!((&json["makespan_s"], &json["bound_s"]), (&2.2.into(), &2.0.into()));
        assert_eq!((&json["makespan_ratio"], &json["origin_ratio"]), (&1.1.into(), &1.02.into()));
        assert_eq!(json["hashes_equal"], true);
    }

    #[test]
    fn an_empty_file_has_no_ratios() {
        let report = Report { file_bytes: 0, ..report(vec![row(1, Ok(10))]) };
        assert_eq!(serde_json::to_value(report.json()).unwrap()["makespan_ratio"], serde_json::Value::Null);
        assert!(report.text().contains("- the file"));
    }
}
