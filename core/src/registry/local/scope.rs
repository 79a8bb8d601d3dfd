//! One scope of a table.

use std::collections::BTreeSet;

use super::index::Index;
use crate::label::Label;
use crate::registry::Keys;

/// One scope of a table: its names in order, and its index.
pub(crate) struct Scope {
    /// Its name, which all keys of it share.
    pub(crate) label: Label,
    /// What its keys are.
    pub(crate) keys: Keys,
    /// The names that are held.
    pub(crate) names: BTreeSet<Label>,
    /// How many registrations there are.
    pub(crate) entries: usize,
    /// Registrations by the values of their fields.
    pub(crate) index: Index,
}

impl Scope {
    pub(crate) fn new(label: Label, keys: Keys, indexed: &[Label]) -> Self {
        Self {
            label,
            keys,
            names: BTreeSet::new(),
            entries: 0,
            index: Index::new(indexed),
        }
    }
}
