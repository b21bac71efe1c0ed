//! One site: its hosts, what is under way between them, and the loop that lets it happen.
//!
//! The site is the second driver of the machines, beside the engine's: it carries their orders to modelled lines, and what
//! came of it back. Like the engine it decides nothing. Sites meet at the origin's rate only, so each runs alone.

mod check;
mod drive;
mod fetch;
mod lie;
mod life;
mod meet;
mod serve;
mod talk;

use std::time::Duration;

use swarmline_scheduler::RequestId;
use swarmline_types::message::ContentMessage;
use swarmline_types::message::Message;
use swarmline_types::{MonoTime, PieceIndex, Wanted};

use crate::cast::{Cast, pieces_at_start};
use crate::chance::{Chance, Of, word};
use crate::frame::Frame;
use crate::host::{Driven, Held, Host, Presence, id_of};
use crate::link::{Cell, Inlet, PAYLOAD, Pipe, Uplink, Wan};
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::run::Broken;
use crate::scenario::SitePlan;
use crate::slab::Slab;
use crate::tally::{Records, Tally};

/// Something that is to happen. Small, since there are many; what is larger waits in a slab.
#[derive(Clone, Copy, Debug)]
enum Event {
    Arrive { host: u32 },
    Open { host: u32, life: u32, content: u32 },
    End { host: u32, life: u32 },
    Leave { host: u32, life: u32 },
    Found { a: u32, b: u32 },
    Dialled { from: u32, to: u32, life: u32 },
    Down { conn: u32, is_second: bool, clean: bool },
    Mail(u32),
    Sent { host: u32, life: u32 },
    OnAir,
    Slice(u32),
    Begins { fetch: u32 },
    Ramp { fetch: u32 },
    Wan { stamp: u64 },
    FetchBytes { fetch: u32, received: u64 },
    Unhold { host: u32, life: u32 },
    Written(u32),
    Timer { host: u32, life: u32 },
    Lie { host: u32, life: u32 },
    Cut { partition: u32 },
    Heal { partition: u32 },
}

/// A connection. Each end has its own belief of whether it stands.
#[derive(Clone, Copy, Debug)]
struct Conn {
    ends: [u32; 2],
    is_up: [bool; 2],
    /// Nothing passes any more, though the ends do not know yet.
    is_dead: bool,
    /// Nothing passes before: the site is cut, and the connection outlasts it.
    held_until: MonoTime,
    /// When the latest message to each end arrives: they keep their order.
    last_mail: [MonoTime; 2],
}

/// A message on its way.
struct Mail {
    conn: u32,
    is_to_second: bool,
    message: Message<ContentMessage>,
}

/// Bytes of a block on their way.
#[derive(Clone, Copy, Debug)]
struct Slice {
    conn: u32,
    to: u32,
    wire: u32,
    /// Bytes of the block so far, these among them.
    received: u64,
    bytes: u64,
    is_bad: bool,
}

/// A piece on its way to the disk.
#[derive(Clone, Copy, Debug)]
struct Write {
    host: u32,
    life: u32,
    content: usize,
    request: RequestId,
    piece: PieceIndex,
    ok: bool,
}

/// What passes a radio cell.
#[derive(Clone, Copy, Debug)]
enum Hop {
    /// A slice of a host in the cell.
    Up { host: u32, life: u32 },
    /// A slice of a wired host to one in the cell.
    Down(u32),
    /// Bytes of the origin to a host in the cell.
    Origin { fetch: u32, received: u64 },
}

/// How far a site is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    /// The time, or the number of events, it was to run for is over.
    Paused,
    /// Nothing more that counts will happen.
    Over,
}

/// One site while it runs.
pub(crate) struct Site<'a> {
    frame: &'a Frame<'a>,
    plan: &'a SitePlan,
    number: u32,
    seed: u64,
    pub(crate) bound_s: f64,
    pub(crate) bounds_s: Vec<f64>,
    queue: Queue<Event>,
    now: MonoTime,
    pub(crate) events: u64,
    pub(crate) hosts: Vec<Host>,
    conns: Vec<Conn>,
    /// Boxed, since many more are on their way when all arrive than ever later, and the places stay.
    mails: Slab<Box<Mail>>,
    slices: Slab<Slice>,
    writes: Slab<Write>,
    fetches: Vec<fetch::Fetch>,
    wan: Wan,
    wan_stamp: u64,
    cell: Cell<Hop>,
    network: Chance,
    origin: Chance,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) records: Records,
    pub(crate) recorder: Recorder,
    /// Peers that count and whose outcome is open.
    open: u32,
    pub(crate) done: u32,
    present: u32,
    messages_until_encoded: u32,
    broken: Option<Broken>,
    /// What every node may hold at a time.
    bounds: check::Bounds,
    /// Hosts to which something happened in this event.
    touched: Vec<u32>,
}

