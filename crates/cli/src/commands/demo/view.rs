//! What is shown while the demonstration runs: a bar a node, a line now and then, or JSON.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

use super::office::Fetched;
use crate::show::{Line, bytes_bar};
use crate::{screen, words};

pub(super) enum View {
    Bars(Vec<ProgressBar>),
    Lines { next: Duration },
    Json { next: Duration },
}

impl View {
    pub(super) fn new(json: bool, names: &[String], file_bytes: u64) -> Self {
        match (json, screen::is_watched()) {
            (true, _) => Self::Json { next: Duration::ZERO },
            (_, true) => Self::Bars(names.iter().map(|name| bytes_bar(Some(file_bytes), name)).collect()),
            _ => Self::Lines { next: screen::PLAIN_EVERY },
        }
    }

    /// Takes in how far everybody is, `at` a time since the command began.
    pub(super) fn show(&mut self, at: Duration, nodes: &[Fetched], origin_bytes: u64) {
        match self {
            Self::Bars(bars) => bars.iter().zip(nodes).for_each(|(bar, node)| {
                bar.set_position(node.progress.bytes_have);
                bar.set_message(message(node));
            }),
            Self::Lines { next } if at >= *next => {
                *next = at + screen::PLAIN_EVERY;
                screen::note(&line(at, &Step::of(nodes, origin_bytes)));
            }
            Self::Json { next } if at >= *next => {
                *next = at + JSON_EVERY;
                Line::new("progress", at, Step::of(nodes, origin_bytes)).say();
            }
            Self::Lines { .. } | Self::Json { .. } => {}
        }
    }

    /// Takes the bars away.
    pub(super) fn finish(self) {
        if let Self::Bars(bars) = self {
            bars.iter().for_each(ProgressBar::finish_and_clear);
        }
    }
}

fn message(node: &Fetched) -> String {
    let sources = format!(
        "peers {}, origin {}",
        words::bytes(node.progress.from_peers),
        words::bytes(node.progress.from_origin)
    );
    match &node.ended {
        None => sources,
        Some(Ok(took)) => format!("complete after {}; {sources}", words::span(*took)),
        Some(Err(why)) => format!("failed: {why}"),
    }
}

fn line(at: Duration, step: &Step) -> String {
    format!(
        "{}: {} of {} complete, the slowest at {}; {} read from the origin",
        words::span(at),
        step.complete,
        words::count(step.nodes as u64, "node", "nodes"),
        words::bytes(step.bytes_have_min),
        words::bytes(step.origin_bytes),
    )
}

/// How far everybody is.
#[derive(Debug, Serialize)]
struct Step {
    nodes: usize,
    complete: usize,
    failed: usize,
    bytes_have_min: u64,
    bytes_have_max: u64,
    origin_bytes: u64,
}

impl Step {
    fn of(nodes: &[Fetched], origin_bytes: u64) -> Self {
        let have = || nodes.iter().map(|node| node.progress.bytes_have);
        let ended = |wish: fn(&Result<Duration, String>) -> bool| {
            nodes.iter().filter(|node| node.ended.as_ref().is_some_and(wish)).count()
        };
        Self {
            nodes: nodes.len(),
            complete: ended(Result::is_ok),
            failed: ended(Result::is_err),
            bytes_have_min: have().min().unwrap_or(0),
            bytes_have_max: have().max().unwrap_or(0),
            origin_bytes,
        }
    }
}

/// How often JSON tells progress: 1 s.
const JSON_EVERY: Duration = Duration::from_secs(1);
