//! What a registry says of itself.

use serde::{Deserialize, Serialize};

use super::key::Keys;
use crate::event::HealthStatus;
use crate::label::Label;

/// How a backend is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackendHealth {
    /// In one word.
    pub status: HealthStatus,
    /// In a sentence, with the figures behind the word.
    pub detail: Label,
    /// Entries that this node sees.
    pub entries: usize,
}

impl BackendHealth {
    /// A verdict.
    pub fn new(status: HealthStatus, detail: impl Into<Label>, entries: usize) -> Self {
        Self {
            status,
            detail: detail.into(),
            entries,
        }
    }
}

/// What a backend holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackendStats {
    /// Which kind of backend.
    pub backend: Label,
    /// By scope, in the order of their names.
    pub scopes: Vec<ScopeStats>,
    /// By partition; one for a backend without partitions.
    pub partitions: Vec<PartitionStats>,
    /// What the entries and their indexes take up, in bytes, roughly.
    pub bytes: usize,
}

impl BackendStats {
    /// Figures.
    pub fn new(
        backend: impl Into<Label>,
        scopes: Vec<ScopeStats>,
        partitions: Vec<PartitionStats>,
        bytes: usize,
    ) -> Self {
        Self {
            backend: backend.into(),
            scopes,
            partitions,
            bytes,
        }
    }

    /// Entries in all scopes.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.scopes.iter().map(|scope| scope.entries).sum()
    }
}

/// What a scope holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeStats {
    /// The scope.
    pub scope: Label,
    /// What its keys are.
    pub keys: Keys,
    /// How many names are held.
    pub names: usize,
    /// How many registrations there are; more than names only in groups.
    pub entries: usize,
}

/// What a partition holds and has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionStats {
    /// Registrations now.
    pub entries: usize,
    /// Processes that hold something, now.
    pub processes: usize,
    /// Registrations that succeeded.
    pub registered: u64,
    /// Registrations that were refused because another process held the name.
    pub refused: u64,
    /// Registrations that went, for whatever reason.
    pub removed: u64,
}
