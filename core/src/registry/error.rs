//! What may go wrong with a registry: one closed set for the facade and all backends.

use std::time::Duration;

use super::key::{Key, Keys};
use super::metadata::Metadata;
use crate::label::Label;
use crate::process::{ProcessId, ends_a_process};

/// An operation of a registry did not do what it was asked to.
///
/// All backends answer with these and nothing else, and the conformance suite holds
/// them to it. Unless a variant says otherwise, nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Another process holds the name. A retry helps once it has let go.
    #[error("{key} is held by {holder}")]
    AlreadyRegistered {
        /// The name.
        key: Key,
        /// Who holds it.
        holder: ProcessId,
    },
    /// Nobody holds the name. A retry helps once somebody does.
    #[error("nobody holds {key}")]
    NotRegistered {
        /// The name.
        key: Key,
    },
    /// The process is not a member of the group. A retry helps once it has joined.
    #[error("{process} is not a member of {key}")]
    NotJoined {
        /// The group.
        key: Key,
        /// The process.
        process: ProcessId,
    },
    /// The process has ended, or is about to. A retry cannot help.
    #[error("{process} has ended, or is about to")]
    NoProcess {
        /// The process.
        process: ProcessId,
    },
    /// The process lives on another node, and only its own node may register it or
    /// has what local callers get. A retry cannot help here; ask that node.
    #[error("{process} does not live on this node")]
    NotLocal {
        /// The process.
        process: ProcessId,
    },
    /// In owner-only mode somebody else than the holder asked. A retry cannot help.
    #[error("{key} belongs to {holder}, not to {asked_by}")]
    NotOwner {
        /// The name.
        key: Key,
        /// Who holds it.
        holder: ProcessId,
        /// Who asked; displayed as `nobody` where the caller did not say.
        asked_by: Asker,
    },
    /// The metadata, or the holder, is not what the caller expected. A retry helps
    /// after a fresh read.
    #[error("{key} has changed: its metadata is {actual}")]
    Changed {
        /// The name.
        key: Key,
        /// What holds now.
        actual: Metadata,
    },
    /// There is no such scope. A retry helps once it is opened.
    #[error("there is no scope {scope:?}")]
    UnknownScope {
        /// The scope.
        scope: Label,
    },
    /// The scope exists already, with keys of the other kind. A retry cannot help.
    #[error("scope {scope:?} exists with {keys} keys")]
    ScopeExists {
        /// The scope.
        scope: Label,
        /// What its keys are.
        keys: Keys,
    },
    /// The scope or the name breaks a rule of [`Key`]. A retry cannot help.
    #[error("{text:?} is no valid key: {why}")]
    InvalidKey {
        /// The part, shortened.
        text: Label,
        /// Which rule.
        why: Label,
    },
    /// The metadata breaks a bound of [`Metadata`]. A retry cannot help.
    #[error("invalid metadata: {why}")]
    InvalidMetadata {
        /// Which bound.
        why: Label,
    },
    /// The query makes no sense. A retry cannot help.
    #[error("invalid query: {why}")]
    InvalidQuery {
        /// Why not.
        why: Label,
    },
    /// What is registered for local callers is of another type. A retry cannot help.
    #[error("{key} has no handle of type {wanted}")]
    NoHandle {
        /// The name.
        key: Key,
        /// The type that was asked for.
        wanted: Label,
    },
    /// The scope or the backend does not offer the operation. A retry cannot help.
    #[error("{operation} is not supported: {why}")]
    Unsupported {
        /// What was asked for.
        operation: Label,
        /// Why it is not offered.
        why: Label,
    },
    /// The function given to an update panicked, with this text. A retry helps if
    /// the panic was a passing one.
    #[error("the update of {key} panicked: {text}")]
    UpdatePanicked {
        /// The name.
        key: Key,
        /// The text of the panic.
        text: Label,
    },
    /// A bound is reached. A retry helps once there is room again.
    #[error("{what} has reached its limit of {limit}")]
    LimitReached {
        /// What is full.
        what: Label,
        /// How much it holds.
        limit: usize,
    },
    /// The backend cannot do it now, such as one without a quorum. Whether the
    /// change happened is said by `why`; a retry may help.
    #[error("the registry is unavailable: {why}")]
    Unavailable {
        /// Why.
        why: Label,
    },
    /// No answer came in time. The change may still happen: look the name up to
    /// learn the outcome.
    #[error("no answer within {limit:?}")]
    DeadlineExceeded {
        /// The limit.
        limit: Duration,
    },
}

ends_a_process!(RegistryError);

/// Who asked for something, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asker(pub Option<ProcessId>);

impl std::fmt::Display for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(process) => process.fmt(f),
            None => f.write_str("nobody"),
        }
    }
}
