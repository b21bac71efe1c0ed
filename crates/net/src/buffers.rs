//! Buffers for answers, used again and again.
//!
//! A page of memory that is touched for the first time costs more than receiving, decrypting and copying what is put
//! into it. The engine drops the bytes of a piece soon after they came; their buffer then waits here for the next.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

/// A stock of buffers; clones share it. Keeps at most [`KEPT_MAX`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// The one of this process, however many nodes run in it.
    pub(crate) fn of_process() -> Self {
        static STOCK: LazyLock<Buffers> = LazyLock::new(Buffers::default);
        STOCK.clone()
    }

    /// A buffer of `size` bytes, whatever they are.
    pub(crate) fn take(&self, size: usize) -> Buffer {
        let kept = if size < WORTH_KEEPING { None } else { self.lock(Vec::pop) };
        let mut bytes = kept.unwrap_or_default();
        if bytes.len() < size {
            bytes.resize(size, 0);
        }
        Buffer { bytes, size, stock: self.clone() }
    }

    fn lock<T>(&self, then: impl FnOnce(&mut Vec<Vec<u8>>) -> T) -> T {
        // Every change is complete before the lock is released.
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A buffer that goes back to its stock when it, or the last of the bytes made of it, is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// At least `size` bytes.
    bytes: Vec<u8>,
    size: usize,
    stock: Buffers,
}

impl Buffer {
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

impl AsMut<[u8]> for Buffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.size]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.len() >= WORTH_KEEPING {
            self.stock.lock(|kept| {
                if kept.len() < KEPT_MAX {
                    kept.push(bytes);
                }
            });
        }
    }
}

/// Most buffers kept, of at most 1 MiB each.
const KEPT_MAX: usize = 8;
/// Smaller buffers come from memory that is in use anyway.
const WORTH_KEEPING: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_the_last_of_its_bytes_is_dropped() {
        let stock = Buffers::default();
        let mut buffer = stock.take(100_000);
        buffer.as_mut().fill(7);
        let at = buffer.as_ref().as_ptr();
        let bytes = buffer.into_bytes();
        let part = bytes.slice(5..10);
        drop(bytes);
        assert_ne!(stock.take(100_000).as_ref().as_ptr(), at, "part of it is still in use");
        drop(stock.take(0));
        assert_eq!(part, [7; 5][..]);
        drop(part);
        let again = [stock.take(70_000), stock.take(70_000)];
        assert!(again.iter().any(|buffer| buffer.as_ref().as_ptr() == at));
        assert!(again.iter().all(|buffer| buffer.as_ref().len() == 70_000));
    }

    #[test]
    fn a_larger_buffer_grows_out_of_a_smaller_one() {
        let stock = Buffers::default();
        drop(stock.take(70_000));
        assert_eq!(stock.take(1 << 20).as_ref().len(), 1 << 20);
    }

    #[test]
    fn the_stock_is_bounded_and_keeps_nothing_small() {
        let stock = Buffers::default();
        drop((0..100).map(|_| stock.take(WORTH_KEEPING)).collect::<Vec<_>>());
        drop((0..100).map(|_| stock.take(10)).collect::<Vec<_>>());
        assert_eq!(stock.lock(|kept| kept.len()), KEPT_MAX);
    }
}