impl<'a> Site<'a> {
    /// A site at the time 0. `step_s` is how long the run is expected to take, for the series.
    pub(crate) fn new(frame: &'a Frame<'a>, plan: &'a SitePlan, number: u32, expected: Duration) -> Self {
        let scenario = frame.scenario;
        let seed = word(frame.seed, u64::from(number), SITE_SALT);
        let cast = Cast::of(scenario, plan, seed);
        let peers = u32::try_from(cast.parts.iter().filter(|part| part.counts()).count()).unwrap_or(u32::MAX);
        let mut recorder = Recorder::new(expected, scenario.record.points);
        if number == 0 {
            for content in &frame.contents {
                recorder.draw_map(&content.id, &content.layout, scenario.record.rows, peers);
            }
        }
        let usable = if scenario.network.headers { PAYLOAD } else { 1.0 };
        let mut site = Self {
            frame,
            plan,
            number,
            seed,
            bound_s: cast.bound_s,
            bounds_s: cast.bounds_s.clone(),
            queue: Queue::new(),
            now: MonoTime::ZERO,
            events: 0,
            hosts: hosts_of(frame, cast, seed),
            conns: Vec::new(),
            mails: Slab::new(),
            slices: Slab::new(),
            writes: Slab::new(),
            fetches: Vec::new(),
            wan: Wan::new(plan.wan.bytes_per_s().map(|rate| rate as f64 * usable)),
            wan_stamp: 0,
            cell: Cell::new(Pipe::new(plan.cell.bytes_per_s().map(|rate| rate as f64))),
            network: Chance::new(seed, Of::Network),
            origin: Chance::new(seed, Of::Origin),
            tallies: frame.contents.iter().map(|content| Tally::new(&content.layout)).collect(),
            records: Records::new(scenario.record.fetches_max),
            recorder,
            open: peers,
            done: 0,
            present: 0,
            messages_until_encoded: scenario.network.encode_every,
            broken: None,
            bounds: check::Bounds::of(frame),
            touched: Vec::new(),
        };
        site.plan_ahead();
        site
    }

    /// Puts in what happens whatever the machines do.
    fn plan_ahead(&mut self) {
        for host in 0..self.host_count() {
            self.queue.push(self.hosts[host as usize].part.arrives, Event::Arrive { host });
        }
        let partitions = self.frame.scenario.partition.iter().zip(0..);
        for (cut, partition) in partitions {
            self.queue.push(MonoTime::ZERO + cut.from.0, Event::Cut { partition });
            self.queue.push(MonoTime::ZERO + cut.until.0, Event::Heal { partition });
        }
    }

