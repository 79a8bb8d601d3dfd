//! Whose rows they are, and when something was claimed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::membership::Member;
use crate::runtime::{Incarnation, NodeId};

/// One life of a replica on one incarnation of a node: the single writer of its rows.
/// Displayed as `n1.2+5`.
///
/// A node that switches its registry to another backend and back has a second life
/// within its incarnation, which begins without rows. Of two origins of one node the
/// greater one has replaced the smaller one for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// Which start of it.
    pub incarnation: Incarnation,
    /// Which replica of that start; a later one has a greater number.
    pub life: u64,
}

impl Origin {
    /// The member of the cluster that it belongs to.
    #[must_use]
    pub const fn member(self) -> Member {
        Member {
            node: self.node,
            incarnation: self.incarnation,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.member(), self.life)
    }
}

/// When something was claimed, in the order of logical clocks (Lamport, "Time, Clocks,
/// and the Ordering of Events in a Distributed System").
///
/// Whatever a node knew of when it claimed something is earlier than the claim. A claim
/// that a node made before it had heard of any other node is later than all claims of
/// nodes that had: otherwise a node that has just been restarted, and whose clock
/// begins anew, would take names from those who have long held them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Stamp {
    /// Whether the claiming node had not yet heard of any other.
    pub alone: bool,
    /// The clock of the claiming node.
    pub clock: u64,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alone = if self.alone { " (alone)" } else { "" };
        write!(f, "{}{alone}", self.clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_claims_before_it_has_heard_of_others_is_later() {
        let stamp = |alone, clock| Stamp { alone, clock };
        assert!(stamp(false, 900) < stamp(true, 1));
        assert!(stamp(true, 1) < stamp(true, 2));
        assert!(stamp(false, 1) < stamp(false, 2));
    }

    #[test]
    fn a_later_start_and_a_later_life_are_greater() {
        let origin = |incarnation, life| Origin {
            node: NodeId(1),
            incarnation: Incarnation(incarnation),
            life,
        };
        assert!(origin(1, 9) < origin(2, 1));
        assert!(origin(2, 1) < origin(2, 2));
        assert_eq!(origin(2, 5).to_string(), "n1.2+5");
    }
}
