//! A home of its own for each test, and the program running in it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use swarmline_testkit::{Content, TestOrigin};
use swarmline_types::PIECE_SIZE_DEFAULT;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Directories that the program takes for home, work and temporary files. Removed at the end.
pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The JSON lines of stdout.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last JSON line of stdout.
    pub(crate) fn last(&self) -> Value {
        self.lines().pop().unwrap_or_else(|| panic!("no line: {self:?}"))
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "work", "tmp"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// A path in the directory that the program runs in.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    /// Writes a file into the directory that the program runs in.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What stands in the directory for temporary files.
    pub(crate) fn temporary(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.dir.path().join("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarmline"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            // for root the state would stand in the system's directory
            .env("XDG_STATE_HOME", self.dir.path().join("home/state"))
            .env("TMPDIR", self.dir.path().join("tmp"))
            .current_dir(self.work(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end. Arguments are separated by spaces.
    pub(crate) async fn run(&self, arguments: &str) -> Ran {
        self.run_into(arguments, Stdio::piped()).await
    }

    /// The same with a stdout that is not read.
    pub(crate) async fn run_into(&self, arguments: &str, stdout: impl Into<Stdio>) -> Ran {
        // `output` would take stdout for itself.
        let child = self.command(arguments).stdout(stdout).spawn().unwrap();
        let output = timeout(PATIENCE, child.wait_with_output());
        let output = output.await.unwrap_or_else(|_| panic!("{arguments} hangs")).unwrap();
        Ran {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the program; it is killed when the value is dropped.
    pub(crate) fn start(&self, arguments: &str) -> Running {
        let mut child = self.command(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, out, arguments: arguments.to_owned() }
    }
}

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    arguments: String,
}

impl Running {
    /// Waits for the next JSON line of this event.
    pub(crate) async fn until(&mut self, event: &str) -> Value {
        self.until_it(event, |_| true).await
    }

    /// Waits until this many bytes of the file are had.
    pub(crate) async fn until_had(&mut self, bytes: u64) -> Value {
        self.until_it("progress", |line| line["bytes_have"].as_u64().unwrap() >= bytes).await
    }

    async fn until_it(&mut self, event: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            while let Some(line) = self.out.next_line().await.unwrap() {
                let json: Value = serde_json::from_str(&line).unwrap();
                if json["event"] == event && wish(&json) {
                    return json;
                }
            }
            panic!("{} ended without that line {event}", self.arguments)
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no line {event}"))
    }

    /// Waits for the next line of stdout.
    pub(crate) async fn line(&mut self) -> String {
        timeout(PATIENCE, self.out.next_line()).await.expect("a line comes").unwrap().expect("it goes on")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().expect("it runs")).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end. Only what no one has read yet is in the output.
    pub(crate) async fn end(mut self) -> Ran {
        let (mut out, mut err) = (String::new(), String::new());
        let mut stderr = self.child.stderr.take().unwrap();
        let ending = async {
            let reading = async {
                while let Some(line) = self.out.next_line().await.unwrap() {
                    out += &line;
                    out.push('\n');
                }
            };
            let (status, (), read) =
                tokio::join!(self.child.wait(), reading, stderr.read_to_string(&mut err));
            read.unwrap();
            status.unwrap()
        };
        let status = timeout(PATIENCE, ending).await.unwrap_or_else(|_| panic!("{} hangs", self.arguments));
        Ran { code: status.code().unwrap_or(-1), out, err }
    }
}

/// An origin with this content at `/file` and its piece hash file beside it.
pub(crate) async fn published(content: &Content) -> TestOrigin {
    let origin = TestOrigin::start(content.clone()).await;
    origin.put("/file.phf", content.manifest(PIECE_SIZE_DEFAULT).to_phf());
    origin
}

/// Whether a file holds exactly this content.
pub(crate) fn holds(path: &Path, content: &Content) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes == content.to_vec())
}
