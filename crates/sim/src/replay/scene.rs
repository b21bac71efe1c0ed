//! From what was seen to a scenario: each member a group of its own, lines as they were measured.

use std::borrow::Cow;
use std::time::Duration;

use swarmline_scheduler::{Config, Failure};
use swarmline_types::{MonoTime, NodeId, PieceLayout, Rate, Wanted};

use super::flow::percentile;
use super::happened::{Happened, Role, done_at, rate_of, role, transfers};
use super::merge::Merged;
use super::policy::delays;
use super::view::{Member, OriginError, Seen, View};
use crate::scenario::{
    Answer, Behaviour, ContentPlan, ENTRIES_MAX, Ending, GroupPlan, Line, Outage, PeerPlan, Scenario,
    SchedulerPlan, Share, SitePlan, Size, Span, Stretch, TIME_MAX, When,
};

/// Members up to which each is a group; of more, those that are alike are drawn together, by the time they came.
const ALONE_MAX: usize = 56;
/// A peer sends slowly if its pieces came at less than such a part of what the others' came at.
const SLOW_PART: f64 = 0.5;
/// Pieces that must have come of a peer before its rate is believed.
const PIECES_MIN: usize = 4;
/// Later than any run lasts.
const DEADLINE_NONE: Span = TIME_MAX;
/// Two errors of the origin are one outage if no longer than this lies between them.
const OUTAGE_GAP: Duration = Duration::from_secs(10);

/// The office as a scenario.
pub(super) fn scenario(merged: &Merged, happened: &Happened) -> Scenario {
    let peers: Vec<_> = merged.members.iter().filter(|(_, member)| role(member) != Role::Holder).collect();
    let zero = peers.iter().map(|(_, member)| member.came).min().unwrap_or_default();
    let wan = line(happened.wan_bytes_per_s);
    let lan = lan(happened);
    let config = merged.views.iter().find_map(|view| view.config.clone()).unwrap_or_default();
    let default = SitePlan::default();
    Scenario {
        name: "replay".into(),
        question: "What would have become of this office?".into(),
        content: contents(merged, &peers),
        site: vec![SitePlan {
            peers: u32::try_from(peers.len()).unwrap_or(u32::MAX),
            holders: happened.holders,
            wan: wan.unwrap_or(default.wan),
            wan_latency: happened.first_byte_s.map_or(default.wan_latency, |first| span(first.min(10.0))),
            lan,
            ..default
        }],
        // An administrator's rule is for all; who was seen to have another has it in its group.
        peer: merged.views.first().map(|view| delays(&view.delays)).unwrap_or_default(),
        group: groups(merged, &peers, zero, lan),
        outage: outages(merged, zero),
        origin: origin(merged, &config),
        scheduler: parameters(&config),
        ..Scenario::default()
    }
}

fn line(bytes_per_s: Option<f64>) -> Option<Line> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate above 0")]
    let rate = |rate: f64| Rate::bytes_per_s(rate.round() as u64);
    bytes_per_s.filter(|rate| *rate >= 1.0).and_then(rate).map(|rate| Line(Some(rate)))
}

/// What came from the origin came over the LAN too.
fn lan(happened: &Happened) -> Line {
    let measured = match (happened.lan_bytes_per_s, happened.wan_bytes_per_s) {
        (Some(lan), wan) => Some(wan.map_or(lan, |wan| lan.max(wan))),
        // Nobody sent anything to a node with a trace: nothing is known of the LAN.
        (None, wan) => wan.map(|wan| wan.max(SitePlan::default().lan.bytes_per_s().unwrap_or(0) as f64)),
    };
    line(measured).unwrap_or(SitePlan::default().lan)
}

fn span(seconds: f64) -> Span {
    Span(Duration::from_micros(
        Duration::try_from_secs_f64(seconds)
            .map_or(0, |it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX)),
    ))
}

