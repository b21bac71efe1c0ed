//! From what was counted to the outcome: one site to its figures, and all sites to those of the run.

use swarmline_types::MonoTime;

use crate::cast::Kind;
use crate::frame::Frame;
use crate::host::Host;
use crate::outcome::{
    Completions, ContentOutcome, FetchRecord, Figures, Outcome, PeerOutcome, SiteOutcome, Traffic, ratio,
};
use crate::recorder::Recorder;
use crate::scenario::Scenario;
use crate::site::Site;
use crate::tally::seconds;

/// What is left of a site when it is over.
pub(crate) struct SiteReport {
    outcome: SiteOutcome,
    /// Of all contents together, then of each.
    sums: Vec<Sums>,
    peers: Vec<PeerOutcome>,
    done_s: Vec<f64>,
    recorder: Recorder,
    fetches: Vec<FetchRecord>,
    fetches_left_out: u64,
    events: u64,
    ended: MonoTime,
    wan: Option<f64>,
}

/// What figures are made of, so that those of sites can be added.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    figures: Figures,
    /// Bytes of one copy for each site.
    copies: f64,
    /// Sum of the peers' times, and of their ratios.
    times_s: f64,
    time_ratios: f64,
    sent_max: f64,
    sent_sum: f64,
    senders: f64,
}

impl SiteReport {
    /// Takes stock of a site; `peers_max` is how many peers of all sites may be listed.
    pub(crate) fn of(mut site: Site<'_>, frame: &Frame<'_>, lists_peers: bool) -> Self {
        let contents: Vec<_> = (0..frame.contents.len()).collect();
        let all = sums_of(&site, frame, &contents, site.bound_s);
        let each = contents.iter().map(|at| sums_of(&site, frame, &[*at], site.bounds_s[*at]));
        let sums: Vec<_> = std::iter::once(all).chain(each).collect();
        let done = site.hosts.iter().filter(|host| host.part.counts()).filter_map(|host| host.done);
        let done_s = done.map(seconds).collect();
        let number = site.number();
        let listed = site.hosts.iter().enumerate().filter(|_| lists_peers);
        let peers = listed.map(|(at, host)| peer_outcome(frame.scenario, number, at, host)).collect();
        let (events, ended, wan) = (site.events, site.now(), site.wan_rate());
        site.recorder.end_step(site.done, site.present());
        Self {
            outcome: SiteOutcome {
                site: number,
                figures: sums[0].finish(),
                contents: contents_of(frame, &sums[1..]),
            },
            sums,
            peers,
            done_s,
            recorder: site.recorder,
            fetches: site.records.list,
            fetches_left_out: site.records.left_out,
            events,
            ended,
            wan,
        }
    }
}

/// Makes the outcome of all sites, in their order.
pub(crate) fn outcome_of(frame: &Frame<'_>, sites: Vec<SiteReport>) -> Outcome {
    let scenario = frame.scenario;
    let mut sums = vec![Sums::default(); frame.contents.len() + 1];
    let mut recorder: Option<Recorder> = None;
    let (mut peers, mut done_s, mut fetches) = (Vec::new(), Vec::new(), Vec::new());
    let (mut outcomes, mut left_out, mut events) = (Vec::new(), 0, 0);
    let (mut ended, mut wan) = (MonoTime::ZERO, Some(0.0));
    for site in sites {
        sums.iter_mut().zip(&site.sums).for_each(|(sum, of_site)| sum.add(of_site));
        match &mut recorder {
            Some(recorder) => recorder.merge(site.recorder),
            None => recorder = Some(site.recorder),
        }
        peers.extend(site.peers);
        done_s.extend(site.done_s);
        fetches.extend(site.fetches);
        outcomes.push(site.outcome);
        left_out += site.fetches_left_out;
        events += site.events;
        ended = ended.max(site.ended);
        wan = wan.zip(site.wan).map(|(sum, of_site)| sum + of_site);
    }
    fetches.sort_by(|a: &FetchRecord, b| a.at_s.total_cmp(&b.at_s).then(a.site.cmp(&b.site)));
    let most = scenario.record.fetches_max as usize;
    left_out += u64::try_from(fetches.len().saturating_sub(most)).unwrap_or(u64::MAX);
    fetches.truncate(most);
    done_s.sort_by(f64::total_cmp);
    let egress = scenario.origin.egress.bytes_per_s().map(|rate| rate as f64);
    let capacity = [wan, egress].into_iter().flatten().reduce(f64::min);
    Outcome {
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        strategy: frame.strategy.name().into(),
        seed: frame.seed,
        events,
        ended_s: seconds(ended),
        total: sums[0].finish(),
        sites: outcomes,
        contents: contents_of(frame, &sums[1..]),
        completions: Completions { peers, percentiles_s: percentiles(&done_s) },
        series: recorder.map(|recorder| recorder.into_series(capacity)).unwrap_or_default(),
        fetches,
        fetches_left_out: left_out,
    }
}

fn contents_of(frame: &Frame<'_>, sums: &[Sums]) -> Vec<ContentOutcome> {
    let plans = frame.scenario.content.iter().zip(&frame.contents).zip(sums);
    let content =
        |((plan, facts), sums): ((&crate::scenario::ContentPlan, &crate::frame::ContentFacts), &Sums)| {
            ContentOutcome {
                name: plan.name.clone(),
                priority: plan.priority,
                size: facts.layout.content_len(),
                pieces: facts.layout.piece_count(),
                figures: sums.finish(),
            }
        };
    plans.map(content).collect()
}

