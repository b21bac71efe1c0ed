//! What a run works with: a published file, an origin, nodes with their state directories.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, TestOrigin};
use swarmline_types::{PIECE_SIZE_DEFAULT, Rate};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::process::{Process, program};
use super::{assert_holds, soon};

/// A scripted origin with threads of its own.
pub(crate) struct Origin {
    // Before the runtime that it lives on.
    origin: TestOrigin,
    runtime: Runtime,
}

impl Origin {
    /// Serves nothing yet.
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let origin = runtime.block_on(TestOrigin::empty());
        Self { origin, runtime }
    }

    /// Sends at most this many MiB/s from now on.
    pub(crate) fn limit_mib_per_s(&self, mib_per_s: u64) {
        self.origin.limit(Rate::bytes_per_s(mib_per_s << 20));
    }

    /// Bytes of `/file` that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.origin.counts("/file").body_bytes
    }

    /// Waits until no answer for `/file` is under way, so that [`sent`](Self::sent) stands still.
    pub(crate) fn rest(&self) {
        self.runtime.block_on(self.origin.until_idle("/file"));
    }
}

impl Deref for Origin {
    type Target = TestOrigin;

    fn deref(&self) -> &TestOrigin {
        &self.origin
    }
}

/// A file at `/file` of an origin, its piece hash file beside it, and a directory for everything else.
pub(crate) struct Published {
    pub(crate) origin: Origin,
    pub(crate) content: Content,
    pub(crate) manifest: Manifest,
    pub(crate) dir: TempDir,
}

impl Published {
    /// `len` bytes of noise in pieces of 1 MiB.
    pub(crate) fn new(seed: u64, len: u64) -> Self {
        let site = Self::without_manifest(seed, len);
        site.origin.put("/file.phf", site.manifest.to_phf());
        site
    }

    /// As [`new`](Self::new), with the file alone at the origin.
    pub(crate) fn without_manifest(seed: u64, len: u64) -> Self {
        // Held in memory: noise made anew for each answer would cost more than the answer.
        let content = Content::from(Content::random(seed, len).to_vec());
        let manifest = content.manifest(PIECE_SIZE_DEFAULT);
        let origin = Origin::start();
        origin.put("/file", content.clone());
        Self { origin, content, manifest, dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Fails unless the file stands at all these paths.
    pub(crate) fn assert_stands_at(&self, names: &[&str]) {
        names.iter().for_each(|name| assert_holds(&self.path(name), &self.content));
    }

    /// A node with its state in a directory of this name.
    pub(crate) fn node(&self, name: &str) -> Node {
        Node { state: self.path(name) }
    }

    /// `get` of the file by a node, to a path of this name.
    pub(crate) fn get(&self, node: &Node, out: &str) -> Command {
        node.get(&self.origin.url(), &self.path(out))
    }
}

/// A state directory, and the commands on it. Whatever listens does so on loopback.
pub(crate) struct Node {
    state: PathBuf,
}

impl Node {
    /// A command on this state directory that prints JSON.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = program();
        command.arg(name).arg("--json").arg("--state-dir").arg(&self.state);
        command
    }

    /// `get` that waits for nobody's call but the peers' that are named to it.
    pub(crate) fn get(&self, url: &str, out: &Path) -> Command {
        let mut command = self.command("get");
        command.arg(url).arg("-o").arg(out).args(ON_LOOPBACK);
        command
    }

    pub(crate) fn daemon(&self) -> Command {
        let mut command = self.command("daemon");
        command.args(ON_LOOPBACK);
        command
    }

    /// What the running process does; `None` if there is none.
    pub(crate) fn status(&self) -> Option<Value> {
        let ended = Process::run(self.command("status"));
        match ended.code() {
            Some(NOT_RUNNING) => None,
            _ => Some(ended.expect(0).result()),
        }
    }

    /// Where the running process accepts connections. Waits until it answers.
    pub(crate) fn addr(&self) -> String {
        let status = soon("a node that answers", || self.status());
        status["listen"][0].as_str().expect("it listens").to_owned()
    }
}

/// The part files in a directory.
pub(crate) fn part_files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(".swarmline-part")).collect()
}

const ON_LOOPBACK: [&str; 4] = ["--listen", "127.0.0.1:0", "--discovery", "static"];

/// The exit code of `status` when no process owns the state directory.
const NOT_RUNNING: i32 = 10;
