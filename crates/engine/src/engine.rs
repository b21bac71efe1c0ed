//! The handle that others hold, and the start and end of everything.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use swarmline_ipc::message::{AddRequest, ErrorKind, Event, GetRequest, NodeStatus, TransferError};
use swarmline_net::{Discovery, Net};
use swarmline_origin::Origin;
use swarmline_proto::Manifest;
use swarmline_scheduler::NodeConfig;
use swarmline_store::{Begun, Content, Placeholder, Store};
use swarmline_trace::NodeFacts;
use swarmline_types::{CapacityClass, NodeId, Priority};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, info};

use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::content::{TransferId, with_causes};
use crate::disk::Disk;
use crate::download::{Control, Download, Live, ORDERS_MAX};
use crate::driver::{COMMANDS_MAX, Command, Driver, Open, Settings};
use crate::error::{IntoFailure, StartError, failure};
use crate::pace::Pace;
use crate::trace::Trace;
use crate::transfer::{Absent, EVENTS_MAX, Transfer, read_phf};

/// A running node. Cheap to clone; the last clone dropped ends it without a goodbye, [`shutdown`](Self::shutdown) in
/// order.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What transfers use beside the driver.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) origin: Origin,
    pub(crate) disk: Disk,
    pub(crate) pace: Pace,
    pub(crate) settings: TransferSettings,
    net: Net,
    commands: mpsc::Sender<Command>,
    last_transfer: AtomicU64,
}

/// What transfers need to know.
pub(crate) struct TransferSettings {
    pub(crate) no_progress_timeout: Duration,
    pub(crate) orphan_grace: Duration,
    pub(crate) seed: u64,
}

impl Shared {
    pub(crate) fn new_transfer(&self) -> TransferId {
        TransferId(self.last_transfer.fetch_add(1, Ordering::Relaxed))
    }

    /// A driver that is gone answers nothing; whoever waits for an answer learns by that.
    pub(crate) async fn command(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }
}

/// How long a node with discovery waits for others before it takes the origin for itself alone.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the goodbye may take.
const SHUTDOWN_MAX: Duration = Duration::from_secs(3);

impl Engine {
    /// Starts the node: network, driver, and what the state directory holds complete is offered. `store` holds the
    /// lock of the state directory, so nobody else runs one on it.
    ///
    /// # Errors
    /// When the network does not start, a port in use above all, or a trace is asked for and cannot be begun.
    pub async fn start(store: Store, config: EngineConfig) -> Result<Self, StartError> {
        let mut net_config = config.net;
        net_config.seed = *store.state().identity();
        let finds_others = net_config.discovery != Discovery::Off;
        let class = net_config.class;
        let (net, events) = Net::start(net_config).await?;
        let (clock, disk, origin) = (Clock::start(), Disk::new(), Origin::new(config.origin));
        let trace = begin_trace(config.trace, &disk, net.node(), class, &config.node).await?;
        let pace = Pace::new(clock, config.node.download_rate.is_some());
        let seed = seed(net.node());
        let settings = Settings {
            class,
            node: config.node,
            settle: if finds_others { SETTLE } else { Duration::ZERO },
            no_progress_timeout: config.no_progress_timeout,
            orphan_grace: config.orphan_grace,
            seed,
        };
        let (driver, outcomes) = Driver::new(settings, clock, net.clone(), disk.clone(), pace.clone(), trace);
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        tokio::spawn(driver.run(inbox, events, outcomes));
        let settings = TransferSettings {
            no_progress_timeout: config.no_progress_timeout,
            orphan_grace: config.orphan_grace,
            seed,
        };
        let last_transfer = AtomicU64::new(0);
        let shared = Shared { store, origin, disk, pace, settings, net, commands, last_transfer };
        let engine = Self { shared: Arc::new(shared) };
        engine.offer_what_is_held().await?;
        Ok(engine)
    }

    /// Who this node is.
    pub fn node(&self) -> NodeId {
        self.shared.net.node()
    }

    /// The state directory, absolute.
    pub(crate) fn state_dir(&self) -> &std::path::Path {
        self.shared.store.state().path()
    }

    /// The content that records are kept of for a destination. Blocking.
    pub(crate) fn content_at(&self, destination: &std::path::Path) -> Option<swarmline_types::ContentId> {
        self.shared.store.content_at(destination).ok().flatten().map(|(content, _)| content)
    }

    /// Where it accepts connections.
    pub fn listen_addrs(&self) -> Vec<SocketAddr> {
        self.shared.net.listen_addrs()
    }

    /// Begins a download. Its events end with [`Event::Failed`], or go on with [`Event::Completed`] each time something
    /// about the complete content changes, as long as the receiver is kept. Dropping the receiver earlier cancels;
    /// the part file stays for the next attempt.
    pub fn get(&self, request: GetRequest) -> mpsc::Receiver<Event> {
        self.begin(request, None).events
    }

    /// Begins a download that is held in the hand: its events, and what it can be told. With
    /// [`hold`](swarmline_ipc::message::GetOptions::hold) it comes to [`Event::Held`] and waits there to be handed over,
    /// over restarts too, if it is begun again then; one that was handed over already is handed over again without effect.
    ///
    /// A `placeholder` that was made at the destination counts as nothing, and is replaced.
    pub fn begin(&self, request: GetRequest, placeholder: Option<Placeholder>) -> Download {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let (shared, live) = (self.shared.clone(), Arc::new(Live::new(request.priority)));
        let transfer = Transfer::new(shared.clone(), request, placeholder, events, live.clone());
        let id = transfer.id();
        tokio::spawn(transfer.run(inbox));
        Download { events: receiver, control: Control { orders, live, shared, id } }
    }

