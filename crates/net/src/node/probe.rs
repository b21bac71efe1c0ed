//! Asks the local networks for nodes more often than libp2p does.
//!
//! libp2p's mDNS stops asking after its first answer and then waits for five minutes, so nodes that start together can
//! miss each other for as long. It reads every answer, though, whoever asked. So we only send the question: a few times
//! after the start, and every five seconds while somebody waits for a download.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// When the next question is due.
pub(super) struct Probe {
    /// Questions left of the burst.
    burst: std::slice::Iter<'static, Duration>,
    active: bool,
    next: Option<Instant>,
}

impl Probe {
    /// Begins with a burst.
    pub(super) fn new(now: Instant) -> Self {
        let mut probe = Self { burst: BURST.iter(), active: false, next: None };
        probe.schedule(now);
        probe
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether somebody waits for a download. Turning it on begins a burst.
    pub(super) fn set_active(&mut self, active: bool, now: Instant) {
        if active && !self.active {
            self.burst = BURST.iter();
        }
        self.active = active;
        self.schedule(now);
    }

    /// Whether to ask now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|at| at <= now);
        if due {
            self.schedule(now);
        }
        due
    }

    fn schedule(&mut self, now: Instant) {
        let wait = self.burst.next().copied().or(self.active.then_some(WHILE_ACTIVE));
        self.next = wait.map(|wait| now + wait);
    }
}

/// Asks on the networks of these addresses of ours. What cannot be sent is not sent: another network may work.
pub(super) fn ask(listening_on: impl Iterator<Item = IpAddr>) {
    for ip in listening_on {
        let IpAddr::V4(ip) = ip else { continue };
        if ip.is_loopback() {
            continue;
        }
        if let Err(error) = ask_from(ip) {
            tracing::debug!(%ip, %error, "could not ask this network for nodes");
        }
    }
}

/// The system sends multicast from the network that the socket's own address belongs to.
fn ask_from(ip: Ipv4Addr) -> std::io::Result<()> {
    let socket = UdpSocket::bind(SocketAddr::from((ip, 0)))?;
    socket.set_nonblocking(true)?;
    socket.send_to(&question(), MDNS)?;
    Ok(())
}

/// One question of DNS: the pointers of libp2p's service, on the Internet.
fn question() -> Vec<u8> {
    const POINTER: [u8; 2] = [0, 12];
    const INTERNET: [u8; 2] = [0, 1];
    let header = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], b"\x04_p2p\x04_udp\x05local\x00", &POINTER, &INTERNET].concat()
}

const MDNS: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);
/// Nodes that start together know each other after the second of these, even if the first one was too early for some.
const BURST: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_millis(1500),
];
const WHILE_ACTIVE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds from the start of the next questions, at most ten.
    fn asked(probe: &mut Probe, start: Instant) -> Vec<u128> {
        let mut at = Vec::new();
        while let (Some(next), true) = (probe.next(), at.len() < 10) {
            assert!(!probe.is_due(next - Duration::from_millis(1)));
            assert!(probe.is_due(next));
            at.push((next - start).as_millis());
        }
        at
    }

    #[test]
    fn an_idle_node_asks_a_few_times_and_then_never() {
        let start = Instant::now();
        assert_eq!(asked(&mut Probe::new(start), start), [250, 750, 1500, 3000]);
    }

    #[test]
    fn a_node_with_a_download_asks_every_five_seconds() {
        let start = Instant::now();
        let mut probe = Probe::new(start);
        asked(&mut probe, start);
        probe.set_active(true, start);
        assert_eq!(asked(&mut probe, start)[..6], [250, 750, 1500, 3000, 8000, 13000]);
        probe.set_active(false, start);
        assert_eq!(probe.next(), None);
    }

    #[test]
    fn the_question_is_one_of_dns() {
        let question = question();
        assert_eq!(question.len(), 12 + 17 + 4);
        assert_eq!(question[4..6], [0, 1], "one question");
    }
}
