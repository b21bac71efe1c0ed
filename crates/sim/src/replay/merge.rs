//! Several views of one office laid over each other: one time, one list of members, every byte of the origin once.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_types::{ContentId, MonoTime, NodeId};

use super::error::ReplayError;
use super::flow::{Flow, sum};
use super::view::{Member, Seen, Share, View};
use crate::scenario::ENTRIES_MAX;

/// Most traces that are merged.
pub(super) const TRACES_MAX: usize = 256;

/// What all traces together tell.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) views: Vec<View>,
    pub(super) members: BTreeMap<NodeId, Member>,
    /// Those of which something was fetched, largest first.
    pub(super) contents: Vec<(ContentId, Seen)>,
    /// Bytes of the origin that members without a trace said they received.
    pub(super) heard: Vec<Flow>,
}

impl Merged {
    /// # Errors
    /// When there are too many, two of one node, or nothing was fetched.
    pub(super) fn of(mut views: Vec<(String, View)>) -> Result<Self, ReplayError> {
        if views.len() > TRACES_MAX {
            return Err(ReplayError::Traces { got: views.len(), max: TRACES_MAX });
        }
        let mut nodes = BTreeSet::new();
        if let Some((name, _)) = views.iter().find(|(_, view)| !nodes.insert(view.facts.node)) {
            return Err(ReplayError::Twice { name: name.clone() });
        }
        // The first that began is the one that others are laid over.
        views.sort_by_key(|(_, view)| view.facts.zero_unix_ms);
        let mut views: Vec<_> = views.into_iter().map(|(_, view)| view).collect();
        for at in 1..views.len() {
            let shift = shift_of(&views[..at], &views[at]);
            views[at].shift(shift);
        }
        let contents = contents_of(&views);
        if contents.is_empty() {
            return Err(ReplayError::Nothing);
        }
        let members = members_of(&views, &contents);
        let heard = heard_of(&views, &nodes);
        Ok(Self { views, members, contents, heard })
    }

    /// Every byte of the origin that is known of, over time.
    pub(super) fn flows(&self) -> Vec<Flow> {
        let own = self.views.iter().flat_map(|view| &view.fetches).flat_map(|fetch| &fetch.flows);
        own.chain(&self.heard).copied().collect()
    }
}

/// By how many microseconds a trace is to be moved.
fn shift_of(before: &[View], view: &View) -> i128 {
    let met = before.iter().find_map(|other| {
        let here = view.members.get(&other.facts.node)?.came;
        let there = other.members.get(&view.facts.node)?.came;
        Some(i128::from(there.as_micros()) - i128::from(here.as_micros()))
    });
    let zero = before.first().map_or(0, |first| first.facts.zero_unix_ms);
    let clocks = i128::from(view.facts.zero_unix_ms.saturating_sub(zero)) * 1000;
    believed(met, (zero > 0).then_some(clocks))
}

/// Two nodes that connect see each other at the same time, whatever their clocks say. Where the clocks differ by more than
/// clocks do, they met before one of them began its trace; and where they never met, the clocks have to do.
fn believed(met: Option<i128>, clocks: Option<i128>) -> i128 {
    match (met, clocks) {
        (Some(met), Some(clocks)) if met.abs_diff(clocks) > CLOCKS_DIFFER_MAX_US => clocks,
        (Some(met), _) => met,
        (None, clocks) => clocks.unwrap_or(0),
    }
}

/// Clocks of one office differ by no more: 10 min.
const CLOCKS_DIFFER_MAX_US: u128 = 600_000_000;

fn contents_of(views: &[View]) -> Vec<(ContentId, Seen)> {
    let mut contents: BTreeMap<ContentId, Seen> = BTreeMap::new();
    for (id, seen) in views.iter().flat_map(|view| &view.contents).filter(|(_, seen)| seen.is_fetched) {
        contents.entry(*id).or_insert_with(|| seen.clone());
    }
    let mut contents: Vec<_> = contents.into_iter().collect();
    contents.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.layout.content_len()));
    contents.truncate(ENTRIES_MAX);
    contents
}

/// What a node wrote of itself counts before what others saw of it.
fn members_of(views: &[View], contents: &[(ContentId, Seen)]) -> BTreeMap<NodeId, Member> {
    let mut members: BTreeMap<NodeId, Member> = BTreeMap::new();
    for (node, seen) in views.iter().flat_map(|view| &view.members) {
        match members.get_mut(node) {
            Some(member) => merge(member, seen),
            None => _ = members.insert(*node, seen.clone()),
        }
    }
    for view in views {
        let Some(member) = members.get_mut(&view.facts.node) else { continue };
        let Some(own) = view.members.get(&view.facts.node) else { continue };
        member.class = view.facts.class;
        member.came = own.came;
        member.went = view.is_stopped.then_some((view.ends, true));
        for (content, share) in &own.of {
            let complete = share.complete.or(member.of.get(content).and_then(|it| it.complete));
            member.of.insert(*content, Share { complete, ..share.clone() });
        }
    }
    for member in members.values_mut() {
        member.of.retain(|content, _| contents.iter().any(|(id, _)| id == content));
    }
    members.retain(|_, member| !member.of.is_empty());
    members
}

fn merge(member: &mut Member, seen: &Member) {
    member.came = member.came.min(seen.came);
    member.sent_bad |= seen.sent_bad;
    // Who is there for one of them is there.
    member.went = member.went.zip(seen.went).map(|(one, other)| one.max(other));
    for (content, share) in &seen.of {
        let known = member.of.entry(*content).or_insert_with(|| share.clone());
        if share.begun < known.begun {
            (known.begun, known.had) = (share.begun, share.had.or(known.had));
        }
        known.had = known.had.or(share.had);
        known.wanted = known.wanted.take().or_else(|| share.wanted.clone());
        known.complete = earlier(known.complete, share.complete);
    }
}

fn earlier(one: Option<MonoTime>, other: Option<MonoTime>) -> Option<MonoTime> {
    [one, other].into_iter().flatten().min()
}

/// Of a member without a trace, what the one heard who heard most of it.
fn heard_of(views: &[View], traced: &BTreeSet<NodeId>) -> Vec<Flow> {
    let mut best: BTreeMap<NodeId, (u64, &Vec<Flow>)> = BTreeMap::new();
    for (node, flows) in views.iter().flat_map(|view| &view.heard).filter(|(node, _)| !traced.contains(node))
    {
        let bytes = sum(flows);
        let known = best.entry(*node).or_insert((bytes, flows));
        if bytes > known.0 {
            *known = (bytes, flows);
        }
    }
    best.into_values().flat_map(|(_, flows)| flows.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_met_sets_the_time_unless_that_was_another_time() {
        let (second, day) = (1_000_000, 86_400_000_000);
        assert_eq!(believed(Some(5 * second), Some(7 * second)), 5 * second, "clocks differ by 2 s");
        assert_eq!(believed(Some(-day), Some(7 * second)), 7 * second, "they met before, too");
        assert_eq!(believed(Some(5 * second), None), 5 * second);
        assert_eq!(believed(None, Some(7 * second)), 7 * second);
        assert_eq!(believed(None, None), 0);
    }
}
