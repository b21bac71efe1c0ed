//! Parameters of the algorithm, with unit and default. What only one machine knows stands with it; what goes wrong beside
//! a value stands in `docs/algorithm.md`.

use std::time::Duration;

use swarmline_types::{CapacityClass, MonoTime, Priority, Rate, Wanted};

/// Parameters of one [`Content`](crate::Content). [`Config::default`] is what the algorithm was measured with.
#[derive(Clone, Debug)]
pub struct Config {
    /// How much of the site's origin work this node takes on. Default wired.
    pub class: CapacityClass,
    /// Whether somebody waits for the content. Default foreground.
    pub priority: Priority,
    /// Which pieces are wanted at first; the others are neither asked for nor waited for, and count if they come.
    /// Default all.
    pub wanted: Option<Wanted>,
    /// Whether the node may fetch from an origin at all. Default yes.
    pub has_origin: bool,
    /// When the origin may be used, and by when the content is needed. Default at once.
    pub policy: Policy,
    /// Lane: runs that the site fetches at the same time, until the line is measured. Fewer leave the WAN idle, more lose
    /// more when an owner dies. Default 6, 4 to 24.
    pub window: usize,
    /// Lane: whether the window follows the measured line. Default yes.
    pub window_adapts: bool,
    /// Wait before the first claim, to learn who already has the content. Default [`DISCOVERY_WAIT`];
    /// [`Node::discovery_wait`](crate::Node::discovery_wait) tells what fits a node that knows its site. The background
    /// waits [`BACKGROUND_WAITS`] times as long. None for contents up to [`SMALL_CONTENT`].
    pub discovery_wait: Duration,
    /// How long a node that has met nobody yet takes only one run at a time, from a random place: claims made
    /// before members can hear each other must not collide. Default 2 s; zero when no discovery is running.
    pub settle: Duration,
    /// Mesh: members, this node among them, beyond which the full mesh becomes a random graph. Default 13.
    pub full_mesh_max: usize,
    /// Mesh: mean number of neighbours in the random graph. Default 12.
    pub degree: usize,
    /// Without a byte from anybody for this long the content fails. Default 5 min.
    pub no_progress_timeout: Duration,
    /// How long a content without a usable origin waits for somebody who offers what is missing. Default 10 s.
    pub orphan_grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            class: CapacityClass::Wired,
            priority: Priority::Foreground,
            wanted: None,
            has_origin: true,
            policy: Policy::default(),
            window: 6,
            window_adapts: true,
            discovery_wait: DISCOVERY_WAIT,
            settle: Duration::from_secs(2),
            full_mesh_max: 13,
            degree: 12,
            no_progress_timeout: Duration::from_secs(300),
            orphan_grace: Duration::from_secs(10),
        }
    }
}

/// What an administrator wants: to wait for peers before the origin is asked, but not for too long.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// How long a foreground content leaves the origin alone, counted from its opening. Default zero.
    pub foreground_delay: Duration,
    /// The same for a background content. Default zero.
    pub background_delay: Duration,
    /// When the content should be here; a delay ends early enough for that. Default none.
    pub deadline: Option<MonoTime>,
}

impl Policy {
    /// Until when a content of that class, opened at `opened`, leaves the origin alone. A deadline ends the wait when
    /// twice the time is left that the bytes which are lacking should take, at the measured rate of the line in bytes a
    /// second or, without one, at 1 MiB/s.
    pub fn origin_opens_at(
        &self,
        class: Priority,
        opened: MonoTime,
        lacking: u64,
        line: Option<u64>,
    ) -> MonoTime {
        let delay = match class {
            Priority::Foreground => self.foreground_delay,
            Priority::Background => self.background_delay,
        };
        let Some(deadline) = self.deadline else { return opened + delay };
        let rate = line.unwrap_or(RATE_ASSUMED).max(1);
        let needs =
            Duration::from_millis(lacking.saturating_mul(1000) / rate).saturating_mul(DEADLINE_MARGIN);
        (opened + delay).min(deadline - needs).max(opened)
    }
}

