//! One start of one node, as others see it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::runtime::{Incarnation, NodeId};

/// One incarnation of one node of the cluster. Displayed as `n1.2`.
///
/// Two members of one node are ordered by their incarnations: the greater one has
/// replaced the smaller one for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// Which start of it.
    pub incarnation: Incarnation,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.incarnation)
    }
}
