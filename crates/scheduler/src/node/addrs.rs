//! The addresses of a node that is known. Nearly everybody has one, of version 4, on the LAN: that takes no memory of its
//! own.

use std::net::{SocketAddr, SocketAddrV4};

/// Addresses of one node, the one to try next first. At most [`ADDRS_MAX`].
#[derive(Debug, Default)]
pub(super) enum Addrs {
    #[default]
    None,
    One(SocketAddrV4),
    /// Boxed twice, since there is seldom any.
    #[expect(clippy::box_collection, reason = "8 bytes in place of 24 in each of the others")]
    More(Box<Vec<SocketAddr>>),
}

/// Addresses remembered of one node: the newest.
const ADDRS_MAX: usize = 4;

impl Addrs {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The one to try next; after it, the others.
    pub(super) fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::None => None,
            Self::One(addr) => Some((*addr).into()),
            Self::More(addrs) => {
                let next = addrs.first().copied();
                // Next time, the next address.
                addrs.rotate_left(1);
                next
            }
        }
    }

    /// Puts in a new one as the first.
    pub(super) fn remember(&mut self, addr: SocketAddr) {
        *self = match (std::mem::take(self), addr) {
            (Self::None, SocketAddr::V4(addr)) => Self::One(addr),
            (Self::None, addr) => Self::More(Box::new(vec![addr])),
            (Self::One(known), addr) if addr == known.into() => Self::One(known),
            (Self::One(known), addr) => Self::More(Box::new(vec![addr, known.into()])),
            (Self::More(mut addrs), addr) => {
                if !addrs.contains(&addr) {
                    addrs.insert(0, addr);
                    addrs.truncate(ADDRS_MAX);
                }
                Self::More(addrs)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(addrs: &mut Addrs, times: usize) -> Vec<u16> {
        (0..times).filter_map(|_| addrs.next()).map(|addr| addr.port()).collect()
    }

    #[test]
    fn the_newest_is_tried_first_and_then_the_others_in_turn() {
        for host in ["10.0.0.1", "[fe80::1]"] {
            let addr = |port: u16| format!("{host}:{port}").parse().unwrap();
            let mut addrs = Addrs::default();
            assert!(addrs.is_empty() && addrs.next().is_none());
            addrs.remember(addr(1));
            addrs.remember(addr(1));
            assert_eq!(tried(&mut addrs, 2), [1, 1]);
            addrs.remember(addr(2));
            addrs.remember(addr(1));
            assert_eq!(tried(&mut addrs, 3), [2, 1, 2]);
            (3..=6).for_each(|port| addrs.remember(addr(port)));
            assert_eq!(tried(&mut addrs, 5), [6, 5, 4, 3, 6], "the oldest are forgotten");
        }
    }

    #[test]
    fn an_address_of_version_4_takes_no_memory_of_its_own() {
        assert!(size_of::<Addrs>() <= 16);
    }
}
