//! The nodes of the demonstration: complete ones, each with its own state directory, that know each other's addresses.

use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use swarmline_engine::{Engine, EngineConfig, Settings};
use swarmline_ipc::message::{Event, GetOptions, GetRequest, ManifestSource, Progress};
use swarmline_net::{Discovery, PeerAddr};
use swarmline_store::Store;
use swarmline_types::{NodeId, Priority};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::TICK;
use super::origin::Origin;
use crate::exit::{Exit, Failure};
use crate::values::Limit;

/// What the office is like.
#[derive(Debug)]
pub(super) struct Setting {
    /// Where everything is kept.
    pub(super) dir: PathBuf,
    pub(super) nodes: usize,
    /// How fast each node sends to others.
    pub(super) upload: Limit,
}

/// Nodes that run and are not told yet what to fetch.
pub(super) struct Office {
    members: Vec<Member>,
}

struct Member {
    engine: Engine,
    request: GetRequest,
}

/// How far one node is, or was when it ended.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) node: NodeId,
    pub(super) destination: PathBuf,
    pub(super) progress: Progress,
    /// When its file was complete, counted from the common start, or why it never was; `None` while it runs.
    pub(super) ended: Option<Result<Duration, String>>,
}

impl Office {
    /// Starts the nodes one after the other, each with the addresses of those before it.
    pub(super) async fn open(setting: &Setting, origin: &Origin) -> Result<Self, Failure> {
        let mut office = Self { members: Vec::with_capacity(setting.nodes) };
        for number in 1..=setting.nodes {
            let member = office.start(setting, number, origin).await;
            match member {
                Ok(member) => office.members.push(member),
                Err(failure) => {
                    office.close().await;
                    return Err(failure);
                }
            }
        }
        Ok(office)
    }

    async fn start(&self, setting: &Setting, number: usize, origin: &Origin) -> Result<Member, Failure> {
        let dir = setting.dir.join(format!("node-{number}"));
        let state = dir.join("state");
        let opened = tokio::task::spawn_blocking(move || Store::open(&state)).await;
        let store = opened
            .map_err(|error| Failure::caused_by(Exit::Other, &error))?
            .map_err(|error| Failure::caused_by(Exit::Disk, &error))?;
        let engine = Engine::start(store, self.config(setting))
            .await
            .map_err(|error| Failure::caused_by(Exit::Other, &error))?;
        let request = GetRequest {
            url: Some(origin.url()),
            destination: dir.join("file"),
            manifest: ManifestSource::Origin,
            sha256: None,
            force: false,
            priority: Priority::Foreground,
            options: GetOptions::default(),
        };
        Ok(Member { engine, request })
    }

    fn config(&self, setting: &Setting) -> EngineConfig {
        let peers = self.members.iter().flat_map(|member| {
            let node = Some(member.engine.node());
            member.engine.listen_addrs().into_iter().map(move |addr| PeerAddr::new(addr, node))
        });
        let settings = Settings {
            listen: vec![([127, 0, 0, 1], 0).into()],
            discovery: Discovery::Static,
            peers: peers.collect(),
            max_upload_rate: setting.upload.0,
            ..Settings::default()
        };
        let mut config = settings.engine();
        let share = BUFFERS_MAX / setting.nodes.max(1) as u64;
        config.node.buffer_bytes_max = share.min(config.node.buffer_bytes_max);
        config
    }

    /// Names for people: number and the beginning of the key.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |(at, member): (usize, &Member)| format!("{:>2} {}", at + 1, member.engine.node().short());
        self.members.iter().enumerate().map(name).collect()
    }

    /// Has every node fetch the file, all from the same moment on, and ends when each is complete or has failed.
    ///
    /// `tell` is called about five times a second. Nodes that are complete go on serving.
    pub(super) async fn fetch(&self, mut tell: impl FnMut(&[Fetched])) -> Vec<Fetched> {
        let (sender, mut events) = mpsc::channel(EVENTS_MAX);
        // One a node. They end with this function: their receivers are then dropped, which ends no complete node.
        let mut listening = JoinSet::new();
        let began = Instant::now();
        let mut nodes = Vec::with_capacity(self.members.len());
        for (at, member) in self.members.iter().enumerate() {
            let receiver = member.engine.get(member.request.clone());
            listening.spawn(listen(at, receiver, sender.clone()));
            nodes.push(Fetched {
                node: member.engine.node(),
                destination: member.request.destination.clone(),
                progress: Progress::default(),
                ended: None,
            });
        }
        drop(sender);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while nodes.iter().any(|node| node.ended.is_none()) {
            tokio::select! {
                Some((at, event)) = events.recv() => nodes[at].take(event, began),
                _ = tick.tick() => tell(&nodes),
            }
        }
        tell(&nodes);
        nodes
    }

    /// Bytes that each node has sent to others.
    pub(super) async fn served(&self) -> Vec<u64> {
        let served = self.members.iter().map(|member| async {
            let status = member.engine.status().await;
            status.map_or(0, |status| status.contents.iter().map(|content| content.served).sum())
        });
        join_all(served).await
    }

    /// Ends all nodes.
    pub(super) async fn close(self) {
        join_all(self.members.into_iter().map(|member| member.engine.shutdown())).await;
    }
}

impl Fetched {
    /// Takes in an event; `None` when there will be no more.
    fn take(&mut self, event: Option<Event>, began: Instant) {
        match event {
            _ if self.ended.is_some() => {}
            Some(Event::Progress(progress)) => self.progress = progress,
            Some(Event::Completed(progress)) => {
                self.progress = progress;
                self.ended = Some(Ok(began.elapsed()));
            }
            Some(Event::Failed(error)) => self.ended = Some(Err(error.message)),
            Some(Event::Added { .. } | Event::Node(_) | Event::Held(_)) | None => {
                self.ended = Some(Err("the engine ended".into()));
            }
        }
    }
}

/// Passes on what one engine tells, to the end.
async fn listen(at: usize, mut from: mpsc::Receiver<Event>, to: mpsc::Sender<(usize, Option<Event>)>) {
    while let Some(event) = from.recv().await {
        if to.send((at, Some(event))).await.is_err() {
            return;
        }
    }
    let _ = to.send((at, None)).await;
}

/// Events of all nodes that wait to be taken in.
const EVENTS_MAX: usize = 256;
/// Bytes of pieces in flight, of all nodes together.
const BUFFERS_MAX: u64 = 256 << 20;
