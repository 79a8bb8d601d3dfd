//! Whose value a runtime is, and where the facts that it announces go.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;

/// One member of the cluster. Displayed as `n1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// Counts the starts of one node, from 1. A node is one incarnation at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u32);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The node that a runtime value belongs to.
///
/// Both answers are constant for the life of the value and of its clones.
pub trait Identity {
    /// The node.
    fn node(&self) -> NodeId;
    /// Which start of the node this is.
    fn incarnation(&self) -> Incarnation;
}

/// Takes the facts that core announces.
///
/// Called from inside core, sometimes with a lock held: an implementation must
/// not block, must not panic, and must not call back into core.
pub trait Observer {
    /// Takes one fact. Facts of one task arrive in the order in which they happened.
    fn observe(&self, event: &Event);
}