fn contents(merged: &Merged, peers: &[(&NodeId, &Member)]) -> Vec<ContentPlan> {
    let plan = |(at, (id, seen)): (usize, &(_, Seen))| {
        let of: Vec<_> =
            peers.iter().filter_map(|(_, member)| Some((member.came, member.of.get(id)?))).collect();
        let starts = of.iter().map(|(came, share)| share.begun.since(*came).as_secs_f64()).collect();
        // Who opens a content when it comes takes a moment for it.
        let start = percentile(starts, 50).filter(|start| *start > 0.5);
        let share = Share::new(of.len() as f64 / peers.len().max(1) as f64);
        ContentPlan {
            name: if at == 0 { "file".into() } else { format!("file-{}", at + 1) },
            size: Size(seen.layout.content_len()),
            piece: Size(seen.layout.piece_size().into()),
            priority: seen.config.priority,
            start: start.map_or(Span::secs(0), span),
            share: share.unwrap_or(Share::ALL),
            ..ContentPlan::default()
        }
    };
    merged.contents.iter().enumerate().map(plan).collect()
}

/// Who is alike may be drawn together.
type Kind = (bool, swarmline_types::CapacityClass, bool);

fn groups(merged: &Merged, peers: &[(&NodeId, &Member)], zero: MonoTime, lan: Line) -> Vec<GroupPlan> {
    let last_done = peers.iter().filter_map(|(_, member)| done_at(member)).max();
    let plan = |(node, member): &(&NodeId, &Member)| peer(merged, node, member, last_done, lan);
    if peers.len() <= ALONE_MAX {
        let group = |it: &(&NodeId, &Member)| {
            let arrives = Some(came(it.1.came, it.1.came, zero));
            GroupPlan {
                name: it.0.short(),
                share: None,
                count: Some(1),
                peer: PeerPlan { arrives, ..plan(it) },
            }
        };
        return peers.iter().map(group).collect();
    }
    let kind = |(_, member): &(&NodeId, &Member)| -> Kind {
        (member.sent_bad, member.class, goes(member, last_done).is_some())
    };
    let mut sorted = peers.to_vec();
    sorted.sort_by_key(|it| (kind(it), it.1.came));
    // Kinds are 16 at most, and each may have one that is not full.
    let each = peers.len().div_ceil(ENTRIES_MAX - 16);
    let alike = sorted.chunk_by(|one, other| kind(one) == kind(other)).flat_map(|kind| kind.chunks(each));
    let together = |some: &[(&NodeId, &Member)]| {
        let plans: Vec<_> = some.iter().map(plan).collect();
        let has = plans.iter().filter_map(|plan| plan.has).map(Share::get).sum::<f64>() / some.len() as f64;
        let middle = plans.into_iter().nth(some.len() / 2).unwrap_or_default();
        let arrives =
            some.first().zip(some.last()).map(|(first, last)| came(first.1.came, last.1.came, zero));
        let has = Share::new(has).filter(|has| *has != Share::NONE);
        let each = some.iter().map(|(_, member)| wants(merged, member).unwrap_or(Stretch::ALL));
        let wants = each.reduce(Stretch::hull).filter(|wants| *wants != Stretch::ALL);
        GroupPlan {
            name: format!("like {}", some.first().map_or_else(String::new, |(node, _)| node.short())),
            share: None,
            count: u32::try_from(some.len()).ok(),
            peer: PeerPlan { arrives, has, wants, ..middle },
        }
    };
    alike.map(together).collect()
}

fn came(first: MonoTime, last: MonoTime, zero: MonoTime) -> When {
    When::Spans(Span(first.since(zero)), Span(last.since(zero)))
}

/// When a member went, if that was before the last one was done.
fn goes(member: &Member, last_done: Option<MonoTime>) -> Option<(MonoTime, bool)> {
    member.went.filter(|(at, _)| last_done.is_none_or(|last| *at < last) && *at > member.came)
}

