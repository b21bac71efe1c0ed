//! Who has everything and is not connected: known from rumours only.
//!
//! Whoever is not connected with the only holder of a site sees pieces that nobody has, and would fetch them at the
//! origin while they are on their way to it through others. So the holder says that it has all. Anybody can say so, and
//! names are cheap: words alone are believed once, for as long as a node waits that nobody helps, and again only while
//! pieces come that nobody fetched from the origin.

use swarmline_types::{MonoTime, NodeId};

use super::Site;
use crate::config::ELSEWHERE_BELIEVED;

/// Holders remembered; one is enough to wait for.
const HOLDERS_MAX: usize = 4;

/// Members that said that they have everything.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// At most [`HOLDERS_MAX`].
    holders: Vec<NodeId>,
    /// When the first of them was heard of.
    trusted_at: Option<MonoTime>,
}

impl Elsewhere {
    pub(super) fn knows(&self, member: &NodeId) -> bool {
        self.holders.contains(member)
    }
}

impl Site {
    /// A member says that it has everything, or somebody else says it of it.
    pub(super) fn hear_of_holder(&mut self, member: NodeId) {
        let holders = &mut self.elsewhere.holders;
        if !holders.contains(&member) && holders.len() < HOLDERS_MAX {
            holders.push(member);
        }
        self.elsewhere.trusted_at.get_or_insert(self.now);
    }

    /// It leaves.
    pub(super) fn forget_holder(&mut self, member: &NodeId) {
        self.elsewhere.holders.retain(|holder| holder != member);
    }

    /// Until when to wait for what somebody has who has everything and is not connected; of those that are, their own
    /// bitmaps speak.
    pub(crate) fn held_elsewhere_until(&self) -> Option<MonoTime> {
        let is_elsewhere = |holder: &NodeId| self.peers.get(holder).is_none();
        let trusted_at =
            self.elsewhere.trusted_at.filter(|_| self.elsewhere.holders.iter().any(is_elsewhere))?;
        let until = trusted_at + self.config.isolation();
        let fed_until = self.is_fed_by_holders().then(|| self.last_fed + ELSEWHERE_BELIEVED);
        fed_until.into_iter().chain([until]).max().filter(|until| self.now < *until)
    }
}