impl Config {
    /// Time per rank before a run without a claim is taken over.
    pub(crate) fn unclaimed_step(&self) -> Duration {
        match self.priority {
            Priority::Foreground => Duration::from_secs(1),
            Priority::Background => Duration::from_secs(2),
        }
    }

    /// How long nothing may come from anywhere before the node helps itself.
    pub(crate) fn isolation(&self) -> Duration {
        match self.priority {
            Priority::Foreground => Duration::from_secs(3),
            Priority::Background => Duration::from_secs(15),
        }
    }
}

/// How long nothing is heard before a content that nobody offers looks for other peers.
pub(crate) const STRANDED_AFTER: Duration = Duration::from_secs(1);
/// How long a content waits before its first claim at a node that may not have met its site yet: 250 ms.
pub const DISCOVERY_WAIT: Duration = Duration::from_millis(250);
/// The same at a node that is connected with its site already: 80 ms, in which those who have the content say so, and
/// names of members get around.
pub const DISCOVERY_WAIT_SETTLED: Duration = Duration::from_millis(80);
/// How many times as long the background waits, for which nobody waits: 2 s until the site is known.
pub const BACKGROUND_WAITS: u32 = 8;
/// Contents up to this size skip the discovery wait: 2 MiB.
pub const SMALL_CONTENT: u64 = 2 << 20;

/// Lane: bytes of a run. Smaller pieces are claimed together, so that the window is counted in bytes.
pub const RUN_SIZE: u32 = 1 << 20;
/// Lane: smallest and largest window.
pub(crate) const WINDOW_MIN: usize = 4;
/// See [`WINDOW_MIN`].
pub(crate) const WINDOW_MAX: usize = 24;
/// Lane: time in which a claim is known to all, where everybody is connected.
pub(crate) const KNOWN_AFTER: Duration = Duration::from_millis(10);
/// Lane: the same where claims are passed on.
pub(crate) const KNOWN_AFTER_RUMOUR: Duration = Duration::from_millis(100);
/// Policy: what the line is taken to carry, in bytes a second, as long as nothing is known of it.
pub(crate) const RATE_ASSUMED: u64 = 1 << 20;
/// Policy: a delay ends when so many times as long as the rest should take is left to the deadline.
pub(crate) const DEADLINE_MARGIN: u32 = 2;
/// Lane: a run in the window this long without a claim no longer counts towards the window.
pub(crate) const BLOCKED_AFTER: Duration = Duration::from_millis(300);
/// Lane: runs that may be blocked at once before they count again.
pub(crate) const BLOCKED_MAX: usize = 32;
/// Lane: a claimant heard from this long ago is silent.
pub(crate) const SILENT_AFTER: Duration = Duration::from_secs(3);
/// Lane: time per rank before a silent claimant is taken over.
pub(crate) const SILENT_STEP: Duration = Duration::from_millis(500);
/// Lane: how long a suspect stays out of the ranking.
pub(crate) const SUSPECT_FOR: Duration = Duration::from_secs(60);
/// Lane: interval of the heartbeat.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(1);
/// Lane: a claim slower than a quarter of the median for this long may be copied once.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(10);
/// Lane: how long the line is kept for what somebody waits for after it last got on.
pub(crate) const LINE_KEPT: Duration = Duration::from_secs(10);
/// Lane: longest pause of the origin that a node believes a member about.
pub(crate) const HEARSAY_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Lane: live claims remembered for one run; an honest site needs two.
pub(crate) const CLAIMS_PER_RUN_MAX: usize = 4;

