//! Facts about the cluster.

use serde::{Deserialize, Serialize};

use crate::membership::Member;
use crate::runtime::NodeId;

/// Who is in the cluster, as the announcing node sees it. Views of different nodes
/// differ for a while, and a member that is alive may be taken for dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MembershipEvent {
    /// Another node is a member from here on. For each node, this alternates with
    /// `MemberDown` and `MemberLeft`, and never names an incarnation older than one
    /// that was named before.
    MemberUp {
        /// The member.
        member: Member,
    },
    /// A member that is up does not answer, or others say so. It stays a member
    /// while it may still refute that.
    MemberSuspected {
        /// The member.
        member: Member,
    },
    /// A suspected member has shown that it lives.
    MemberRefuted {
        /// The member.
        member: Member,
    },
    /// A member that was up is taken for dead, or a newer incarnation of its node has
    /// taken its place.
    MemberDown {
        /// The member.
        member: Member,
    },
    /// A member that was up has left of its own accord.
    MemberLeft {
        /// The member.
        member: Member,
    },
    /// This node was taken for dead, or its membership was started again, and goes on
    /// under a renewed identity. Its incarnation stays.
    IdentityRenewed {
        /// This node.
        member: Member,
        /// Counts the renewals within the incarnation, from 1.
        generation: u32,
    },
    /// This node has left. It knows of no other member until it joins again.
    Departed {
        /// This node.
        member: Member,
    },
    /// A message of another cluster was refused. Announced once for each peer.
    ForeignCluster {
        /// Who sent it.
        peer: NodeId,
    },
}
