//! Under which name a node takes part in the protocol.

use std::fmt;

use super::member::Member;
use crate::runtime::{Incarnation, NodeId};

/// A member as the protocol knows it. Displayed as `n1.2+3`: node, incarnation,
/// generation.
///
/// The protocol never takes a name back that was declared dead, so a node that was
/// declared dead while it lived goes on under the next generation. Of two identities
/// of one node the greater one holds; the order of the fields is that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) node: NodeId,
    pub(super) incarnation: Incarnation,
    /// Counts renewals within the incarnation, from 0.
    pub(super) generation: u32,
    /// Said of the last identity that a node has before it leaves.
    pub(super) departing: bool,
}

impl Identity {
    /// How a member introduces itself first.
    pub(super) const fn new(node: NodeId, incarnation: Incarnation, generation: u32) -> Self {
        Self {
            node,
            incarnation,
            generation,
            departing: false,
        }
    }

    /// Stands for whatever identity a node has, in a message that introduces the sender.
    pub(super) const fn whoever(node: NodeId) -> Self {
        Self::new(node, Incarnation(0), 0)
    }

    /// The next identity of a node that was taken for dead; `None` after its last.
    pub(super) fn renewed(self) -> Option<Self> {
        let generation = self.generation.checked_add(1)?;
        (!self.departing).then_some(Self { generation, ..self })
    }

    /// Its last identity.
    pub(super) const fn departing(self) -> Self {
        Self {
            departing: true,
            ..self
        }
    }

    pub(super) const fn member(self) -> Member {
        Member {
            node: self.node,
            incarnation: self.incarnation,
        }
    }
}

impl foca::Identity for Identity {
    type Addr = NodeId;

    /// Left to [`Protocol`](super::protocol::Protocol): whoever comes back has to take
    /// back what it thought of others, too.
    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> NodeId {
        self.node
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self > adversary
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.member(), self.generation)
    }
}

#[cfg(test)]
mod tests {
    use foca::Identity as _;

    use super::*;

    fn identity(incarnation: u32, generation: u32) -> Identity {
        Identity::new(NodeId(1), Incarnation(incarnation), generation)
    }

    #[test]
    fn a_restart_wins_over_any_number_of_renewals() {
        let old = identity(1, u32::MAX);
        let new = identity(2, 0);
        assert!(new.win_addr_conflict(&old));
        assert!(!old.win_addr_conflict(&new));
    }

    #[test]
    fn a_renewal_wins_over_what_it_renews_and_over_its_departure() {
        let old = identity(1, 4);
        let renewed = old.renewed().unwrap();
        assert_eq!(renewed, identity(1, 5));
        assert!(renewed.win_addr_conflict(&old));
        assert!(renewed.win_addr_conflict(&old.departing()));
        assert!(old.departing().win_addr_conflict(&old));
    }

    #[test]
    fn who_departs_or_has_used_up_its_generations_is_not_renewed() {
        assert_eq!(identity(1, 0).departing().renewed(), None);
        assert_eq!(identity(1, u32::MAX).renewed(), None);
    }
}
