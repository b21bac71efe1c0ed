//! Requests to the origin: their share of the line, and what the server does to them.

use std::time::Duration;

use swarmline_scheduler::{Failure, Hold, Input, RequestId};
use swarmline_types::{MonoTime, PieceRange, Priority};

use super::{Event, Hop, Site};
use crate::outcome::{FetchEnd, FetchRecord, Why};
use crate::scenario::Answer;
use crate::tally::seconds;

/// Bytes after which the driver tells of progress, as in the engine.
const TELL_BYTES: u64 = 256 << 10;
/// The same where the scheduler keeps a download rate.
const TELL_BYTES_LIMITED: u64 = 64 << 10;
/// However slow: of less no time is kept.
const TELL_BYTES_MIN: u64 = 4 << 10;
/// What a new connection sends in its first round trip: ten packets.
const FIRST_WINDOW: f64 = 14_480.0;
/// A starved connection gets this part of the line: a twentieth of a share among six.
const STARVED: f64 = 1.0 / 120.0;

/// A request to the origin.
#[derive(Debug)]
pub(super) struct Fetch {
    host: u32,
    content: usize,
    request: RequestId,
    pieces: PieceRange,
    size: u64,
    why: Why,
    record: Option<usize>,
    state: State,
    /// Bytes that left the line.
    sent: u64,
    /// When the latest of them did.
    sent_at: MonoTime,
    /// Of these, how many are on their way through the host's own line, or past it, and since when the others wait.
    handed: u64,
    handed_at: MonoTime,
    /// Bytes that the host has.
    arrived: u64,
    /// Pieces handed to the disk.
    written: u32,
    fate: Option<Answer>,
    /// What the connection may carry at most, and what it may carry yet.
    limit: Option<f64>,
    ramp: Option<f64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Waiting,
    Flowing,
    /// The host does not read on.
    Held,
    /// All of it has left the line.
    Sent,
    Over,
}

