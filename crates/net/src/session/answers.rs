//! The answers that wait to be sent to one peer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use swarmline_types::message::WireRequest;
use tokio::sync::Notify;

/// Bytes that a peer asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) request: WireRequest,
    pub(super) data: Bytes,
}

/// At most [`ANSWERS_MAX`], first in, first out.
#[derive(Debug, Default)]
pub(super) struct Answers {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Answer>,
    /// The one being sent, until it is withdrawn.
    current: Option<WireRequest>,
}

impl Answers {
    /// `false` when the queue is full.
    pub(super) fn push(&self, answer: Answer) -> bool {
        let mut state = self.lock();
        if state.queue.len() == ANSWERS_MAX {
            return false;
        }
        state.queue.push_back(answer);
        drop(state);
        self.more.notify_one();
        true
    }

    /// Sends no more of an answer than is already on its way.
    pub(super) fn withdraw(&self, request: WireRequest) {
        let mut state = self.lock();
        state.current.take_if(|current| *current == request);
        // It keeps its place, so that its end is told in order like any other's.
        state
            .queue
            .iter_mut()
            .filter(|answer| answer.request == request)
            .for_each(|answer| answer.data.clear());
    }

    /// The next answer; the one before is done with. Dropping it half-way loses nothing.
    pub(super) async fn next(&self) -> Answer {
        loop {
            if let Some(answer) = self.try_next() {
                return answer;
            }
            self.more.notified().await;
        }
    }

    /// Whether the answer that was given out last is still wanted.
    pub(super) fn is_wanted(&self, request: WireRequest) -> bool {
        self.lock().current == Some(request)
    }

    pub(super) fn try_next(&self) -> Option<Answer> {
        let mut state = self.lock();
        let next = state.queue.pop_front();
        state.current = next.as_ref().map(|answer| answer.request);
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most answers queued for one peer. The scheduler keeps its queue for all peers far below that.
pub(super) const ANSWERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: u32) -> Answer {
        Answer { request: WireRequest(name), data: Bytes::from_static(b"abc") }
    }

    #[tokio::test]
    async fn answers_leave_in_the_order_they_came() {
        let answers = Answers::default();
        assert!(answers.push(answer(1)) && answers.push(answer(2)));
        assert_eq!((answers.next().await, answers.next().await), (answer(1), answer(2)));
    }

    #[tokio::test]
    async fn a_withdrawn_answer_keeps_its_place_and_loses_its_bytes() {
        let answers = Answers::default();
        (1..=3).for_each(|name| assert!(answers.push(answer(name))));
        answers.next().await;
        answers.withdraw(WireRequest(2));
        assert!(answers.is_wanted(WireRequest(1)));
        answers.withdraw(WireRequest(1));
        assert!(!answers.is_wanted(WireRequest(1)));
        assert_eq!(answers.next().await.data, Bytes::new());
        assert_eq!(answers.next().await, answer(3));
    }

    #[test]
    fn the_queue_is_bounded() {
        let answers = Answers::default();
        assert!((0..).take(ANSWERS_MAX).all(|name| answers.push(answer(name))));
        assert!(!answers.push(answer(0)));
    }
}
