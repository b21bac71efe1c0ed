//! A node's way out: slices of the answers in the making, one after another, each answer in turn.

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
    /// The asker took it back while a slice was on the line.
    pub(crate) is_withdrawn: bool,
}

/// A node's way out. Bounded by the answers that its node lets be in the making.
#[derive(Debug)]
pub(crate) struct Uplink {
    waiting: VecDeque<Answer>,
    /// What is on the line, and how many bytes of it.
    on_line: Option<(Answer, u64)>,
    slice: u64,
    pipe: Pipe,
}

impl Uplink {
    /// Slices are worth an eighth of a second of the line, from 64 KiB to 1 MiB: small enough that a slow line tells of
    /// progress, and large enough that a fast one costs few events.
    pub(crate) fn new(pipe: Pipe, is_in_cell: bool) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not negative"
        )]
        let eighth = pipe.bytes_per_s().map_or(u64::MAX, |rate| (rate / 8.0) as u64);
        let most = if is_in_cell { CELL_SLICE } else { SLICE_MAX };
        Self { waiting: VecDeque::new(), on_line: None, slice: eighth.clamp(SLICE_MIN, most), pipe }
    }

    pub(crate) fn pipe(&self) -> Pipe {
        self.pipe
    }

    /// Answers in the making.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.on_line.is_some())
    }

    pub(crate) fn push(&mut self, answer: Answer) {
        self.waiting.push_back(answer);
    }

    /// Puts the next slice on the line if it is free; says how many bytes.
    pub(crate) fn begin(&mut self) -> Option<u64> {
        if self.on_line.is_some() {
            return None;
        }
        let answer = self.waiting.pop_front()?;
        let bytes = self.slice.min(answer.size - answer.sent);
        self.on_line = Some((answer, bytes));
        Some(bytes)
    }

    /// The slice has left: the answer with it, and its bytes. An answer that is not over waits for its next turn.
    pub(crate) fn end(&mut self) -> Option<(Answer, u64)> {
        let (mut answer, bytes) = self.on_line.take()?;
        answer.sent += bytes;
        if answer.sent < answer.size && !answer.is_withdrawn {
            self.waiting.push_back(answer);
        }
        Some((answer, bytes))
    }

    /// Takes back what matches. What only waits is given back at once; what is on the line ends with its slice.
    pub(crate) fn withdraw(&mut self, matches: impl Fn(&Answer) -> bool) -> Vec<Answer> {
        if let Some((answer, _)) = &mut self.on_line {
            answer.is_withdrawn |= matches(answer);
        }
        let (gone, stay) = std::mem::take(&mut self.waiting).into_iter().partition(|it| matches(it));
        self.waiting = stay;
        Vec::from(gone as VecDeque<Answer>)
    }
}

const SLICE_MIN: u64 = 64 << 10;
const SLICE_MAX: u64 = 1 << 20;
/// In a radio cell, where all take turns.
const CELL_SLICE: u64 = 256 << 10;
