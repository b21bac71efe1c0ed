//! `get`: downloads one file, alone or with everybody else on the site.

mod follow;
mod linger;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use swarmline_engine::Settings;
use swarmline_ipc::message::{GetOptions, GetRequest, ManifestSource, Request};
use swarmline_store::Store;
use swarmline_types::{ContentId, Priority};
use url::Url;

use crate::exit::{Exit, Failure};
use crate::paths;
use crate::session::{Claim, Events, Patience, claim, own};
use crate::settings::NetworkArgs;
use crate::show::{Show, Stopwatch, Style, choose};
use crate::signals::{Signal, Signals};
use crate::values::{self, FileOrUrl, ServeFor};
use follow::{Ended, follow};
use linger::linger;

/// Download a file: from other machines on the site that have it or fetch it too, and otherwise from its origin
///
/// PATH holds the complete, verified file at the end, or nothing. An interrupted download leaves a part file beside
/// PATH; the same command resumes it. With a piece hash file (`swarmline publish`) pieces come from peers, each
/// checked by its hash; without one this is plain HTTP, and says why.
///
/// If another swarmline process owns the state directory (a daemon or another `get`), that process does the work
/// and this one shows it. When the file is complete, a `get` that did the work itself goes on serving for up to
/// 60 s, as long as a connected peer still lacks something; Ctrl-C ends that at once.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline get http://server/disk.iso
  swarmline get http://server/disk.iso -o /srv/disk.iso --serve-for 10m
  swarmline get https://example.org/disk.iso --phf trusted/disk.iso.phf
  swarmline get https://example.org/disk.iso --hash-of-hashes \"$HASH\"
  swarmline get http://server/disk.iso --discovery static --peer 192.0.2.7:7000
  swarmline get http://server/disk.iso --json | jq -c 'select(.event == \"peers\")'")]
pub(crate) struct GetArgs {
    /// Where the origin has it: http or https
    #[arg(value_parser = values::web_address)]
    url: Url,

    /// Where it shall stand [default: the last part of the URL, in the current directory]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Replace a file that stands at PATH and holds something else
    #[arg(long)]
    force: bool,

    /// Print JSON: one object per line, the last one `completed` or `failed`
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,

    /// Say nothing unless it fails
    #[arg(short, long)]
    quiet: bool,

    /// The piece hash file, on disk or at an address [default: looked for beside the file at the origin]
    #[arg(long, value_name = "FILE|URL", help_heading = "Trust")]
    phf: Option<FileOrUrl>,

    /// Accept only the content with this HashOfHashes, as `publish` prints it
    #[arg(long, value_name = "BASE64", help_heading = "Trust")]
    hash_of_hashes: Option<ContentId>,

    /// Accept only a file with this SHA-256, checked at the end
    #[arg(long, value_name = "HEX", value_parser = values::sha256, help_heading = "Trust")]
    sha256: Option<String>,

    #[command(flatten)]
    network: NetworkArgs,

    /// Nobody waits for it: let other downloads go first
    #[arg(long, help_heading = "Work")]
    background: bool,

    /// How long to serve others afterwards: a time, `forever`, or 0
    /// [default: while a connected peer lacks something, at most 60s]
    #[arg(long, value_name = "TIME", help_heading = "Work")]
    serve_for: Option<ServeFor>,

    /// Fail when no byte comes from anybody for this long [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = values::some_time, help_heading = "Work")]
    no_progress_timeout: Option<Duration>,

    /// Write what this node hears and decides to FILE, for `swarmline sim replay`
    #[arg(long, value_name = "FILE", help_heading = "Work")]
    trace: Option<PathBuf>,

    /// Where identity and records are kept
    #[arg(
        long,
        value_name = "DIR",
        env = "SWARMLINE_STATE_DIR",
        hide_env_values = true,
        help_heading = "Work"
    )]
    state_dir: Option<PathBuf>,
}

impl GetArgs {
    fn style(&self) -> Style {
        match (self.json, self.quiet) {
            (true, _) => Style::Json,
            (_, true) => Style::Quiet,
            _ => Style::People,
        }
    }

    fn manifest(&self) -> Result<ManifestSource, Failure> {
        let pinned = self.hash_of_hashes;
        Ok(match (&self.phf, pinned) {
            (Some(FileOrUrl::File(path)), _) => ManifestSource::File { path: paths::absolute(path)?, pinned },
            (Some(FileOrUrl::Url(url)), _) => ManifestSource::Url { url: url.clone(), pinned },
            (None, Some(content)) => ManifestSource::Pinned { content },
            (None, None) => ManifestSource::Origin,
        })
    }

    /// Options that a process that is already running does not take over.
    fn for_own_engine(&self) -> Vec<&'static str> {
        let mut given = self.network.given();
        given.extend(self.trace.as_ref().map(|_| "--trace"));
        given.extend(self.serve_for.map(|_| "--serve-for"));
        given.extend(self.no_progress_timeout.map(|_| "--no-progress-timeout"));
        given
    }
}

/// What shall be done, with every question about the command line answered.
struct Plan {
    request: GetRequest,
    state_dir: PathBuf,
    settings: Settings,
    serve_for: ServeFor,
    for_own_engine: Vec<&'static str>,
}

