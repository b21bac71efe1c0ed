//! `status`: what the process that owns the state directory is doing.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use swarmline_ipc::Client;
use swarmline_ipc::message::{ContentStatus, Event, NodeStatus, Request};
use swarmline_store::StateDir;
use swarmline_types::NodeId;

use crate::exit::{Exit, Failure};
use crate::session::ask;
use crate::show::{Line, Stopwatch, seconds};
use crate::{paths, screen, words};

/// Show what the running process does: its address, its peers, what it holds
///
/// Asks the daemon, or the `get`, that owns the state directory. Ends with exit code 10 if there is none.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  swarmline status
  swarmline status --json | jq .contents")]
pub(crate) struct StatusArgs {
    /// The state directory of the process
    #[arg(long, value_name = "DIR", env = "SWARMLINE_STATE_DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(args: &StatusArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let dir = paths::state_dir(args.state_dir.as_deref())?;
    let client = match Client::connect(&StateDir::socket_path(&dir)).await {
        Ok(client) => client,
        Err(error) if error.is_absent() => {
            let text = format!("nothing runs on state directory {}", dir.display());
            return Err(Failure::new(Exit::NotRunning, text));
        }
        Err(error) => return Err(Failure::caused_by(Exit::Busy, &error)),
    };
    let answered = tokio::time::timeout(ANSWER_MAX, ask(client, &Request::Status)).await;
    let silent = || Failure::new(Exit::Busy, "the running process does not answer");
    let Event::Node(status) = answered.map_err(|_| silent())?? else {
        return Err(Failure::new(Exit::Other, "the running process answered something else"));
    };
    if args.json {
        Line::new("node", watch.elapsed(), Node::of(&status)).say();
    } else {
        screen::say(text(&status).trim_end());
    }
    Ok(Exit::Success)
}

fn text(status: &NodeStatus) -> String {
    let mut text = String::new();
    let listen: Vec<_> = status.listen.iter().map(ToString::to_string).collect();
    let peers: Vec<_> = status.connected.iter().map(|node| node.short()).collect();
    let or_none = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let put = |text: &mut String, line: std::fmt::Arguments<'_>| {
        writeln!(text, "{line}").expect("a String takes everything");
    };
    put(&mut text, format_args!("node      {}", status.node));
    put(&mut text, format_args!("running   {}", words::span(status.uptime)));
    put(&mut text, format_args!("listens   {}", or_none(listen)));
    put(&mut text, format_args!("peers     {}: {}", status.connected.len(), or_none(peers)));
    put(&mut text, format_args!("contents  {}", status.contents.len()));
    for content in &status.contents {
        put(
            &mut text,
            format_args!(
                "  {:>3}% of {:>10}  {:>2} sharing  {:>10} served  {}",
                words::percent(content.bytes_have, content.bytes_total),
                words::bytes(content.bytes_total),
                content.sharing,
                words::bytes(content.served),
                content.path.display()
            ),
        );
    }
    text
}

/// The node as JSON.
#[derive(Serialize)]
struct Node<'a> {
    node: NodeId,
    uptime_s: f64,
    listen: &'a [std::net::SocketAddr],
    connected: &'a [NodeId],
    contents: Vec<Content<'a>>,
}

/// One content of it.
#[derive(Serialize)]
struct Content<'a> {
    hash_of_hashes: swarmline_types::ContentId,
    path: std::borrow::Cow<'a, str>,
    bytes_total: u64,
    bytes_have: u64,
    sharing: u32,
    served: u64,
}

impl<'a> Node<'a> {
    fn of(status: &'a NodeStatus) -> Self {
        Self {
            node: status.node,
            uptime_s: seconds(status.uptime),
            listen: &status.listen,
            connected: &status.connected,
            contents: status.contents.iter().map(Content::of).collect(),
        }
    }
}

impl<'a> Content<'a> {
    fn of(content: &'a ContentStatus) -> Self {
        Self {
            hash_of_hashes: content.content,
            path: content.path.to_string_lossy(),
            bytes_total: content.bytes_total,
            bytes_have: content.bytes_have,
            sharing: content.sharing,
            served: content.served,
        }
    }
}

/// How long the running process may take: 10 s.
const ANSWER_MAX: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use swarmline_types::ContentId;

    use super::*;

    fn status() -> NodeStatus {
        let content = ContentStatus {
            content: ContentId::new([7; 32]),
            path: "/srv/a.iso".into(),
            bytes_total: 4 << 20,
            bytes_have: 1 << 20,
            sharing: 2,
            served: 3 << 20,
        };
        NodeStatus {
            node: NodeId::new([0xab; 32]),
            listen: vec!["127.0.0.1:7000".parse().unwrap()],
            connected: vec![NodeId::new([1; 32])],
            contents: vec![content],
            uptime: Duration::from_millis(3_723_400),
        }
    }

    #[test]
    fn people_see_what_it_does() {
        insta::assert_snapshot!(text(&status()), @r"
        node      abababababababababababababababababababababababababababababababab
        running   1 h 02 min
        listens   127.0.0.1:7000
        peers     1: 01010101
        contents  1
           25% of   4.00 MiB   2 sharing    3.00 MiB served  /srv/a.iso
        ");
        let idle = NodeStatus { connected: Vec::new(), contents: Vec::new(), ..status() };
        assert!(text(&idle).contains("peers     0: none\n"));
    }

    #[test]
    fn programs_see_all_of_it() {
        let line = Line::new("node", Duration::ZERO, Node::of(&status())).text();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["uptime_s"], 3723.4);
        assert_eq!(json["listen"][0], "127.0.0.1:7000");
        assert_eq!(json["connected"][0], "01".repeat(32));
        assert_eq!(json["contents"][0]["served"], 3 << 20);
    }
}
