//! Who a process is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::runtime::{Incarnation, NodeId};

/// The identity of a process: unique across the cluster and across restarts of
/// its node. Displayed as `<n1.2.7>`: node, incarnation, local number.
///
/// Local numbers count up from 1 within an incarnation and are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The node that the process runs on.
    pub node: NodeId,
    /// The incarnation of that node.
    pub incarnation: Incarnation,
    /// The number within that incarnation.
    pub local: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}.{}.{}>", self.node, self.incarnation, self.local)
    }
}
