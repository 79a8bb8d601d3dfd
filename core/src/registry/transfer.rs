//! What moves from one backend to another when a registry switches.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::key::Keys;
use super::metadata::Value;
use crate::label::Label;

/// A registration with what only its backend knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferEntry {
    /// As readers saw it.
    pub entry: Entry,
    /// As it was registered.
    pub priority: i32,
}

/// Everything that a backend holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Scopes, in the order of their names.
    pub scopes: Vec<(Label, Keys)>,
    /// Registrations of this node's processes, oldest revision first.
    pub entries: Vec<TransferEntry>,
    /// The highest revision so far, also of registrations that are gone. Revisions go
    /// on growing from there, so that none is given twice.
    pub revision: u64,
    /// How many registrations of other nodes' processes are seen. A backend that knows
    /// only its own node cannot take them over.
    pub remote_entries: usize,
    /// Values of the whole registry.
    pub meta: BTreeMap<Label, Value>,
}
