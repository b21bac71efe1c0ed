//! `daemon`: a node that runs until it is stopped.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use swarmline_engine::Settings;
use swarmline_types::NodeId;

use crate::exit::{Exit, Failure};
use crate::session::{open_store, own};
use crate::settings::NetworkArgs;
use crate::show::{Line, Stopwatch};
use crate::signals::Signals;
use crate::{paths, screen};

/// Run a node until it is stopped: it serves what it holds and does the work of `get` and `add`
///
/// Prints one line when it is ready. Every `get`, `add` and `status` on the same state directory talks to it.
/// SIGTERM and Ctrl-C end it in order, with exit code 0.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline daemon
  swarmline daemon --config /etc/swarmline/swarmline.toml
  swarmline daemon --listen :7000 --max-upload-rate 200mbit

The repository has a commented configuration (config/swarmline.toml) and a systemd unit (config/swarmline.service).")]
pub(crate) struct DaemonArgs {
    /// The configuration file; options given here win over it [default: none is read]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where identity and records are kept
    #[arg(long, value_name = "DIR", env = "SWARMLINE_STATE_DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,

    /// Print the line that says it is ready as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    network: NetworkArgs,

    /// Write what this node hears and decides to FILE, for `swarmline sim replay`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

pub(crate) async fn run(args: &DaemonArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let configured = match &args.config {
        Some(path) => Settings::read(path).map_err(|error| Failure::caused_by(Exit::Usage, &error))?,
        None => Settings::default(),
    };
    let dir = paths::state_dir(args.state_dir.as_deref().or(configured.state_dir.as_deref()))?;
    let mut settings = args.network.over(configured);
    if let Some(trace) = &args.trace {
        settings.trace = Some(paths::absolute(trace)?);
    }
    let mut signals = Signals::listen()?;
    let Some(store) = open_store(&dir).await? else {
        let text = format!("another process runs on state directory {} already", dir.display());
        return Err(Failure::new(Exit::Busy, text));
    };
    let owner = own(store, &settings).await?;
    let ready = Ready {
        node: owner.engine().node(),
        listen: owner.engine().listen_addrs(),
        state_dir: dir.to_string_lossy().into_owned(),
    };
    if args.json {
        Line::new("ready", watch.elapsed(), ready).say();
    } else {
        screen::say(&ready.text());
    }
    let signal = signals.first().await;
    tracing::info!(?signal, "shutting down");
    owner.shutdown().await;
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Ready {
    node: NodeId,
    listen: Vec<SocketAddr>,
    state_dir: String,
}

impl Ready {
    fn text(&self) -> String {
        let listen: Vec<_> = self.listen.iter().map(ToString::to_string).collect();
        format!("ready: listens on {}, node {}, state in {}", listen.join(", "), self.node, self.state_dir)
    }
}
