//! Another member, and how it is doing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::member::Member;

/// How a member is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PeerState {
    /// Nothing speaks against it.
    Alive,
    /// It did not answer someone, and has not refuted that yet. It is still a member.
    Suspect,
}

/// A member and how it is doing, as one node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// The member.
    pub member: Member,
    /// How it is doing.
    pub state: PeerState,
}

impl fmt::Display for PeerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
        })
    }
}
