//! What a good run keeps, and what a run has broken.

use serde::Serialize;

/// The bounds of a scenario; none is checked that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Targets {
    /// Time until the last host has all files, in bounds.
    pub(super) makespan_max: Option<f64>,
    /// Bytes on the origin's wire to a site, in sizes of all files.
    pub(super) origin_max: Option<f64>,
    /// Bytes of files, without their piece hash files, that the origin sends.
    pub(super) origin_content_max: Option<u64>,
    /// Time until the last host has the file in the foreground, in bounds of that file.
    pub(super) urgent_max: Option<f64>,
    /// Bytes that came more than once or too late, of all that had to come.
    pub(super) duplicates_max: Option<f64>,
    /// Pieces with wrong bytes for each pair of a host that stays and one that lies.
    pub(super) bad_pieces_per_pair_max: Option<f64>,
    /// Seconds until every node is connected with all others.
    pub(super) peers_seen_s_max: Option<f64>,
}

/// What is compared with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Absent when a host that stayed has not all files, or nothing is shaped.
    pub(super) makespan_ratio: Option<f64>,
    /// Of the site that took most.
    pub(super) origin_ratio: f64,
    /// Bytes of files, without their piece hash files, that the origin sent.
    pub(super) origin_content_bytes: u64,
    /// Absent when there are no two classes.
    pub(super) urgent_ratio: Option<f64>,
    /// Absent when the nodes say nothing of it.
    pub(super) duplicates_ratio: Option<f64>,
    /// Absent when the nodes say nothing of it, or nobody lies.
    pub(super) bad_pieces_per_pair: Option<f64>,
    /// Absent when one node never said so.
    pub(super) peers_seen_s: Option<f64>,
}

impl Targets {
    /// What is broken, in words. `tells`: the nodes print what becomes of their bytes and connections.
    pub(super) fn broken(&self, figures: &Figures, tells: bool) -> Vec<String> {
        let above =
            |value: Option<f64>, most: Option<f64>| value.zip(most).filter(|(value, most)| value > most);
        let mut broken = Vec::new();
        if let Some((ratio, most)) = above(Some(figures.origin_ratio), self.origin_max) {
            broken.push(format!("the origin sent {ratio} × the file, at most {most} is good"));
        }
        if let Some(most) = self.origin_content_max.filter(|most| figures.origin_content_bytes > *most) {
            let sent = figures.origin_content_bytes;
            broken.push(format!("the origin sent {sent} bytes of the file, at most {most} is good"));
        }
        if let Some((ratio, most)) = above(figures.makespan_ratio, self.makespan_max) {
            broken.push(format!("the last host took {ratio} × the bound, at most {most} is good"));
        }
        if let Some((ratio, most)) = above(figures.urgent_ratio, self.urgent_max) {
            let what = "the file in the foreground took";
            broken.push(format!("{what} {ratio} × its own bound, at most {most} is good"));
        }
        if let Some((ratio, most)) = above(figures.duplicates_ratio, self.duplicates_max) {
            broken.push(format!("{ratio} of the bytes came in vain, at most {most} is good"));
        }
        if let Some((pieces, most)) = above(figures.bad_pieces_per_pair, self.bad_pieces_per_pair_max) {
            let what = "for each pair of a host and a liar";
            broken.push(format!("{pieces} wrong pieces {what}, at most {most} is good"));
        }
        if let Some(most) = self.peers_seen_s_max.filter(|_| tells)
            && !figures.peers_seen_s.is_some_and(|seen| seen <= most)
        {
            let seen =
                figures.peers_seen_s.map_or_else(|| "not at all".into(), |seen| format!("after {seen} s"));
            broken.push(format!("the last node saw all others {seen}, at most {most} s is good"));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: Targets = Targets {
        makespan_max: Some(1.1),
        origin_max: Some(1.06),
        origin_content_max: Some(0),
        urgent_max: Some(1.2),
        duplicates_max: Some(0.02),
        bad_pieces_per_pair_max: Some(1.0),
        peers_seen_s_max: Some(3.0),
    };

    /// Everything at its bound.
    const JUST_GOOD: Figures = Figures {
        makespan_ratio: Some(1.1),
        origin_ratio: 1.06,
        origin_content_bytes: 0,
        urgent_ratio: Some(1.2),
        duplicates_ratio: Some(0.02),
        bad_pieces_per_pair: Some(1.0),
        peers_seen_s: Some(3.0),
    };

    #[test]
    fn a_bound_itself_is_good_and_one_step_over_it_is_told() {
        assert_eq!(TARGETS.broken(&JUST_GOOD, true), [""; 0]);
        let bad = Figures {
            makespan_ratio: Some(1.101),
            origin_ratio: 1.061,
            origin_content_bytes: 1,
            urgent_ratio: Some(1.201),
            duplicates_ratio: Some(0.021),
            bad_pieces_per_pair: Some(1.1),
            peers_seen_s: Some(3.1),
        };
        assert_eq!(
            TARGETS.broken(&bad, true),
            [
                "the origin sent 1.061 × the file, at most 1.06 is good",
                "the origin sent 1 bytes of the file, at most 0 is good",
                "the last host took 1.101 × the bound, at most 1.1 is good",
                "the file in the foreground took 1.201 × its own bound, at most 1.2 is good",
                "0.021 of the bytes came in vain, at most 0.02 is good",
                "1.1 wrong pieces for each pair of a host and a liar, at most 1 is good",
                "the last node saw all others after 3.1 s, at most 3 s is good",
            ]
        );
        assert_eq!(Targets::default().broken(&bad, true), [""; 0]);
    }

    #[test]
    fn a_node_that_never_sees_all_others_breaks_the_bound_if_it_would_tell() {
        let alone = Figures { peers_seen_s: None, ..JUST_GOOD };
        assert_eq!(
            TARGETS.broken(&alone, true),
            ["the last node saw all others not at all, at most 3 s is good"]
        );
        assert_eq!(TARGETS.broken(&alone, false), [""; 0]);
    }
}
