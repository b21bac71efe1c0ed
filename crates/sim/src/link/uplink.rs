//! A node's way out: slices of the answers in the making, one after another, each answer in turn. Who sends to a slow
//! asker waits until a slice is taken in before the next leaves, as flow control makes it.

use std::collections::VecDeque;

use swarmline_scheduler::Ticket;

use super::Pipe;

/// An answer in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The node's name for it.
    pub(crate) ticket: Ticket,
    /// The connection over which it goes.
    pub(crate) conn: u32,
    /// The asker's name for it.
    pub(crate) wire: u32,
    /// Its bytes.
    pub(crate) size: u64,
    /// Of these, how many have left, the slice on the line not among them.
    pub(crate) sent: u64,
    /// Most bytes of it that are on the line at a time.
    pub(crate) slice: u64,
    /// The asker took it back while a slice was on the line.
    pub(crate) is_withdrawn: bool,
}

/// A node's way out. Bounded by the answers that its node lets be in the making.
#[derive(Debug)]
pub(crate) struct Uplink {
    waiting: VecDeque<Answer>,
    /// What is on the line, and how many bytes of it.
    on_line: Option<(Answer, u64)>,
    /// Whose asker has not taken in the latest slice yet: flow control.
    parked: Vec<Answer>,
    /// Bytes beside the answers that go out with the next slice.
    beside: u64,
    pipe: Pipe,
}

impl Uplink {
    pub(crate) fn new(pipe: Pipe) -> Self {
        Self { waiting: VecDeque::new(), on_line: None, parked: Vec::new(), beside: 0, pipe }
    }

    pub(crate) fn pipe(&self) -> Pipe {
        self.pipe
    }

    /// Answers in the making.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.parked.len() + usize::from(self.on_line.is_some())
    }

    pub(crate) fn push(&mut self, answer: Answer) {
        self.waiting.push_back(answer);
    }

    /// Something small goes out beside the answers. While the line is idle that takes nothing from them.
    pub(crate) fn squeeze_in(&mut self, bytes: u64) {
        self.beside += if self.on_line.is_some() { bytes } else { 0 };
    }

    /// Puts the next slice on the line if it is free; says how many bytes, with those that go out beside it.
    pub(crate) fn begin(&mut self) -> Option<u64> {
        if self.on_line.is_some() {
            return None;
        }
        let beside = std::mem::take(&mut self.beside);
        let answer = self.waiting.pop_front()?;
        let bytes = answer.slice.min(answer.size - answer.sent);
        self.on_line = Some((answer, bytes));
        Some(bytes + beside)
    }

    /// The slice has left: the answer with it, and its bytes.
    pub(crate) fn end(&mut self) -> Option<(Answer, u64)> {
        let (mut answer, bytes) = self.on_line.take()?;
        answer.sent += bytes;
        Some((answer, bytes))
    }

    /// An answer that is not over waits for its next turn.
    pub(crate) fn go_on(&mut self, answer: Answer) {
        self.waiting.push_back(answer);
    }

    /// An answer waits until its asker has taken in what is on the way.
    pub(crate) fn park(&mut self, answer: Answer) {
        self.parked.push(answer);
    }

    /// The asker has taken in a slice. `true` if the answer waited for that.
    pub(crate) fn resume(&mut self, conn: u32, wire: u32) -> bool {
        let Some(at) = self.parked.iter().position(|it| (it.conn, it.wire) == (conn, wire)) else {
            return false;
        };
        let answer = self.parked.remove(at);
        self.waiting.push_back(answer);
        true
    }

    /// Takes back what matches. What only waits is given back at once; what is on the line ends with its slice.
    pub(crate) fn withdraw(&mut self, matches: impl Fn(&Answer) -> bool) -> Vec<Answer> {
        if let Some((answer, _)) = &mut self.on_line {
            answer.is_withdrawn |= matches(answer);
        }
        let (gone, stay): (VecDeque<_>, _) =
            std::mem::take(&mut self.waiting).into_iter().partition(&matches);
        self.waiting = stay;
        let (parked, stay): (Vec<_>, _) = std::mem::take(&mut self.parked).into_iter().partition(&matches);
        self.parked = stay;
        gone.into_iter().chain(parked).collect()
    }
}