/// Figures of some contents on one site.
fn sums_of(site: &Site<'_>, frame: &Frame<'_>, contents: &[usize], bound_s: f64) -> Sums {
    let mut sums = Sums::default();
    let figures = &mut sums.figures;
    figures.bound_s = bound_s;
    let wants = |host: &&Host| host.part.counts() && contents.iter().any(|at| host.contents[*at].wants);
    let start = contents.iter().map(|at| frame.contents[*at].start).min().unwrap_or_default();
    let (mut first, mut last) = (MonoTime::NEVER, MonoTime::ZERO);
    let widest = site.hosts.iter().filter_map(|host| host.part.up.bytes_per_s()).fold(0.0, f64::max);
    for host in site.hosts.iter().filter(wants) {
        figures.peers += 1;
        let begun = host.part.arrives + start;
        first = first.min(begun);
        let wanted = contents.iter().map(|at| &host.contents[*at]).filter(|content| content.wants);
        let done = wanted.map(|content| content.done).collect::<Option<Vec<_>>>();
        match done.and_then(|done| done.into_iter().max()) {
            Some(done) => {
                figures.finished += 1;
                last = last.max(done);
                sums.times_s += done.since(begun).as_secs_f64();
            }
            None if host.gone.is_some() => figures.went += 1,
            None => {
                figures.unfinished += 1;
                figures.gave_up += u32::from(host.gave_up);
            }
        }
        let is_usual = host.part.ends.is_none() && host.part.up.bytes_per_s().unwrap_or(f64::MAX) >= widest;
        if is_usual {
            sums.sent_max = sums.sent_max.max(host.sent as f64);
            sums.sent_sum += host.sent as f64;
            sums.senders += 1.0;
        }
        contents.iter().for_each(|at| add_host(&mut figures.traffic, &host.contents[*at]));
    }
    for at in contents {
        let tally = &site.tallies[*at];
        figures.traffic.add(&tally.traffic);
        figures.messages.add(&tally.messages);
        sums.copies += frame.contents[*at].layout.content_len() as f64;
    }
    figures.makespan_s = if figures.finished > 0 { last.since(first).as_secs_f64() } else { 0.0 };
    figures.makespan = ratio(figures.makespan_s, bound_s);
    sums.time_ratios = ratio(sums.times_s, bound_s);
    sums
}

/// What became of a host's bytes.
fn add_host(traffic: &mut Traffic, content: &crate::host::Driven) {
    traffic.wanted += content.lacked;
    traffic.peers += content.from_peers;
    for account in [content.account, content.earlier] {
        traffic.kept += account.kept;
        traffic.duplicate += account.duplicate;
        traffic.bad += account.failed_hash;
        traffic.cancelled += account.cancelled;
    }
}

impl Sums {
    fn add(&mut self, of: &Self) {
        let (sum, figures) = (&mut self.figures, &of.figures);
        sum.peers += figures.peers;
        sum.finished += figures.finished;
        sum.unfinished += figures.unfinished;
        sum.went += figures.went;
        sum.gave_up += figures.gave_up;
        if figures.makespan >= sum.makespan {
            sum.bound_s = figures.bound_s;
            sum.makespan_s = figures.makespan_s;
            sum.makespan = figures.makespan;
        }
        sum.traffic.add(&figures.traffic);
        sum.messages.add(&figures.messages);
        self.copies += of.copies;
        self.times_s += of.times_s;
        self.time_ratios += of.time_ratios;
        self.sent_max = self.sent_max.max(of.sent_max);
        self.sent_sum += of.sent_sum;
        self.senders += of.senders;
    }

    fn finish(&self) -> Figures {
        let mut figures = self.figures;
        let (finished, wanted) = (f64::from(figures.finished), figures.traffic.wanted as f64);
        figures.mean_s = ratio(self.times_s, finished);
        figures.mean = ratio(self.time_ratios, finished);
        figures.origin = ratio(figures.traffic.origin as f64, self.copies);
        figures.duplicate = ratio((figures.traffic.duplicate + figures.traffic.cancelled) as f64, wanted);
        figures.bad = ratio(figures.traffic.bad as f64, wanted);
        figures.upload_spread = ratio(self.sent_max * self.senders, self.sent_sum);
        figures
    }
}

fn peer_outcome(scenario: &Scenario, site: u32, number: usize, host: &Host) -> PeerOutcome {
    let group = match (host.part.kind, host.part.group) {
        (Kind::Holder, _) => "holder",
        (Kind::Cache, _) => "cache",
        (Kind::Peer, group) => group.map_or("", |at| scenario.group[at].name.as_str()),
    };
    let done = |content: &crate::host::Driven| content.done.filter(|_| content.wants).map(seconds);
    PeerOutcome {
        site,
        peer: u32::try_from(number).unwrap_or(u32::MAX),
        group: group.into(),
        behaviour: host.part.behaviour,
        class: host.part.class,
        arrived_s: seconds(host.part.arrives),
        done_s: host.done.map(seconds),
        contents_done_s: host.contents.iter().map(done).collect(),
        gone_s: host.gone.map(seconds),
        sent: host.sent,
        received: host.contents.iter().map(|content| content.from_peers).sum::<u64>() + host.from_origin,
        from_origin: host.from_origin,
    }
}

/// Entry *i* is when *i* % of all were done.
fn percentiles(done_s: &[f64]) -> Vec<f64> {
    if done_s.is_empty() {
        return Vec::new();
    }
    (0..=100usize).map(|percent| done_s[(percent * done_s.len()).div_ceil(100).max(1) - 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_at_which_so_many_were_done() {
        let done: Vec<_> = (1..=200).map(f64::from).collect();
        let percentiles = percentiles(&done);
        assert_eq!(
            (percentiles[0], percentiles[1], percentiles[50], percentiles[100]),
            (1.0, 2.0, 100.0, 200.0)
        );
        assert_eq!(super::percentiles(&[3.0]).len(), 101);
        assert!(super::percentiles(&[]).is_empty());
    }
}