    /// Removes what a download that does not run has left at a destination: part file, records, and the placeholder if
    /// it still is one. Whatever else stands there stays.
    ///
    /// # Errors
    /// When something cannot be removed, or a download to there is running.
    pub async fn discard(
        &self,
        destination: &Path,
        placeholder: Option<Placeholder>,
    ) -> Result<(), TransferError> {
        let (shared, path) = (self.shared.clone(), destination.to_owned());
        let looked = self.shared.disk.run(move || shared.store.content_at(&path).ok().flatten()).await;
        if let Some((content, destination)) = looked.flatten() {
            // A content that is complete is served from its part file, though nobody waits for it any more.
            let (by, (reply, abandoned)) = (self.shared.new_transfer(), oneshot::channel());
            self.shared.command(Command::Abandon { content, by, destination, reply }).await;
            let _ = abandoned.await;
        }
        self.shared.clear(destination.to_owned(), placeholder).await
    }

    /// Verifies a file and offers it: [`Event::Added`] or [`Event::Failed`].
    pub async fn add(&self, request: AddRequest) -> Event {
        match self.try_add(request).await {
            Ok((manifest, file)) => {
                let (content, bytes) = (manifest.content(), manifest.layout().content_len());
                self.offer(manifest, file).await;
                Event::Added { content, bytes }
            }
            Err(error) => Event::Failed(error),
        }
    }

    /// What it is doing. `None` once it has ended.
    pub async fn status(&self) -> Option<NodeStatus> {
        let (reply, answer) = oneshot::channel();
        self.shared.command(Command::Status { reply }).await;
        answer.await.ok()
    }

    /// Says goodbye to the peers and ends all tasks; takes 3 s at most. Downloads fail as stopped, their part files stay.
    pub async fn shutdown(self) {
        let (reply, answer) = oneshot::channel();
        let goodbye = async {
            self.shared.command(Command::Shutdown { reply }).await;
            let _ = answer.await;
        };
        if tokio::time::timeout(SHUTDOWN_MAX, goodbye).await.is_err() {
            debug!("shut down without every goodbye");
        }
    }

    async fn try_add(&self, request: AddRequest) -> Result<(Manifest, Content), TransferError> {
        let AddRequest { path, phf } = request;
        let phf = phf.unwrap_or_else(|| {
            let mut name = path.clone().into_os_string();
            name.push(".phf");
            name.into()
        });
        let shared = self.shared.clone();
        let work = move || {
            let manifest = read_phf(&phf, None, None).map_err(|Absent(why, cause)| {
                failure(ErrorKind::Manifest, format!("{}: {why}", phf.display())).because(cause)
            })?;
            let file = shared.store.add(&path, &manifest).map_err(IntoFailure::into_failure)?;
            Ok((manifest, file))
        };
        self.shared.disk.run(work).await.unwrap_or_else(|| Err(failure(ErrorKind::Other, "verifying failed")))
    }

    async fn offer(&self, manifest: Manifest, file: Content) {
        let (reply, answer) = oneshot::channel();
        let (priority, wanted) = (Priority::Background, None);
        let (origin, wanted_by, instead_of) = (None, None, None);
        let open = Open { manifest, file, origin, priority, wanted, wanted_by, instead_of };
        self.shared.command(Command::Open { open: Box::new(open), reply }).await;
        let _ = answer.await;
    }

    /// Offers what stands complete at its destination. Files are checked when they are read, not now.
    async fn offer_what_is_held(&self) -> Result<(), StartError> {
        let shared = self.shared.clone();
        let work = move || -> Result<Vec<Content>, StartError> {
            let held = shared.store.contents()?.into_iter().filter(|held| held.finished);
            let open = |held: swarmline_store::Held| match shared
                .store
                .open_content(held.content, &held.destination)
            {
                Ok(Begun::Complete(file)) => Some(file),
                Ok(Begun::Partial(_)) => None,
                Err(error) => {
                    info!(content = %held.content, error = with_causes(&error), "not offered");
                    None
                }
            };
            Ok(held.filter_map(open).collect())
        };
        for file in self.shared.disk.run(work).await.unwrap_or_else(|| Ok(Vec::new()))? {
            self.offer(file.manifest().clone(), file).await;
        }
        Ok(())
    }
}

/// Begins the trace that was asked for, if one was. Its time is that of a clock that has just started.
async fn begin_trace(
    path: Option<PathBuf>,
    disk: &Disk,
    node: NodeId,
    class: CapacityClass,
    config: &NodeConfig,
) -> Result<Trace, StartError> {
    let Some(path) = path else { return Ok(Trace::off()) };
    let facts = NodeFacts {
        node,
        class,
        agent: concat!("swarmline/", env!("CARGO_PKG_VERSION")).into(),
        zero_unix_ms: u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX),
        download_rate: config.download_rate,
        upload_rate: config.upload_rate,
    };
    let at = path.clone();
    let begun = disk.run(move || Trace::begin(&at, &facts)).await;
    begun
        .unwrap_or_else(|| Err(std::io::Error::other("it failed for a reason of our own")))
        .map_err(|source| StartError::Trace { path, source })
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Different in every process: nodes must not draw alike.
fn seed(node: NodeId) -> u64 {
    let since = since_1970();
    let id = u64::from_le_bytes(node.as_bytes()[..8].try_into().expect("8 of 32 bytes"));
    id ^ u64::from(since.subsec_nanos()).rotate_left(32) ^ since.as_secs()
}
