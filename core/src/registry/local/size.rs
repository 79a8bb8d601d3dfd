//! What a table takes up.

use crate::registry::{Key, Metadata, Value};

/// What a table takes up beside its index, kept up to date with every change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Names that are held.
    pub(crate) names: usize,
    /// Registrations.
    pub(crate) rows: usize,
    /// Bytes of the texts of names.
    pub(crate) text: usize,
    /// Bytes of metadata.
    pub(crate) metadata: usize,
}

/// A name: its node in the map and the map's slot for it, and its place in the order
/// of names.
const NAME: usize = 160;

/// A registration by its holder.
const ROW: usize = 110;

/// The counts before the text of a name.
const TEXT: usize = 16;

/// A registration under a value of an index.
const POSTING: usize = 80;

/// A tree node of fields, with room for eleven.
const FIELDS: usize = 580;

impl Size {
    pub(crate) fn add_name(&mut self, key: &Key) {
        self.names += 1;
        self.text += key.name.len();
    }

    pub(crate) fn remove_name(&mut self, key: &Key) {
        self.names -= 1;
        self.text -= key.name.len();
    }

    pub(crate) fn add_row(&mut self, metadata: &Metadata) {
        self.rows += 1;
        self.metadata += metadata_bytes(metadata);
    }

    pub(crate) fn remove_row(&mut self, metadata: &Metadata) {
        self.rows -= 1;
        self.metadata -= metadata_bytes(metadata);
    }

    /// The bytes of it all, roughly: so much a name, a registration and a pair of
    /// registration and indexed value, and the texts and metadata themselves.
    pub(crate) const fn bytes(&self, postings: usize) -> usize {
        self.names * (NAME + TEXT)
            + self.rows * ROW
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
        .map(|(field, value)| TEXT + field.len() + value_bytes(value))
        .sum();
    metadata.len().div_ceil(8) * FIELDS + texts
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) => 0,
        Value::Text(text) => TEXT + text.len(),
        Value::List(list) => list
            .iter()
            .map(|value| size_of::<Value>() + value_bytes(value))
            .sum(),
    }
}