impl Site<'_> {
    pub(super) fn fetch(&mut self, number: u32, content: usize, request: RequestId, pieces: PieceRange) {
        let fetch = u32::try_from(self.fetches.len()).expect("fewer than 2^32 fetches");
        let (now, site) = (self.now, self.number);
        let slow_start = self.frame.scenario.network.slow_start;
        let strategy = self.frame.strategy;
        let host = self.host(number);
        let why = strategy.why(host.contents[content].why.map(|(_, why)| why));
        let down = host.part.down.bytes_per_s();
        let is_new = slow_start && host.warm == 0;
        host.warm = host.warm.saturating_sub(1);
        host.contents[content].fetches.insert(request, fetch);
        if host.part.behaviour.is_honest() {
            self.tallies[content].on_fetch(why);
        }
        let record = self.records.begin(FetchRecord {
            at_s: seconds(now),
            site,
            peer: number,
            content: u32::try_from(content).unwrap_or(u32::MAX),
            piece: pieces.first().get(),
            count: pieces.count(),
            why,
            bytes: 0,
            over_s: None,
            end: FetchEnd::Open,
        });
        let round_trip = self.plan.wan_latency.0;
        let connection = self.plan.connection.bytes_per_s().map(|rate| rate as f64);
        let limit = [connection, down].into_iter().flatten().reduce(f64::min);
        let first = FIRST_WINDOW / round_trip.as_secs_f64().max(1e-4);
        self.fetches.push(Fetch {
            host: number,
            content,
            request,
            pieces,
            size: self.frame.contents[content].layout.span(pieces).size(),
            why,
            record,
            state: State::Waiting,
            sent: 0,
            sent_at: now,
            handed: 0,
            handed_at: now,
            arrived: 0,
            written: 0,
            fate: None,
            limit,
            ramp: is_new.then_some(first),
        });
        let takes = if is_new { 2 * round_trip } else { round_trip };
        self.queue.push(now + takes, Event::Begins { fetch });
    }

    /// The first byte of the answer, or what comes instead.
    pub(super) fn on_begins(&mut self, fetch: u32) {
        if self.fetches[fetch as usize].state != State::Waiting {
            return;
        }
        let (answer, retry_after) = self.answer(fetch);
        let of = &mut self.fetches[fetch as usize];
        of.sent_at = self.now;
        of.handed_at = self.now;
        of.fate = answer;
        match answer {
            Some(Answer::Missing) => self.fail(fetch, Failure::Fatal),
            Some(Answer::Overloaded) => self.fail(fetch, Failure::Transient { retry_after }),
            Some(Answer::NoRanges) => self.fail(fetch, Failure::NoRanges),
            None | Some(Answer::Resets | Answer::Changed | Answer::Starves) => {
                if answer == Some(Answer::Starves) {
                    let share = self.wan_rate().map(|rate| rate * STARVED);
                    of_min(&mut self.fetches[fetch as usize].limit, share);
                }
                self.flow(fetch);
                if self.fetches[fetch as usize].ramp.is_some() {
                    self.queue.push(self.now + self.round_trip(), Event::Ramp { fetch });
                }
            }
        }
    }

    fn round_trip(&self) -> Duration {
        self.plan.wan_latency.0.max(Duration::from_micros(100))
    }

    /// What the server does with a request that reaches it now.
    fn answer(&mut self, fetch: u32) -> (Option<Answer>, Option<Duration>) {
        let now = self.now.since(MonoTime::ZERO);
        let of = &self.fetches[fetch as usize];
        let is_whole = self.frame.contents[of.content].layout.whole() == Some(of.pieces);
        for outage in self.frame.scenario.outage.iter().filter(|it| (it.from.0..it.until.0).contains(&now)) {
            let applies = outage.answer != Answer::NoRanges || !is_whole;
            if applies && self.origin.hits(outage.share.get()) {
                return (Some(outage.answer), outage.retry_after.map(|span| span.0));
            }
        }
        let has_no_ranges = !self.frame.scenario.origin.ranges && !is_whole;
        (has_no_ranges.then_some(Answer::NoRanges), None)
    }

    /// The connection takes its share of the line, up to the next mark.
    fn flow(&mut self, fetch: u32) {
        let host = self.fetches[fetch as usize].host;
        let class = self.class_of(fetch);
        if self.now < self.hosts[host as usize].held_until.until(class) {
            self.fetches[fetch as usize].state = State::Held;
            return;
        }
        let mark = self.next_mark(fetch);
        let of = &mut self.fetches[fetch as usize];
        of.state = State::Flowing;
        let most = [of.limit, of.ramp].into_iter().flatten().reduce(f64::min);
        self.wan.join(fetch, most, of.sent, mark, self.now);
        self.rearm_wan();
    }

    /// The next border of a piece, or the next time to tell of progress.
    fn next_mark(&self, fetch: u32) -> u64 {
        let of = &self.fetches[fetch as usize];
        let layout = &self.frame.contents[of.content].layout;
        let is_limited = self.hosts[of.host as usize].part.is_limited();
        let most = if is_limited { TELL_BYTES_LIMITED } else { TELL_BYTES };
        // A slow answer is told of each second.
        let share = self.plan.wan.bytes_per_s().map(|rate| rate / (self.wan.len() as u64 + 1));
        let tell = of.sent + share.map_or(most, |share| most.min(share).max(TELL_BYTES_MIN));
        let start = layout.span(of.pieces).start();
        let piece = u64::from(layout.piece_size());
        let border = ((start + of.sent) / piece + 1) * piece - start;
        // Where pieces are small, one mark is for several of them.
        let border = if piece < tell - of.sent { tell } else { border };
        tell.min(border).min(of.size)
    }

    pub(super) fn rearm_wan(&mut self) {
        self.wan_stamp += 1;
        if let Some(due) = self.wan.due() {
            self.queue.push(due, Event::Wan { stamp: self.wan_stamp });
        }
    }

    pub(super) fn on_wan(&mut self, stamp: u64) {
        if stamp != self.wan_stamp {
            return;
        }
        for (fetch, sent) in self.wan.reached(self.now) {
            self.on_mark(fetch, sent);
        }
        self.rearm_wan();
    }

    fn on_mark(&mut self, fetch: u32, sent: u64) {
        self.count_sent(fetch, sent);
        let of = &mut self.fetches[fetch as usize];
        let breaks_off = of.fate == Some(Answer::Resets) && sent * 2 >= of.size;
        of.state = State::Sent;
        if breaks_off {
            return self.fail(fetch, Failure::Transient { retry_after: None });
        }
        let is_over = sent == of.size;
        if self.deliver(fetch) || is_over {
            return;
        }
        // What is held up at the host holds up the answer: flow control.
        self.fetches[fetch as usize].state = State::Held;
    }

    /// The origin has sent so much of it.
    fn count_sent(&mut self, fetch: u32, sent: u64) {
        let now = self.now;
        let of = &mut self.fetches[fetch as usize];
        let (from, content, pieces, why) = (of.sent, of.content, of.pieces, of.why);
        let since = of.sent_at;
        of.sent = sent;
        of.sent_at = now;
        if sent > from {
            let layout = &self.frame.contents[content].layout;
            let again = self.tallies[content].on_origin(layout, pieces, (from, sent), why);
            self.recorder.on_origin(since, now, why, sent - from, again);
        }
    }

    /// Takes to the host what left the line since the last time, also before the connection was held up or might carry
    /// more. `true` if it is there at once, and the next may follow.
    fn deliver(&mut self, fetch: u32) -> bool {
        let now = self.now;
        let of = &mut self.fetches[fetch as usize];
        let (number, sent, since) = (of.host, of.sent, of.handed_at);
        let bytes = sent - of.handed;
        (of.handed, of.handed_at) = (sent, now);
        let host = self.host(number);
        if host.part.is_in_cell {
            self.cell.push(Hop::Origin { fetch, received: sent }, bytes);
            self.pump_cell();
            return false;
        }
        let at = host.inlet.pass(bytes, since, now);
        if at > now {
            self.queue.push(at, Event::FetchBytes { fetch, received: sent });
            return false;
        }
        if sent < self.fetches[fetch as usize].size {
            self.flow(fetch);
        }
        self.on_fetch_bytes(fetch, sent);
        true
    }

    /// Bytes of an answer are at the host.
    pub(super) fn on_fetch_bytes(&mut self, fetch: u32, received: u64) {
        let now = self.now;
        let of = &mut self.fetches[fetch as usize];
        if of.state == State::Over || received <= of.arrived {
            return;
        }
        let new = received - of.arrived;
        of.arrived = received;
        let (number, content, request) = (of.host, of.content, of.request);
        let class = self.class_of(fetch);
        self.acknowledge(number, None, new);
        let host = self.host(number);
        host.from_origin += new;
        host.contents[content].book(request, received);
        let told = host.node.as_mut().map(|node| node.on_origin_bytes(class, new, now));
        let Hold { all, of_class } = told.unwrap_or_default();
        self.hold(number, None, all);
        self.hold(number, Some(class), of_class);
        let of = &self.fetches[fetch as usize];
        if of.state == State::Held && received == of.sent {
            self.flow(fetch);
        }
        self.input(number, content, Input::Progress { request, received });
        self.write_what_is_whole(fetch);
    }

    fn write_what_is_whole(&mut self, fetch: u32) {
        loop {
            let of = &mut self.fetches[fetch as usize];
            if of.state == State::Over {
                return;
            }
            let layout = &self.frame.contents[of.content].layout;
            let Some(piece) = layout.piece(of.pieces.first().get() + of.written) else { return };
            let is_here = layout.range_of(piece).end() - layout.span(of.pieces).start() <= of.arrived;
            if of.written >= of.pieces.count() || !is_here {
                return;
            }
            of.written += 1;
            let ok = of.fate != Some(Answer::Changed);
            let (host, content, request) = (of.host, of.content, of.request);
            if of.written == of.pieces.count() {
                of.state = State::Over;
                let (record, size) = (of.record, of.size);
                self.records.end(record, size, self.now, FetchEnd::Complete);
                self.host(host).warm += 1;
            }
            self.write(host, content, request, piece, ok);
        }
    }

    fn fail(&mut self, fetch: u32, why: Failure) {
        let of = &mut self.fetches[fetch as usize];
        let (number, content, request) = (of.host, of.content, of.request);
        self.end_fetch(fetch, FetchEnd::Failed);
        let driven = &mut self.host(number).contents[content];
        driven.fetches.remove(&request);
        driven.close_book(request);
        self.input(number, content, Input::Failed { request, why });
    }

    /// A fetch is over, however.
    fn end_fetch(&mut self, fetch: u32, end: FetchEnd) {
        if self.fetches[fetch as usize].state == State::Over {
            return;
        }
        if let Some(sent) = self.wan.leave(fetch, self.now) {
            self.count_sent(fetch, sent);
            self.rearm_wan();
        }
        let of = &mut self.fetches[fetch as usize];
        of.state = State::Over;
        let (record, sent) = (of.record, of.sent);
        self.records.end(record, sent, self.now, end);
    }

    pub(super) fn cancel_fetch(&mut self, host: u32, content: usize, request: RequestId) {
        if let Some(fetch) = self.host(host).contents[content].fetches.remove(&request) {
            self.end_fetch(fetch, FetchEnd::Cancelled);
        }
    }

    /// The host goes.
    pub(super) fn end_fetches(&mut self, host: u32, end: FetchEnd) {
        for content in 0..self.frame.contents.len() {
            for fetch in std::mem::take(&mut self.host(host).contents[content].fetches).into_values() {
                self.end_fetch(fetch, end);
            }
        }
    }

    /// The host does not read on before: its rate, or that of a class, is used up.
    fn hold(&mut self, number: u32, of: Option<Priority>, until: Option<MonoTime>) {
        let Some(until) = until else { return };
        let host = self.host(number);
        host.held_until.hold(of, until);
        let life = host.life;
        for fetch in self.fetches_of(number) {
            if of.is_some_and(|class| class != self.class_of(fetch)) {
                continue;
            }
            if let Some(sent) = self.wan.leave(fetch, self.now) {
                self.count_sent(fetch, sent);
                self.fetches[fetch as usize].state = State::Held;
            }
        }
        self.rearm_wan();
        self.queue.push(until, Event::Unhold { host: number, life });
    }

    /// Whatever is held for longer stays so.
    pub(super) fn on_unhold(&mut self, number: u32, life: u32) {
        if !self.lives(number, life) {
            return;
        }
        for fetch in self.fetches_of(number) {
            if self.fetches[fetch as usize].state == State::Held {
                self.flow(fetch);
            }
        }
    }

    fn class_of(&self, fetch: u32) -> Priority {
        self.frame.contents[self.fetches[fetch as usize].content].priority
    }

    fn fetches_of(&self, host: u32) -> Vec<u32> {
        let contents = &self.hosts[host as usize].contents;
        contents.iter().flat_map(|content| content.fetches.values().copied()).collect()
    }

    /// A round trip later a young connection may carry twice as much.
    pub(super) fn on_ramp(&mut self, fetch: u32) {
        let of = &mut self.fetches[fetch as usize];
        let Some(ramp) = of.ramp else { return };
        let line = [of.limit, self.plan.wan.bytes_per_s().map(|rate| rate as f64)];
        let most = line.into_iter().flatten().reduce(f64::min);
        of.ramp = most.is_some_and(|most| 2.0 * ramp < most).then_some(2.0 * ramp);
        let is_young = of.ramp.is_some();
        if of.state == State::Flowing {
            if let Some(sent) = self.wan.leave(fetch, self.now) {
                self.count_sent(fetch, sent);
            }
            self.flow(fetch);
        }
        if is_young && self.fetches[fetch as usize].state != State::Over {
            self.queue.push(self.now + self.round_trip(), Event::Ramp { fetch });
        }
    }
}

fn of_min(limit: &mut Option<f64>, other: Option<f64>) {
    *limit = [*limit, other].into_iter().flatten().reduce(f64::min);
}
