//! What a table takes up.

use std::collections::{BTreeMap, BTreeSet};

use super::holdings::Held;
use super::image::Image;
use super::index::Posting;
use super::names::Slot;
use super::row::Row;
use crate::label::Label;
use crate::registry::{Handle, Key, Keys, Metadata, Value};

/// What a table takes up beside its index, kept up to date with every change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Names that are held.
    pub(crate) names: usize,
    /// Registrations.
    pub(crate) rows: usize,
    /// Those of them that are in groups.
    pub(crate) members: usize,
    /// Bytes of the texts of names.
    pub(crate) text: usize,
    /// Bytes of metadata.
    pub(crate) metadata: usize,
}

/// The counts before a shared text or value.
const COUNTS: usize = 16;

/// What a table slot of the map takes up, at the load that it has on average.
const SLOT: usize = 16;

/// A name: its node in the map and the slot that leads there, its place in the order of
/// names, and the counts before its text.
const NAME: usize = size_of::<Key>()
    + size_of::<Image>()
    + size_of::<u64>()
    + size_of::<Slot>()
    + SLOT
    + in_tree::<Label>()
    + COUNTS;

/// A registration by its holder.
const HELD: usize = in_tree::<(Held, Option<Handle>)>();

/// A member of a group: two shared nodes, and the links and the rank of the tree.
const MEMBER: usize = 2 * COUNTS + size_of::<Row>() + 32;

/// A registration under a value of an index.
const POSTING: usize = in_tree::<Posting>();

/// A value of an index: its place among the values, and the least that a set of
/// registrations takes up, less those that are in it at least.
const VALUE: usize =
    in_tree::<(Value, BTreeSet<Posting>)>() + leaf::<Posting>() - size_of::<Posting>();

/// The room for elements in a node of the trees of the standard library.
const LEAF: usize = 11;

/// What one node of a tree takes up.
const fn leaf<T>() -> usize {
    LEAF * size_of::<T>() + COUNTS
}

/// What an element of a large tree takes up, in nodes that are two thirds full.
const fn in_tree<T>() -> usize {
    leaf::<T>() * 3 / (2 * LEAF)
}

impl Size {
    pub(crate) fn add_name(&mut self, key: &Key) {
        self.names += 1;
        self.text += key.name.len();
    }

    pub(crate) fn remove_name(&mut self, key: &Key) {
        self.names -= 1;
        self.text -= key.name.len();
    }

    pub(crate) fn add_row(&mut self, keys: Keys, metadata: &Metadata) {
        self.rows += 1;
        self.members += usize::from(keys == Keys::Duplicate);
        self.metadata += metadata_bytes(metadata);
    }

    pub(crate) fn remove_row(&mut self, keys: Keys, metadata: &Metadata) {
        self.rows -= 1;
        self.members -= usize::from(keys == Keys::Duplicate);
        self.metadata -= metadata_bytes(metadata);
    }

    /// The bytes of it all, within a quarter of what is allocated: so much a name, a
    /// registration, a member of a group and a value of an index with its
    /// registrations, and the texts and metadata themselves.
    pub(crate) const fn bytes(&self, values: usize, postings: usize) -> usize {
        self.names * NAME
            + self.rows * HELD
            + self.members * MEMBER
            + values * VALUE
            + postings * POSTING
            + self.text
            + self.metadata
    }
}

fn metadata_bytes(metadata: &Metadata) -> usize {
    if metadata.is_empty() {
        return 0;
    }
    let fields = metadata.iter();
    let texts: usize = fields
        .map(|(field, value)| COUNTS + field.len() + value_bytes(value))
        .sum();
    let nodes = metadata.len().div_ceil(LEAF) * leaf::<(Label, Value)>();
    COUNTS + size_of::<BTreeMap<Label, Value>>() + nodes + texts
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => 0,
        Value::Text(text) => COUNTS + text.len(),
        Value::List(list) => list
            .iter()
            .map(|value| size_of::<Value>() + value_bytes(value))
            .sum(),
    }
}