fn peer(merged: &Merged, node: &NodeId, member: &Member, last_done: Option<MonoTime>, lan: Line) -> PeerPlan {
    let sizes = |of: &dyn Fn(f64) -> f64| -> f64 {
        let bytes = |id| {
            merged.contents.iter().find(|(known, _)| *known == id).map_or(0, |it| it.1.layout.content_len())
        };
        member.of.iter().map(|(id, share)| bytes(*id) as f64 * of(share.had.unwrap_or(0.0))).sum()
    };
    let had = sizes(&|had| had) / sizes(&|_| 1.0).max(1.0);
    let goes = goes(member, last_done);
    let own: Vec<_> = transfers(merged).filter(|it| it.from == *node).map(|it| it.flow).collect();
    let believed = own.len() >= PIECES_MIN;
    let up = rate_of(&own)
        .filter(|up| believed && lan.bytes_per_s().is_some_and(|lan| *up < SLOW_PART * lan as f64));
    let view = merged.views.iter().find(|view| view.facts.node == *node);
    let facts = view.map(|view| &view.facts);
    PeerPlan {
        behaviour: member.sent_bad.then_some(Behaviour::Corrupts),
        class: Some(member.class),
        up: line(up),
        download_limit: facts.and_then(|facts| facts.download_rate).map(|rate| Line(Some(rate))),
        upload_limit: facts.and_then(|facts| facts.upload_rate).map(|rate| Line(Some(rate))),
        has: Share::new(had).filter(|had| *had != Share::NONE),
        wants: wants(merged, member),
        ends: goes.map(|(at, _)| {
            let after = Span(at.since(member.came));
            When::Spans(after, after)
        }),
        ending: goes.map(|(_, clean)| if clean { Ending::Leave } else { Ending::Crash }),
        ..own_delays(view, merged.views.first())
    }
}

/// What a member wants of each content, from the first of it to the last; none: all.
fn wants(merged: &Merged, member: &Member) -> Option<Stretch> {
    let of_each = layouts(merged, member).map(|(layout, wanted)| {
        let hull = wanted.ranges().first().zip(wanted.ranges().last()).map(|(first, last)| first.hull(*last));
        hull.map_or(Stretch::ALL, |hull| Stretch::around(hull, layout))
    });
    of_each.reduce(Stretch::hull).filter(|wants| *wants != Stretch::ALL)
}

/// The contents of which a member wants something, and what.
fn layouts<'a>(
    merged: &'a Merged,
    member: &'a Member,
) -> impl Iterator<Item = (&'a PieceLayout, Cow<'a, Wanted>)> {
    merged.contents.iter().filter_map(|(id, seen)| {
        let wanted = member.of.get(id)?.wanted.as_ref();
        let wanted = wanted.map_or_else(|| Cow::Owned(Wanted::all(&seen.layout)), Cow::Borrowed);
        Some((&seen.layout, wanted))
    })
}

/// What a node was told of waiting, where the first was told something else.
fn own_delays(own: Option<&View>, first: Option<&View>) -> PeerPlan {
    let differ =
        own.zip(first).map(|(own, first)| (own.delays, first.delays)).filter(|(own, first)| own != first);
    let Some((own, first)) = differ else { return PeerPlan::default() };
    // One that is as late as can be is none.
    let none = first.deadline.map(|_| DEADLINE_NONE);
    PeerPlan {
        foreground_delay: Some(Span(own.foreground)),
        background_delay: Some(Span(own.background)),
        deadline: own.deadline.map(Span).or(none),
        ..PeerPlan::default()
    }
}

/// What nodes ran with and a scenario has no word for.
pub(super) fn left_out(merged: &Merged) -> Vec<String> {
    let configs = || merged.views.iter().filter_map(|view| Some((view, view.config.as_ref()?)));
    let mut told = Vec::new();
    let others = match configs().next() {
        Some((_, first)) => configs().filter(|(_, own)| parameters(own) != parameters(first)).collect(),
        None => Vec::new(),
    };
    told.extend(others.into_iter().map(|(view, _)| {
        let node = view.facts.node.short();
        format!("scheduler: the parameters of {node}; those of the node that began first hold for all")
    }));
    if configs().any(|(_, config)| !config.window_adapts) {
        told.push("window_adapts: windows follow the measured line".to_owned());
    }
    let wants_less = |(_, member): &(&NodeId, &Member)| {
        let here = wants(merged, member).unwrap_or(Stretch::ALL);
        layouts(merged, member).any(|(layout, wanted)| here.of(layout) != *wanted)
    };
    let scattered = merged.members.iter().filter(wants_less);
    told.extend(scattered.map(|(node, _)| {
        format!("wanted: what {} did not want between the parts that it wanted; here it does", node.short())
    }));
    told
}