    /// Lets time pass up to `until`, or for `budget` events.
    ///
    /// # Errors
    /// When an invariant does not hold.
    pub(crate) fn run(&mut self, until: MonoTime, budget: u64) -> Result<Pace, Broken> {
        let limit = MonoTime::ZERO + self.frame.scenario.limit.0;
        let check = &self.frame.scenario.check;
        let (every, most) = (u64::from(check.every), check.events_max);
        let stop = self.events.saturating_add(budget);
        loop {
            if let Some(broken) = self.broken.take() {
                return Err(broken);
            }
            let due = self.queue.due().filter(|due| *due <= limit && self.open > 0);
            let Some(due) = due else {
                self.check_all();
                return self.broken.take().map_or(Ok(Pace::Over), Err);
            };
            if due > until || self.events >= stop {
                return Ok(Pace::Paused);
            }
            while self.recorder.due() <= due {
                self.recorder.end_step(self.done, self.present);
            }
            let Some((now, event)) = self.queue.pop() else { continue };
            self.now = now;
            self.events += 1;
            self.handle(event);
            self.check_touched();
            if self.events > most {
                self.break_endless();
            }
            if every > 0 && self.events.is_multiple_of(every) {
                self.check_one();
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive { host } => self.on_arrive(host),
            Event::Open { host, life, content } => self.on_open(host, life, content as usize),
            Event::End { host, life } => self.on_end(host, life),
            Event::Leave { host, life } => self.on_leave(host, life),
            Event::Found { a, b } => self.on_found(a, b),
            Event::Dialled { from, to, life } => self.on_dialled(from, to, life),
            Event::Down { conn, is_second, clean } => self.end_down(conn, is_second, clean),
            Event::Mail(mail) => self.on_mail(mail),
            Event::Sent { host, life } => self.on_sent(host, life),
            Event::OnAir => self.on_air(),
            Event::Slice(slice) => self.on_slice(slice),
            Event::Begins { fetch } => self.on_begins(fetch),
            Event::Ramp { fetch } => self.on_ramp(fetch),
            Event::Wan { stamp } => self.on_wan(stamp),
            Event::FetchBytes { fetch, received } => self.on_fetch_bytes(fetch, received),
            Event::Unhold { host, life } => self.on_unhold(host, life),
            Event::Written(write) => self.on_written(write),
            Event::Timer { host, life } => self.on_timer(host, life),
            Event::Lie { host, life } => self.on_lie(host, life),
            Event::Cut { partition } => self.on_cut(partition as usize),
            Event::Heal { partition } => self.on_heal(partition as usize),
        }
    }

    fn host_count(&self) -> u32 {
        u32::try_from(self.hosts.len()).expect("no more than HOSTS_MAX")
    }

    fn host(&mut self, host: u32) -> &mut Host {
        &mut self.hosts[host as usize]
    }

    fn touch(&mut self, host: u32) {
        if !std::mem::replace(&mut self.host(host).is_touched, true) {
            self.touched.push(host);
        }
    }

    /// Whether the host is in that life still.
    fn lives(&self, host: u32, life: u32) -> bool {
        let host = &self.hosts[host as usize];
        host.is_here() && host.life == life
    }

    pub(crate) fn now(&self) -> MonoTime {
        self.now
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Peers that count and are there.
    pub(crate) fn present(&self) -> u32 {
        self.present
    }

    /// When something happens next.
    pub(crate) fn due(&self) -> Option<MonoTime> {
        self.queue.due()
    }

    /// Connections that take something from the origin now.
    pub(crate) fn demand(&self) -> usize {
        self.wan.len()
    }

    /// What the site's line carries.
    pub(crate) fn wan_rate(&self) -> Option<f64> {
        let usable = if self.frame.scenario.network.headers { PAYLOAD } else { 1.0 };
        self.plan.wan.bytes_per_s().map(|rate| rate as f64 * usable)
    }

    /// The origin gives the site so much from `now` on, if that is less than its line.
    pub(crate) fn grant(&mut self, bytes_per_s: f64, now: MonoTime) {
        let rate = self.wan_rate().map_or(bytes_per_s, |own| own.min(bytes_per_s));
        self.wan.set_rate(Some(rate), now);
        self.now = self.now.max(now);
        self.rearm_wan();
    }

    pub(crate) fn origin_bytes(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.traffic.origin).sum()
    }
}

fn hosts_of(frame: &Frame<'_>, cast: Cast, seed: u64) -> Vec<Host> {
    let host = |(part, number): (crate::cast::Part, u32)| {
        let contents = frame.contents.iter().enumerate().map(|(at, content)| {
            let truth = pieces_at_start(&part, number, at, &content.layout, seed);
            let wanted = part.wanted(&content.layout).unwrap_or_else(|| Wanted::all(&content.layout));
            let lacking = wanted.pieces().filter(|piece| !truth.has(*piece));
            let lacked: u64 = lacking.map(|piece| u64::from(content.layout.size_of(piece))).sum();
            let lacked = if part.wants[at] { lacked } else { 0 };
            Driven::new(part.wants[at], wanted, truth, lacked)
        });
        Host {
            id: id_of(seed, number),
            presence: Presence::Away,
            life: 0,
            node: None,
            contents: contents.collect(),
            conns: Vec::new(),
            uplink: Uplink::new(part.up),
            inlet: Inlet::new(part.down),
            disk: Inlet::new(part.disk),
            wires: swarmline_types::FlatMap::new(),
            next_wire: 0,
            dirty: 0,
            is_touched: false,
            timer: MonoTime::NEVER,
            warm: 0,
            held_until: Held::default(),
            has_ended: false,
            is_settled: !part.counts(),
            done: None,
            gone: None,
            gave_up: false,
            sent: 0,
            from_origin: 0,
            part,
        }
    };
    cast.parts.into_iter().zip(0..).map(host).collect()
}

/// Sets the chance of sites apart from everything else.
const SITE_SALT: u64 = 0x5157_e000_0000_0001;