/// Lane: ranks that wait a whole step each before a run without a claim is taken over; later ones wait
/// [`LATE_RANK_STEP`] more each.
pub(crate) const WHOLE_STEPS_MAX: usize = 4;
/// Lane: runs that others take on while one waits, that make it as late as a step with room does.
pub(crate) const PASSES_PER_STEP: u32 = 5;
/// Lane: what each further rank waits.
pub(crate) const LATE_RANK_STEP: Duration = Duration::from_millis(250);
/// Lane: how long what an unconnected member says to have is waited for, once peers bring nothing else.
pub(crate) const ELSEWHERE_BELIEVED: Duration = Duration::from_secs(5);
/// Lane: runs of which claims of others are remembered.
pub const CLAIMS_MAX: usize = 4096;
/// Rumours: most in one message, as the wire allows.
pub(crate) const RUMOURS_MAX: usize = 32;
/// Rumours: peers that a node chooses as links. With two each, the graph of links is connected.
pub(crate) const LINKS: usize = 2;
/// Rumours: links that a node has on average. Who passes something on and chose nobody is one more only below that.
pub(crate) const LINKS_USUAL: usize = 2 * LINKS;
/// Rumours: a link that this node chose and that passed nothing on for so long, while others brought [`LINK_MISSES`] news,
/// is left for another. One that chose this node is none any more after three times as long and as many.
pub(crate) const LINK_SILENCE: Duration = Duration::from_secs(3);
/// Rumours: news that a link must have missed to be mute.
pub(crate) const LINK_MISSES: u32 = 3;
/// Rumours: shortest time between two batches that are passed on. With 100 ms an owner hears of room, and others of its
/// claim, so late that a site of a hundred takes over what is not late.
pub(crate) const RUMOUR_BATCH: Duration = Duration::from_millis(20);
/// Rumours: a member that said nothing for so long says that it is here.
pub(crate) const HERE_EVERY: Duration = Duration::from_secs(60);
/// Rumours: a member that is not connected and was not heard of for so long is forgotten.
pub(crate) const MEMBER_EXPIRES: Duration = Duration::from_secs(150);
/// Rumours: members that are ranked; where there are more, half of them is, or a quarter, and so on.
pub const MEMBERS_KNOWN_MAX: usize = 2048;
/// Rumours: when fewer are left of those, twice as many are ranked as before.
pub(crate) const COMMITTEE_MIN: usize = MEMBERS_KNOWN_MAX / 16;
/// Rumours: of so many that were heard of, half would be left out if others had not left them out already.
pub(crate) const HALVED_FROM: usize = MEMBERS_KNOWN_MAX / 8;
/// Rumours: members remembered that are neither ranked nor connected: those that spoke of what they fetch.
pub const OUTSIDERS_MAX: usize = 256;
/// Rumours: largest step from one number of a member to the next.
pub(crate) const NUMBER_STEP_MAX: u64 = 1 << 20;
/// Rumours: largest number of a member that was not known.
pub(crate) const NUMBER_FIRST_MAX: u64 = 1 << 40;
/// Rumours: news per second that one peer may bring.
pub(crate) const RUMOURS_PER_S: Rate = Rate::bytes_per_s(1000).expect("not 0");
/// Rumours: news that one peer may bring at once.
pub(crate) const RUMOUR_BURST: i64 = 40_000;
/// Rumours: what news of a name that was not known count for.
pub(crate) const NEW_NAME_COSTS: u64 = 16;

