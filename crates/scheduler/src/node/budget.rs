//! What the contents may start: buffers, origin connections, the download rate and the limits of classes, foreground
//! first.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::{ContentId, FlatMap, MonoTime, PIECE_SIZE_MAX, Priority, Rate};

use crate::bucket::Bucket;
use crate::hours::TimeOfDay;
use crate::ledger::Source;
use crate::node::classes::Classes;
use crate::node::{NodeAction, NodeConfig};

/// How long a refused foreground content keeps background ones waiting.
const FOREGROUND_FIRST: Duration = Duration::from_secs(1);

/// Under a limit of this node, what was asked of the origin for a content may take so long before more is asked.
const UNDER_WAY_MAX: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Budget {
    download: Bucket,
    classes: Classes,
    buffer_bytes: u64,
    buffer_bytes_max: u64,
    origin_requests: usize,
    origin_requests_max: usize,
    /// Contents that were refused, and when to wake them at the latest. Bounded by the open contents.
    refused: FlatMap<(Priority, ContentId), MonoTime>,
    /// Something was given back since they were refused.
    has_room: bool,
    foreground_refused: Option<MonoTime>,
    /// Foreground contents that need the line to the origin, and until when it is kept for them. Bounded by the open
    /// contents.
    line_kept: FlatMap<ContentId, MonoTime>,
    /// Bytes of the origin requests of a content that are not over. Bounded by the open contents.
    under_way: FlatMap<ContentId, u64>,
}

impl Budget {
    pub(super) fn new(config: &NodeConfig) -> Self {
        Self {
            download: Bucket::new(config.download_rate),
            classes: Classes::new(config.origin_limits),
            buffer_bytes: 0,
            buffer_bytes_max: config.buffer_bytes_max,
            origin_requests: 0,
            origin_requests_max: config.origin_requests_max,
            refused: FlatMap::new(),
            has_room: false,
            foreground_refused: None,
            line_kept: FlatMap::new(),
            under_way: FlatMap::new(),
        }
    }

    pub(super) fn try_start(
        &mut self,
        content: ContentId,
        priority: Priority,
        from: Source,
        bytes: u64,
        now: MonoTime,
    ) -> bool {
        let must_wait = match self.download.ready(now) {
            Err(later) => Some(later),
            Ok(()) if !self.fits(from, bytes) => Some(MonoTime::NEVER),
            Ok(()) if self.is_behind(content, self.download.rate()) => Some(MonoTime::NEVER),
            Ok(()) if priority == Priority::Background => self.gives_way_until(from, now),
            Ok(()) => None,
        };
        if let Some(until) = must_wait {
            self.refused.insert((priority, content), until);
            if priority == Priority::Foreground {
                self.foreground_refused = Some(now + FOREGROUND_FIRST);
            }
            return false;
        }
        // The limit of a class is about itself: whoever keeps it needs nothing that others could leave him.
        if from == Source::Origin
            && let Err(until) = self.may_start_of_class(content, priority, now)
        {
            self.refused.insert((priority, content), until);
            return false;
        }
        self.buffer_bytes += buffered(bytes);
        match from {
            Source::Origin => {
                self.origin_requests += 1;
                *self.under_way.get_or_insert_with(content, || 0) += bytes;
            }
            Source::Peer(_) => self.download.take(bytes),
        }
        true
    }

    fn may_start_of_class(
        &mut self,
        content: ContentId,
        priority: Priority,
        now: MonoTime,
    ) -> Result<(), MonoTime> {
        self.classes.may_start(priority, now)?;
        let limit = self.classes.rate(priority, now);
        if self.is_behind(content, limit) { Err(MonoTime::NEVER) } else { Ok(()) }
    }

    /// Whether what the origin was asked for takes so long under a limit of this node that more would only make it crawl:
    /// others would take it for stuck.
    fn is_behind(&self, content: ContentId, limit: Option<Rate>) -> bool {
        let under_way = self.under_way.get(&content).copied().unwrap_or(0);
        limit.is_some_and(|rate| rate.time_for(under_way) > UNDER_WAY_MAX)
    }

    /// Until when the background starts nothing from there.
    fn gives_way_until(&self, from: Source, now: MonoTime) -> Option<MonoTime> {
        let line_kept = self.line_kept.values().max().filter(|_| from == Source::Origin);
        self.foreground_refused.into_iter().chain(line_kept.copied()).filter(|until| now < *until).max()
    }

    /// The line to the origin is all the site's: that a node has room left says nothing about it.
    pub(super) fn keep_line(&mut self, content: ContentId, priority: Priority, until: MonoTime) {
        if priority == Priority::Foreground && until > MonoTime::ZERO {
            self.line_kept.insert(content, until);
        } else {
            self.has_room |= self.line_kept.remove(&content).is_some();
        }
    }

    fn fits(&self, from: Source, bytes: u64) -> bool {
        let slot = from != Source::Origin || self.origin_requests < self.origin_requests_max;
        let buffer = self.buffer_bytes == 0 || self.buffer_bytes + buffered(bytes) <= self.buffer_bytes_max;
        slot && buffer
    }

    pub(super) fn end(&mut self, content: ContentId, from: Source, bytes: u64, received: u64) {
        self.buffer_bytes -= buffered(bytes);
        match from {
            Source::Origin => {
                self.origin_requests -= 1;
                self.under_way.get_mut(&content).into_iter().for_each(|sum| *sum = sum.saturating_sub(bytes));
            }
            Source::Peer(_) => self.download.give_back(bytes.saturating_sub(received)),
        }
        self.has_room = true;
    }

    pub(super) fn on_origin_bytes(&mut self, priority: Priority, bytes: u64, now: MonoTime) -> Hold {
        self.download.take(bytes);
        Hold { all: self.download.ready(now).err(), of_class: self.classes.on_bytes(priority, bytes, now) }
    }

    /// What the node had given back comes all the same.
    pub(super) fn on_discarded_bytes(&mut self, bytes: u64) {
        self.download.take(bytes);
    }

    pub(super) fn set_clock(&mut self, time: TimeOfDay, now: MonoTime) {
        self.classes.set_clock(time, now);
        self.has_room = true;
    }

    pub(super) fn forget(&mut self, content: &ContentId) {
        self.refused.retain(|(_, refused), _| refused != content);
        self.under_way.remove(content);
        self.has_room |= self.line_kept.remove(content).is_some();
    }

    pub(super) fn due(&self) -> Option<MonoTime> {
        if self.has_room && !self.refused.is_empty() {
            return Some(MonoTime::ZERO);
        }
        self.refused.values().copied().min().filter(|at| *at != MonoTime::NEVER)
    }

    /// Foreground comes first, by the order of the keys.
    pub(super) fn wake_due(&mut self, actions: &mut VecDeque<NodeAction>, now: MonoTime) {
        let room = std::mem::take(&mut self.has_room);
        let due: Vec<_> =
            self.refused.iter().filter(|(_, until)| room || now >= **until).map(|(key, _)| *key).collect();
        for key in due {
            self.refused.remove(&key);
            actions.push_back(NodeAction::Wake { content: key.1 });
        }
    }
}

/// Until when answers of the origin are not read on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hold {
    /// All of the node.
    pub all: Option<MonoTime>,
    /// Those of contents of the same class.
    pub of_class: Option<MonoTime>,
}

/// What a request keeps in memory: a stream from the origin holds no more than its current piece.
fn buffered(bytes: u64) -> u64 {
    bytes.min(u64::from(PIECE_SIZE_MAX))
}
