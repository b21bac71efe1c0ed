//! Counting what others wait for.

use tokio::sync::watch;

/// Counts things that are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(watch::Sender<usize>);

impl Count {
    /// Waits until there is none. Safe to drop half-way.
    pub(crate) async fn none(&self) {
        // The sender is held here, so the wait ends only when it is so.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Whether there is none at this moment.
    pub(crate) fn is_none(&self) -> bool {
        *self.0.borrow() == 0
    }

    /// One that is there until this is dropped.
    pub(crate) fn one_more(&self) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(self.clone())
    }
}

/// See [`Count::one_more`].
#[derive(Debug)]
pub(crate) struct Counted(Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_when_all_are_gone() {
        let count = Count::default();
        count.none().await;
        let (first, second) = (count.one_more(), count.one_more());
        let waiting = tokio::spawn({
            let count = count.clone();
            async move { count.none().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !count.is_none());
        drop(second);
        waiting.await.unwrap();
        assert!(count.is_none());
    }
}