fn origin(merged: &Merged, config: &Config) -> crate::scenario::OriginPlan {
    let errors = || merged.views.iter().flat_map(|view| &view.errors);
    crate::scenario::OriginPlan {
        ranges: !errors().any(|error| error.why == Failure::NoRanges),
        exists: config.has_origin || merged.views.iter().any(|view| !view.fetches.is_empty()),
        ..Default::default()
    }
}

/// Errors that follow each other are one time in which the server misbehaved.
fn outages(merged: &Merged, zero: MonoTime) -> Vec<Outage> {
    let errors = merged.views.iter().flat_map(|view| &view.errors);
    let mut errors: Vec<_> = errors.filter(|error| error.why != Failure::NoRanges).collect();
    errors.sort_by_key(|error| error.begun);
    let together = |one: &&OriginError, other: &&OriginError| {
        other.begun.since(one.at) <= OUTAGE_GAP && answer(one) == answer(other)
    };
    let outage = |some: &[&OriginError]| {
        let (first, last) = some.first().zip(some.last())?;
        let pause = some.iter().find_map(|error| match error.why {
            Failure::Transient { retry_after } => retry_after,
            _ => None,
        });
        Some(Outage {
            from: Span(first.begun.since(zero)),
            until: Span(last.at.since(zero) + Duration::from_millis(1)),
            answer: answer(first),
            share: Share::new(part_failed(merged, first.begun, last.at)).unwrap_or(Share::ALL),
            retry_after: pause.map(|pause| Span::secs(pause.as_secs().clamp(1, 3600))),
        })
    };
    errors.chunk_by(together).filter_map(outage).take(ENTRIES_MAX).collect()
}

/// Of the requests of a time, the part that failed.
fn part_failed(merged: &Merged, from: MonoTime, until: MonoTime) -> f64 {
    let within = |begun: &MonoTime| (from..=until).contains(begun);
    let begun = merged.views.iter().flat_map(|view| &view.fetches).map(|fetch| fetch.begun);
    let failed = merged.views.iter().flat_map(|view| &view.errors).map(|error| error.begun);
    let failed = failed.filter(within).count();
    failed as f64 / begun.filter(within).count().max(failed).max(1) as f64
}

fn answer(error: &OriginError) -> Answer {
    match error.why {
        Failure::Transient { .. } if error.broke_off => Answer::Resets,
        Failure::Transient { .. } => Answer::Overloaded,
        Failure::Contradiction => Answer::Changed,
        Failure::NoRanges => Answer::NoRanges,
        Failure::Fatal => Answer::Missing,
    }
}

/// What the nodes ran with, where it is not the default.
fn parameters(config: &Config) -> SchedulerPlan {
    let default = Config::default();
    let number = |own: usize, default: usize| (own != default).then(|| u32::try_from(own).ok()).flatten();
    let span = |own: Duration, default: Duration| (own != default).then_some(Span(own));
    SchedulerPlan {
        window: number(config.window, default.window),
        discovery_wait: span(config.discovery_wait, default.discovery_wait),
        settle: span(config.settle, default.settle),
        full_mesh_max: number(config.full_mesh_max, default.full_mesh_max),
        degree: number(config.degree, default.degree),
        no_progress_timeout: span(config.no_progress_timeout, default.no_progress_timeout),
        orphan_grace: span(config.orphan_grace, default.orphan_grace),
        ..SchedulerPlan::default()
    }
}
