//! Reading keys, now or at an earlier revision.

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Revision};
use super::range::KeyRange;

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Consistency {
    /// It sees every write that had been answered before the read began.
    Linearizable,
    /// What the asked node has, which may be old, but is one revision of the whole
    /// store. etcd calls it serializable.
    Local,
}

/// In which order entries are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Order {
    /// By key.
    Key,
    /// By when the key began to exist.
    CreateRevision,
    /// By when it was last put.
    ModRevision,
}

/// Asks for the entries of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    pub(crate) range: KeyRange,
    pub(crate) revision: Option<Revision>,
    pub(crate) create_revision_max: Option<Revision>,
    pub(crate) limit: Option<usize>,
    pub(crate) order: Order,
    pub(crate) descending: bool,
    pub(crate) consistency: Consistency,
}

impl Read {
    /// Everything in the range, by key, as it is now, linearizable.
    #[must_use]
    pub const fn new(range: KeyRange) -> Self {
        Self {
            range,
            revision: None,
            create_revision_max: None,
            limit: None,
            order: Order::Key,
            descending: false,
            consistency: Consistency::Linearizable,
        }
    }

    /// As it was at an earlier revision that is not compacted yet.
    #[must_use]
    pub const fn at(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// Only keys that began to exist at this revision or before.
    #[must_use]
    pub const fn created_until(mut self, revision: Revision) -> Self {
        self.create_revision_max = Some(revision);
        self
    }

    /// At most so many entries. Without it the engine's own bound holds; either way
    /// [`Reading::more`] says whether there were more.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// In this order, ascending.
    #[must_use]
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The other way round.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// How fresh it must be.
    #[must_use]
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// The range.
    #[must_use]
    pub const fn range(&self) -> &KeyRange {
        &self.range
    }
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The revision of the store when it was read, whatever revision was asked for.
    pub revision: Revision,
    /// The entries, in the order asked for.
    pub entries: Vec<Entry>,
    /// How many keys exist in the range, before filter and limit.
    pub count: usize,
    /// Whether the limit cut entries off.
    pub more: bool,
}

impl Reading {
    /// The first entry, for reads of one key.
    #[must_use]
    pub fn into_first(self) -> Option<Entry> {
        self.entries.into_iter().next()
    }
}
