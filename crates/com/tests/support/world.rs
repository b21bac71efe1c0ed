//! A world for programs: an origin on loopback, a state directory of their own, and nodes that hold a file.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use swarmline_engine::{Engine, Settings};
use swarmline_ipc::message::{AddRequest, Event};
use swarmline_net::{Discovery, PeerAddr};
use swarmline_store::Store;
use swarmline_testkit::{Content, TestOrigin};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Bytes of a piece: small, so that progress has many steps.
const PIECE: u32 = 1 << 16;

/// See the module. Nothing in it leaves loopback or looks for others.
pub(crate) struct World {
    pub(crate) origin: TestOrigin,
    nodes: Vec<Engine>,
    runtime: Runtime,
    dir: TempDir,
}

impl World {
    /// With an origin that serves nothing yet.
    pub(crate) fn new() -> Result<Self, Failed> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let origin = runtime.block_on(TestOrigin::empty());
        Ok(Self { origin, nodes: Vec::new(), runtime, dir: tempfile::tempdir()? })
    }

    /// Noise at a path of the origin, with its manifest beside it.
    pub(crate) fn publish(&self, path: &str, seed: u64, len: u64) -> Content {
        let content = Content::random(seed, len);
        self.origin.put(path, content.clone());
        self.origin.put(&format!("{path}.phf"), content.manifest(PIECE).to_phf());
        content
    }

    /// One more node, which holds this content, and which programs know from then on.
    pub(crate) fn hold(&mut self, content: &Content) -> Result<(), Failed> {
        let dir = self.path(&format!("node-{}", self.nodes.len()));
        std::fs::create_dir(&dir)?;
        let file = dir.join("file");
        std::fs::write(&file, content.to_vec())?;
        std::fs::write(dir.join("file.phf"), content.manifest(PIECE).to_phf())?;
        let settings = Settings {
            listen: vec![([127, 0, 0, 1], 0).into()],
            discovery: Discovery::Off,
            ..Settings::default()
        };
        let node = self.runtime.block_on(async {
            let engine = Engine::start(Store::open(&dir.join("state"))?, settings.engine()).await?;
            match engine.add(AddRequest { path: file, phf: None }).await {
                Event::Added { .. } => Ok::<_, Failed>(engine),
                other => Err(format!("{other:?}").into()),
            }
        })?;
        self.nodes.push(node);
        Ok(())
    }

    /// A path that belongs to this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The state directory of programs.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.path("state")
    }

    /// Puts a program into this world.
    pub(crate) fn place(&self, command: &mut Command) -> Result<(), Failed> {
        let config = self.path("swarmline.toml");
        std::fs::write(&config, self.config())?;
        command.env("SWARMLINE_STATE_DIR", self.state_dir()).env("SWARMLINE_CONFIG", config);
        Ok(())
    }

    fn config(&self) -> String {
        let addr = |node: &Engine| PeerAddr::new(node.listen_addrs()[0], Some(node.node()));
        let mut peers = String::new();
        for node in &self.nodes {
            write!(peers, "\"{}\", ", addr(node)).expect("a String takes everything");
        }
        let discovery = if self.nodes.is_empty() { "off" } else { "static" };
        format!("listen = [\"127.0.0.1:0\"]\ndiscovery = \"{discovery}\"\npeers = [{peers}]\n")
    }
}

/// Fails unless the file is this content.
pub(crate) fn holds(path: &Path, content: &Content) -> Result<(), Failed> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes == content.to_vec() { Ok(()) } else { Err(format!("{} differs", path.display()).into()) }
}
