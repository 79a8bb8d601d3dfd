//! What was reported, so that it is not reported again and again.
//!
//! Pure. A complaint is raised once, and once more after it was withdrawn.

use std::collections::BTreeSet;

use crate::runtime::NodeId;

/// What there is to complain about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Complaint {
    /// The network refused a message to the peer. Withdrawn when one of its own arrives.
    Refused(NodeId),
    /// The peer is of another cluster. Withdrawn when it sends a message of ours.
    Foreign(NodeId),
    /// The peer speaks another version. Withdrawn when it speaks ours.
    OtherVersion(NodeId),
    /// Members were refused. Withdrawn when there is room again.
    TooManyMembers,
    /// The ration was exceeded. Withdrawn when it is whole again.
    RationExceeded,
}

/// The complaints that stand.
#[derive(Debug, Default)]
pub(super) struct Complaints(BTreeSet<Complaint>);

impl Complaints {
    /// How many may stand; further ones are not raised. More peers than this are no
    /// cluster of ours.
    const STANDING_MAX: usize = 4_096;

    /// Whether the complaint is new, and so should be reported.
    pub(super) fn raise(&mut self, complaint: Complaint) -> bool {
        self.0.len() < Self::STANDING_MAX && self.0.insert(complaint)
    }

    /// Withdraws one.
    pub(super) fn withdraw(&mut self, complaint: Complaint) {
        self.0.remove(&complaint);
    }

    /// A message of our cluster and version has come from the peer.
    pub(super) fn heard_from(&mut self, peer: NodeId) {
        if self.0.is_empty() {
            return;
        }
        self.withdraw(Complaint::Refused(peer));
        self.withdraw(Complaint::Foreign(peer));
        self.withdraw(Complaint::OtherVersion(peer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_raised_once_until_the_peer_is_heard_from() {
        let mut complaints = Complaints::default();
        let (two, three) = (NodeId(2), NodeId(3));
        assert!(complaints.raise(Complaint::Refused(two)));
        assert!(!complaints.raise(Complaint::Refused(two)));
        assert!(complaints.raise(Complaint::Foreign(two)));
        assert!(complaints.raise(Complaint::Refused(three)));
        complaints.heard_from(two);
        assert!(complaints.raise(Complaint::Refused(two)));
        assert!(complaints.raise(Complaint::Foreign(two)));
        assert!(!complaints.raise(Complaint::Refused(three)));
    }

    #[test]
    fn complaints_have_a_bound() {
        let mut complaints = Complaints::default();
        let raised = (0..10_000).filter(|node| complaints.raise(Complaint::Foreign(NodeId(*node))));
        assert_eq!(raised.count(), Complaints::STANDING_MAX);
    }
}
