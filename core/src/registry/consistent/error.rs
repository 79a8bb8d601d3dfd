//! What may go wrong between a registry and its store, as opposed to a caller's request.

use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::LeaseEnd;

/// Something about the store that an operator should know of. The registry goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsistencyError {
    /// The store does not answer. Changes are refused, reads answer what was seen last,
    /// and the driver tries again. Said once until it answers.
    #[error("the store of {registry} does not answer: {why}")]
    StoreSilent {
        /// The registry.
        registry: Label,
        /// What it, or its handle, said.
        why: Label,
    },
    /// The session of this node with the store has ended: the names of its processes
    /// are no longer theirs. A new session is begun; the names are not taken again.
    #[error("the session of {registry} has ended ({end:?}), and {entries} names with it")]
    SessionLost {
        /// The registry.
        registry: Label,
        /// How many names were lost.
        entries: usize,
        /// How it ended.
        end: LeaseEnd,
    },
}

ends_a_process!(ConsistencyError);