impl Plan {
    fn of(args: &GetArgs) -> Result<Self, Failure> {
        let request = GetRequest {
            url: Some(args.url.clone()),
            destination: paths::destination(args.output.as_deref(), &args.url)?,
            manifest: args.manifest()?,
            sha256: args.sha256.clone(),
            force: args.force,
            priority: if args.background { Priority::Background } else { Priority::Foreground },
            options: GetOptions::default(),
        };
        let mut settings = args.network.over(Settings::default());
        settings.no_progress_timeout = args.no_progress_timeout.unwrap_or(settings.no_progress_timeout);
        settings.trace = args.trace.as_deref().map(paths::absolute).transpose()?;
        Ok(Self {
            request,
            state_dir: paths::state_dir(args.state_dir.as_deref())?,
            settings,
            serve_for: args.serve_for.unwrap_or_default(),
            for_own_engine: args.for_own_engine(),
        })
    }

    fn interrupted(&self, signal: Signal) -> Failure {
        let path = self.request.destination.display();
        let text = format!(
            "stopped: {path} is not complete; what was fetched is kept, and the same command resumes it"
        );
        Failure::new(signal.exit(), text)
    }
}

pub(crate) async fn run(args: &GetArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let plan = Plan::of(args)?;
    let show = choose(args.style(), &plan.request.destination);
    let signals = Signals::listen()?;
    let mut get = Get { plan, show, style: args.style(), signals, watch };
    match get.run().await {
        Ok(exit) => Ok(exit),
        Err(failure) => Ok(get.fail(&failure)),
    }
}

/// One run of the command.
struct Get {
    plan: Plan,
    show: Box<dyn Show + Send>,
    style: Style,
    signals: Signals,
    watch: Stopwatch,
}

impl Get {
    /// Does the work here or has it done, and again if whoever does it ends before the file is complete.
    async fn run(&mut self) -> Result<Exit, Failure> {
        loop {
            let claimed = {
                let (show, watch, dir) = (&mut self.show, self.watch, &self.plan.state_dir);
                let text = format!("waiting for the process that owns state directory {}", dir.display());
                let waiting = || show.note(watch.elapsed(), &text);
                tokio::select! {
                    claimed = claim(dir, Patience::Endless, waiting) => claimed?,
                    signal = self.signals.first() => return Err(self.plan.interrupted(signal)),
                }
            };
            match claimed {
                Claim::Ours(store) => return self.work(store).await,
                Claim::Theirs(client) => {
                    self.tell_attached();
                    let request = Request::Get(self.plan.request.clone());
                    let mut events = Events::attached(client, &request).await?;
                    match follow(&mut events, &mut *self.show, &mut self.signals, self.watch).await {
                        Ended::Completed(_) => return Ok(Exit::Success),
                        Ended::Failed(failure) if failure.exit != Exit::Stopped => return Err(failure),
                        Ended::Signal(signal) => return Err(self.plan.interrupted(signal)),
                        Ended::Failed(_) | Ended::Lost => {}
                    }
                    self.note("the process that did the work has ended; going on without it");
                    tokio::time::sleep(TAKE_OVER_PAUSE).await;
                }
            }
        }
    }

    /// Does the work with an engine of its own, and serves others.
    async fn work(&mut self, store: Store) -> Result<Exit, Failure> {
        let owner = own(store, &self.plan.settings).await?;
        let mut events = Events::Own(owner.engine().get(self.plan.request.clone()));
        let exit = match follow(&mut events, &mut *self.show, &mut self.signals, self.watch).await {
            Ended::Completed(progress) => {
                let serving = linger(&mut events, &progress, self.plan.serve_for, &owner, self.style);
                tokio::select! {
                    () = serving => {}
                    _ = self.signals.first() => {}
                }
                Exit::Success
            }
            Ended::Failed(failure) => self.fail(&failure),
            Ended::Signal(signal) => self.fail(&self.plan.interrupted(signal)),
            Ended::Lost => {
                self.fail(&Failure::new(Exit::Other, "the engine ended before the file was complete"))
            }
        };
        // After the outcome was told: saying goodbye may take a moment.
        owner.shutdown().await;
        Ok(exit)
    }

    fn tell_attached(&mut self) {
        let mut text = "the process that owns the state directory does the work".to_owned();
        if !self.plan.for_own_engine.is_empty() {
            text += &format!("; its settings apply, not {}", self.plan.for_own_engine.join(", "));
        }
        self.note(&text);
    }

    fn note(&mut self, text: &str) {
        self.show.note(self.watch.elapsed(), text);
    }

    fn fail(&mut self, failure: &Failure) -> Exit {
        self.show.failed(self.watch.elapsed(), failure);
        failure.exit
    }
}

/// Before another process, or this one, takes over: 100 ms.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn class_of(more: &[&str]) -> Priority {
        let line = ["swarmline", "get", "http://server/disk.iso"].iter().chain(more);
        let Command::Get(args) = Cli::try_parse_from(line).unwrap().command else {
            panic!("another command")
        };
        Plan::of(&args).unwrap_or_else(|failure| panic!("{failure}")).request.priority
    }

    #[test]
    fn somebody_waits_for_a_download_unless_it_is_said_that_nobody_does() {
        assert_eq!(class_of(&[]), Priority::Foreground);
        assert_eq!(class_of(&["--background"]), Priority::Background);
    }
}