/// Mesh: requests in flight at the beginning.
pub(crate) const IN_FLIGHT_START: usize = 4;
/// Mesh: never fewer requests in flight.
pub(crate) const IN_FLIGHT_MIN: usize = 2;
/// Mesh: most requests in flight, for pieces of 1 MiB and more.
pub(crate) const IN_FLIGHT_MAX: usize = 6;
/// Mesh: most requests in flight whatever a long fat line would carry.
pub(crate) const IN_FLIGHT_MOST: usize = 256;
/// Mesh: most requests at one peer, for pieces of 1 MiB and more.
pub(crate) const PER_PEER_MAX: usize = 2;
/// Mesh: small pieces multiply both limits, at most by this.
pub(crate) const SMALL_PIECE_FACTOR_MAX: usize = 16;
/// Mesh: random useful pieces among which the rarest is looked for, and pieces among which the source that should answer
/// soonest decides.
pub(crate) const CHOICES: usize = 4;
/// Mesh: most draws of such pieces that find no usable source before the turn ends.
pub(crate) const DRAWS_MAX: usize = 8;
/// Mesh: when the draws found no source, somebody may have a piece all the same: drawn again after so long.
pub(crate) const REDRAW: Duration = Duration::from_millis(250);
/// Mesh: a service time below this asks for one more request in flight.
pub(crate) const FAST_SERVICE: Duration = Duration::from_secs(2);
/// Mesh: a service time above this asks for one fewer.
pub(crate) const SLOW_SERVICE: Duration = Duration::from_secs(4);
/// Mesh: a request without a byte for this long has timed out; or for three service times if that is longer, up to a
/// fifth of the time without progress after which a node gives up.
pub(crate) const PROGRESS_TIMEOUT: Duration = Duration::from_secs(5);
/// Mesh: a stranger that was asked and gave no sign of life for so long is not waited for by the lane. Whoever serves
/// begins or rejects within the time that its queue may hold, 1.5 s.
pub(crate) const STRANGER_SILENCE: Duration = Duration::from_secs(3);
/// Mesh: how long bytes of what was taken back show that the line is behind. The slowest lines carry a slice in that time.
pub(crate) const DISCARDS_SHOW: Duration = Duration::from_secs(10);
/// Mesh: first snub; doubles each time up to [`SNUB_MAX`], forgotten with a delivered piece.
pub(crate) const SNUB: Duration = Duration::from_secs(2);
/// Mesh: longest snub.
pub(crate) const SNUB_MAX: Duration = Duration::from_secs(32);
/// Mesh: first pause after a reject, at least; jitter adds up to one and a half times as much.
pub(crate) const REJECT_PAUSE: Duration = Duration::from_millis(20);
/// Mesh: the pause is at least such a part of the time that requests usually take, and all of it where the LAN is full.
pub(crate) const REJECT_PAUSE_PART: u32 = 3;
/// Mesh: doublings of the pause after rejects in a row.
pub(crate) const REJECT_DOUBLINGS_MAX: u32 = 5;
/// Endgame: age at which the last requests get a second source.
pub(crate) const ENDGAME_AFTER: Duration = Duration::from_millis(200);
/// Endgame: most sources of one piece at a time.
pub(crate) const COPIES_MAX: usize = 2;
/// Announcing: shortest time between two HAVE batches to one neighbour.
pub(crate) const HAVE_BATCH: Duration = Duration::from_millis(100);
/// Announcing: the same while pieces come fast.
pub(crate) const HAVE_BATCH_FAST: Duration = Duration::from_millis(20);
/// Announcing: unless pieces come slowly, one that fewer peers have is told at once, whenever the last batch was.
pub(crate) const RARE_HOLDERS: u16 = 4;
/// Announcing: so many [`RUN_SIZE`] of pieces within [`FAST_SPAN`] are fast.
pub(crate) const FAST_RUNS: usize = 8;
/// See [`FAST_RUNS`].
pub(crate) const FAST_SPAN: Duration = Duration::from_millis(400);
/// Announcing: where a piece comes no more often than each so many times that a request takes, the LAN has time to spare.
pub(crate) const CALM_SERVICES: u32 = 3;
/// Announcing: neighbours that are told of a piece in one batch where the LAN has time to spare; half of it by who has
/// given a fifth more than it got, and one by who has given half as much again.
pub(crate) const TOLD_AT_ONCE: usize = 4;
/// Announcing: where pieces come fast, a node that owes peers something tells as many of a piece as it could send it to
/// before it owed so many MiB.
pub(crate) const OWED_MIB_MAX: u64 = 6;
/// Announcing: MiB that a node must have got before what it gave is held against it.
pub(crate) const GIVEN_JUDGED_FROM: u64 = 8;
/// Announcing: most pieces in one batch, as the wire allows.
pub(crate) const HAVE_BATCH_MAX: usize = 4096;
/// Announcing: a changed bitmap is repeated in full this often, against drift.
pub(crate) const SUMMARY_EVERY: Duration = Duration::from_secs(60);
/// Pieces with a wrong hash from the origin, or answers of a wrong length, in a row before it is held to serve another
/// content.
pub(crate) const ORIGIN_MISMATCH_MAX: u32 = 2;
