//! What a subscriber is told.

use crate::label::Label;
use crate::registry::change::Change;
use crate::registry::entry::Entry;
use crate::registry::query::Query;

/// What a filter of a subscription finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The scope of the filter.
    pub scope: Label,
    /// The query of the filter.
    pub query: Query,
    /// The registrations, in the order of name, process and revision.
    pub entries: Vec<Entry>,
}

/// What a [`Subscription`](super::Subscription) tells next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// What a filter finds when it is added. Every later change of it is told after
    /// this, and none that this contains already is told again.
    Snapshot(Snapshot),
    /// Changes that happened together, in their order. Never empty, and each is told
    /// once however many filters it concerns.
    ///
    /// An update is told if the entry is one that a filter means, or was one until
    /// then: one whose entry no filter means any more is to be taken as its end.
    Changes(Vec<Change>),
    /// The subscriber was too slow, and what was queued was thrown away: for the
    /// filter of the snapshot, this takes the place of everything told before. Every
    /// filter of the subscription gets one.
    Resync {
        /// What the filter finds now.
        snapshot: Snapshot,
        /// How many batches the subscription did not get. Said with the first
        /// snapshot; 0 with those of the other filters.
        missed: u64,
    },
}