/// How much of an answer is on the line at a time: an eighth of a second of the slower of both ends, from 64 to 128 KiB.
/// Small enough that answers share a line as connections do, so that each of four is there at a quarter of the rate and
/// none is before the others; large enough that a piece costs few events.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
pub(crate) fn slice_size(up: Pipe, down: Pipe) -> u64 {
    let slower = [up, down].iter().filter_map(|pipe| pipe.bytes_per_s()).reduce(f64::min);
    let eighth = slower.map_or(u64::MAX, |rate| (rate / 8.0) as u64);
    eighth.clamp(SLICE_MIN, SLICE_MAX)
}

const SLICE_MIN: u64 = 64 << 10;
const SLICE_MAX: u64 = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(wire: u32, size: u64) -> Answer {
        let ticket = swarmline_scheduler::Ticket::new(u64::from(wire));
        Answer { ticket, conn: 1, wire, size, sent: 0, slice: 10, is_withdrawn: false }
    }

    /// Sends to the end; gives the order in which answers had the line.
    fn order(uplink: &mut Uplink) -> Vec<u32> {
        let mut order = Vec::new();
        while uplink.begin().is_some() {
            let (answer, _) = uplink.end().unwrap();
            order.push(answer.wire);
            if answer.sent < answer.size {
                uplink.go_on(answer);
            }
        }
        order
    }

    #[test]
    fn answers_have_the_line_in_turn() {
        let mut uplink = Uplink::new(Pipe::new(None));
        uplink.push(answer(1, 25));
        uplink.push(answer(2, 10));
        assert_eq!(order(&mut uplink), [1, 2, 1, 1]);
    }

    #[test]
    fn who_waits_for_its_asker_holds_nobody_up() {
        let mut uplink = Uplink::new(Pipe::new(None));
        uplink.push(answer(1, 20));
        assert_eq!(uplink.begin(), Some(10));
        let (first, _) = uplink.end().unwrap();
        uplink.park(first);
        uplink.push(answer(2, 10));
        assert_eq!((order(&mut uplink), uplink.len()), (vec![2], 1));
        assert!(uplink.resume(1, 1) && !uplink.resume(1, 1));
        assert_eq!(order(&mut uplink), [1]);
    }

    #[test]
    fn what_goes_out_beside_a_slice_delays_the_next() {
        let mut uplink = Uplink::new(Pipe::new(None));
        uplink.squeeze_in(3);
        uplink.push(answer(1, 20));
        assert_eq!(uplink.begin(), Some(10), "the line was idle");
        uplink.squeeze_in(3);
        let (first, bytes) = uplink.end().unwrap();
        assert_eq!(bytes, 10);
        uplink.go_on(first);
        assert_eq!(uplink.begin(), Some(13));
    }

    #[test]
    fn what_is_taken_back_is_given_back_but_for_what_is_on_the_line() {
        let mut uplink = Uplink::new(Pipe::new(None));
        (1..=3).for_each(|wire| uplink.push(answer(wire, 20)));
        uplink.begin();
        let back = uplink.withdraw(|answer| answer.wire != 3);
        assert_eq!(back.iter().map(|answer| answer.wire).collect::<Vec<_>>(), [2]);
        assert!(uplink.end().is_some_and(|(answer, _)| answer.wire == 1 && answer.is_withdrawn));
        assert_eq!(order(&mut uplink), [3, 3]);
    }

    #[test]
    fn slices_follow_the_slower_end() {
        let mbit = |rate: f64| Pipe::new(Some(rate * 125e3));
        assert_eq!(slice_size(mbit(1000.0), mbit(1000.0)), 128 << 10);
        assert_eq!(slice_size(mbit(1000.0), mbit(8.0)), 125_000);
        assert_eq!(slice_size(mbit(1.0), Pipe::new(None)), 64 << 10);
    }
}
