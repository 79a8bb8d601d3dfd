//! What may go wrong with replication itself, as opposed to a caller's request.

use crate::label::Label;
use crate::process::ends_a_process;
use crate::runtime::NodeId;

/// Something about replication that an operator should know of. The registry goes on
/// unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicationError {
    /// A peer speaks another version of the protocol: it is not understood and not
    /// replicated with. Said once for each peer. Helps: the same version everywhere.
    #[error("{peer} speaks version {version} of the replication, which this node does not")]
    VersionMismatch {
        /// The peer.
        peer: NodeId,
        /// Its version.
        version: u8,
    },
    /// A peer sends for another registry to the port of this one. Ignored, and said
    /// once for each peer. Helps: a port of its own for each registry.
    #[error("{peer} replicates another registry on this port")]
    OtherRegistry {
        /// The peer.
        peer: NodeId,
    },
    /// Two nodes opened a scope with different kinds of keys. All go by the one that
    /// opened it first. Helps: the same kind everywhere.
    #[error("{what}")]
    ScopeClash {
        /// Which scope and which node.
        what: Label,
    },
    /// The network takes no messages that are long enough for the longest registration.
    /// The driver ends. A retry cannot help.
    #[error("the network takes {len_max} bytes a message, and replication needs {needed}")]
    NetworkTooNarrow {
        /// The longest message, in bytes.
        len_max: usize,
        /// What is needed, in bytes.
        needed: usize,
    },
    /// The runtime has closed the inbox. The driver ends. A retry cannot help.
    #[error("the inbox of the replication was closed")]
    Closed,
}

ends_a_process!(ReplicationError);
