//! What an owner says of its registrations: rows, and the steps that change them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::conflict::Claim;
use super::origin::Stamp;
use crate::label::Label;
use crate::registry::change::Cause;
use crate::registry::entry::Handle;
use crate::registry::key::Keys;
use crate::registry::metadata::Metadata;

/// One registration, as its owner tells it. Immutable: a change makes another row with
/// the same number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    /// The step that made it: unique among the rows of one origin, and ascending in
    /// the order of registrations.
    pub(super) number: u64,
    /// What conflicts are decided by; never changes.
    pub(super) claim: Claim,
    /// What is known of the holder.
    pub(super) metadata: Metadata,
    /// What the holder gave to local callers. Never leaves the node.
    #[serde(skip)]
    pub(super) handle: Option<Handle>,
}

/// What a scope is, as one owner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScopeClaim {
    /// What its keys are.
    pub(super) keys: Keys,
    /// When the owner opened it.
    pub(super) stamp: Stamp,
}

/// One change that an owner made of what it holds. An owner numbers its steps from 1,
/// and everybody applies them in that order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Step {
    /// A scope exists from here on.
    ScopeOpened { scope: Label, claim: ScopeClaim },
    /// A scope is gone, and all rows of the owner in it.
    ScopeClosed { scope: Label },
    /// A row is new.
    Registered(Arc<Row>),
    /// The metadata of a row were replaced.
    Updated { row: u64, metadata: Metadata },
    /// A row is gone.
    Removed { row: u64, cause: Cause },
}

impl Step {
    /// Whether the owner holds less after it.
    pub(super) const fn takes_away(&self) -> bool {
        match self {
            Self::ScopeClosed { .. } | Self::Removed { .. } => true,
            Self::ScopeOpened { .. } | Self::Registered(_) | Self::Updated { .. } => false,
        }
    }

    /// The step as others are told it. Who keeps it keeps nothing of the holder alive.
    pub(super) fn without_handle(self) -> Self {
        match self {
            Self::Registered(row) => Self::Registered(without_handle(row)),
            Self::ScopeOpened { .. }
            | Self::ScopeClosed { .. }
            | Self::Updated { .. }
            | Self::Removed { .. } => self,
        }
    }
}

/// The row as others are told it.
pub(super) fn without_handle(mut row: Arc<Row>) -> Arc<Row> {
    if row.handle.is_some() {
        Arc::make_mut(&mut row).handle = None;
    }
    row
}

/// A piece of a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Record {
    /// A scope that the owner has open.
    Scope { scope: Label, claim: ScopeClaim },
    /// A row that the owner has.
    Row(Arc<Row>),
}
