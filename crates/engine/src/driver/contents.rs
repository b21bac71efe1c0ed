//! Which contents are driven, from which file, and for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use swarmline_scheduler::{Config, Content as Machine, Input, Stage};
use swarmline_types::{ContentId, Priority, Wanted};
use tokio::sync::watch;
use tracing::{debug, info};

use super::{Driver, Open, Opened};
use crate::content::{Driven, Opening, Snapshot, TransferId, bytes_of};
use crate::url_hash::url_hash;

impl Driver {
    pub(super) fn open(&mut self, open: Open) -> Opened {
        let content = open.manifest.content();
        let Some(driven) = self.contents.get_mut(&content) else {
            self.start(open, None);
            return self.opened(content);
        };
        let yields = driven.yields_to(&open);
        driven.wanted_by.extend(open.wanted_by.map(|by| (by, open.priority)));
        driven.origin = driven.origin.take().or_else(|| open.origin.clone());
        driven.know_as(open.origin.as_ref().map(|origin| url_hash(&origin.url)));
        if yields {
            let old = self.stop(content);
            self.start(open, old);
        } else {
            let wanted = open.wanted.unwrap_or_else(|| Wanted::all(&open.manifest.layout()));
            self.input(content, Input::Want { wanted });
            self.classify(content);
        }
        self.refresh(content);
        self.opened(content)
    }

    fn opened(&self, content: ContentId) -> Opened {
        let driven = self.contents.get(&content).expect("just opened");
        Opened {
            opening: driven.opening,
            file: driven.file.clone(),
            snapshot: driven.snapshot.subscribe(),
            answer: Arc::clone(&driven.answer),
        }
    }

    /// Begins to drive a content. Who waited for what was driven before waits for this.
    fn start(&mut self, open: Open, before: Option<Driven>) {
        let (content, now) = (open.manifest.content(), self.clock.now());
        let (have, layout) = (open.file.have(), open.manifest.layout());
        let url = open.origin.as_ref().map(|origin| url_hash(&origin.url));
        let mut wanted = open.wanted.unwrap_or_else(|| Wanted::all(&layout));
        before.iter().for_each(|before| _ = wanted.add(before.machine.wanted()));
        let origin = before.as_ref().and_then(|before| before.origin.clone()).or(open.origin);
        let config = Config {
            class: self.settings.class,
            priority: open.priority,
            wanted: Some(wanted),
            has_origin: origin.is_some(),
            discovery_wait: self.node.discovery_wait(self.settings.settle, now),
            settle: self.settings.settle,
            no_progress_timeout: self.settings.no_progress_timeout,
            orphan_grace: self.settings.orphan_grace,
            ..Config::default()
        };
        let seed =
            self.settings.seed ^ u64::from_le_bytes(content.as_bytes()[..8].try_into().expect("8 of 32"));
        let bytes_resumed = bytes_of(&open.manifest, &have);
        if self.trace.scribe.is_on() {
            let opened =
                swarmline_trace::Opened { config: config.clone(), content, layout, have: have.clone(), seed };
            self.trace.scribe.opened(&opened, now);
        }
        let machine = Machine::new(config, content, layout, have, self.node.me(), seed, now);
        info!(%content, have = machine.have().count(), of = layout.piece_count(), "content open");
        let first = Snapshot::first(machine.stage(), bytes_resumed);
        let (snapshot, wanted_by, urls, answer) = match before {
            Some(before) => (before.snapshot, before.wanted_by, before.urls, before.answer),
            None => {
                let by = open.wanted_by.map(|by| (by, open.priority));
                let (snapshot, answer) = (watch::channel(first.clone()).0, Arc::default());
                (snapshot, by.into_iter().collect(), BTreeSet::new(), answer)
            }
        };
        snapshot.send_replace(first);
        self.last_opening = self.last_opening.next();
        let mut driven = Driven {
            opening: self.last_opening,
            machine,
            file: open.file,
            manifest: open.manifest,
            origin,
            urls,
            priority: open.priority,
            bytes_resumed,
            served: 0,
            answer,
            fetches: BTreeMap::new(),
            asked: BTreeMap::new(),
            trouble: None,
            disk_error: None,
            is_rechecked: false,
            wanted_by,
            snapshot,
        };
        driven.know_as(url);
        self.assemblies.end(&driven.manifest);
        self.contents.insert(content, driven);
        self.node.open(content, now);
        self.tell_contents();
        self.input(content, Input::Timer);
        self.classify(content);
    }

    pub(super) fn close(&mut self, content: ContentId, by: TransferId) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let was_last = driven.wanted_by.remove(&by).is_some() && driven.wanted_by.is_empty();
        // It may be complete and have lost pieces since: then nobody is left to fetch them.
        if was_last && !driven.machine.have().is_all() {
            self.forget(content);
        } else {
            self.classify(content);
        }
    }

    /// Lets go of a file. Others that wait for the content open it anew, with theirs.
    pub(super) fn abandon(&mut self, content: ContentId, by: TransferId, destination: &Path) {
        match self.contents.get(&content) {
            Some(driven) if driven.file.destination() == destination => self.forget(content),
            _ => self.close(content, by),
        }
    }

    pub(super) fn reprioritise(&mut self, by: TransferId, priority: Priority) {
        let of_transfer = self.contents.iter_mut().filter_map(|(content, driven)| {
            driven.wanted_by.get_mut(&by).map(|class| *class = priority).map(|()| *content)
        });
        let contents: Vec<_> = of_transfer.collect();
        contents.into_iter().for_each(|content| self.classify(content));
    }

    /// A content is in the class of whoever waits most for it.
    fn classify(&mut self, content: ContentId) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let class = driven.class_wanted();
        if class != driven.priority {
            driven.priority = class;
            self.input(content, Input::Priority(class));
        }
    }

    /// Drives a content no longer. What it was doing is cancelled; the part file stays for the next attempt.
    pub(super) fn forget(&mut self, content: ContentId) {
        if self.stop(content).is_some() {
            debug!(%content, "content closed");
        }
    }

    pub(super) fn stop(&mut self, content: ContentId) -> Option<Driven> {
        let driven = self.contents.get_mut(&content)?;
        self.trace.scribe.closed(&content, self.clock.now());
        driven.machine.abandon(&mut self.node.allowance(content, driven.priority));
        while let Some(action) =
            self.contents.get_mut(&content).and_then(|driven| driven.machine.poll_action())
        {
            self.on_action(content, action);
        }
        self.publish(content);
        let driven = self.contents.remove(&content);
        self.node.close(&content);
        self.dirty.remove(&content);
        self.snapshots_due.remove(&content);
        self.tell_contents();
        driven
    }

    /// The content, if it is driven and this is its opening.
    pub(super) fn current(&mut self, content: ContentId, opening: Opening) -> Option<&mut Driven> {
        self.contents.get_mut(&content).filter(|driven| driven.opening == opening)
    }

    /// Tells the network what is held or wanted, and that peers are looked for while something is missing.
    pub(super) fn tell_contents(&mut self) {
        self.net.set_contents(self.contents.keys().copied().collect());
        let active = self.contents.values().any(|driven| driven.machine.stage() == Stage::Fetching);
        self.net.set_active(active || self.assemblies.is_searching() || self.lookouts.is_looking());
    }
}
