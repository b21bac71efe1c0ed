//! What is possible: nobody can be faster.
//!
//! *F* is what a site lacks of a content, *C* its WAN line, *D* and *U* what a peer receives and sends, *N* the peers.
//! A bound is a fact about lines, so nothing that a scheduler does beats it; the simulator checks that in every run.

/// A site and what it wants, as far as a bound needs to know it. Rates are bytes per second; `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Bytes that each of the peers lacks at the start.
    pub bytes: f64,
    /// Bytes that nobody on the site has at the start.
    pub missing: f64,
    /// Peers that want them.
    pub peers: f64,
    /// What the line to the origin carries.
    pub wan: Option<f64>,
    /// What the slowest of the peers receives.
    pub down_min: Option<f64>,
    /// What all nodes of the site send together, holders and caches among them.
    pub up_sum: Option<f64>,
    /// Goodput of the radio cell, if all peers are in it.
    pub cell: Option<f64>,
    /// Pieces of what is wanted, where the WAN and all nodes, in both directions, have the same rate; otherwise 0.
    pub pieces: f64,
}

impl Site {
    /// Seconds that the last peer needs at least: the largest of *F/C* for what is missing, *F/D* of the slowest, *N F* /
    /// (*C* + sum of *U*), and *N F* / *S* in a radio cell, through which the origin's bytes pass too. Where all lines
    /// are alike, pieces make it longer: by 1 + floor(log2 *N*) / *M*.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "peers are counted")]
    pub fn seconds(&self) -> f64 {
        let over = |bytes: f64, rate: Option<f64>| rate.map_or(0.0, |rate| bytes / rate);
        let wan = over(self.missing, self.wan);
        let down = over(self.bytes, self.down_min);
        let all = match (self.wan, self.up_sum) {
            (_, Some(up)) if self.missing == 0.0 => self.peers * self.bytes / up,
            (Some(wan), Some(up)) => self.peers * self.bytes / (wan + up),
            _ => 0.0,
        };
        let cell = over(self.peers * self.bytes, self.cell);
        let fluid = wan.max(down).max(all).max(cell);
        let depth = f64::from((self.peers as u64).checked_ilog2().unwrap_or_default());
        if self.pieces > 0.0 { fluid.max(down * (1.0 + depth / self.pieces)) } else { fluid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 peers, 256 MiB in pieces of 1 MiB, WAN 20 Mbit/s, LAN 1 Gbit/s.
    fn office() -> Site {
        let bytes = f64::from(256 << 20);
        Site {
            bytes,
            missing: bytes,
            peers: 100.0,
            wan: Some(2.5e6),
            down_min: Some(125e6),
            up_sum: Some(100.0 * 125e6),
            cell: None,
            pieces: 0.0,
        }
    }

    #[test]
    fn a_slow_wan_rules_whatever_the_number_of_peers() {
        let seconds = office().seconds();
        assert!((seconds - 107.374_182_4).abs() < 1e-6, "{seconds}");
        assert_eq!(Site { peers: 1000.0, up_sum: Some(125e9), ..office() }.seconds(), seconds);
    }

    #[test]
    fn what_the_site_holds_need_not_cross_the_wan() {
        let held = Site { missing: 0.0, ..office() };
        assert!((held.seconds() - held.bytes / 125e6).abs() < 1e-6);
    }

    #[test]
    fn where_all_lines_are_alike_the_depth_of_the_tree_is_left() {
        let fast = Site { wan: Some(125e6), pieces: 256.0, ..office() };
        let fluid = fast.bytes / 125e6;
        assert!((fast.seconds() - fluid * (1.0 + 6.0 / 256.0)).abs() < 1e-9);
    }

    #[test]
    fn a_radio_cell_carries_every_byte_once_for_each() {
        let cell = Site { peers: 30.0, cell: Some(12.5e6), ..office() };
        assert!((cell.seconds() - 30.0 * cell.bytes / 12.5e6).abs() < 1e-6);
    }
}
