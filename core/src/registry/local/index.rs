//! Which registrations of a scope have a field with a value.

use std::collections::{BTreeMap, BTreeSet};

use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{Metadata, Value};

/// One registration of the scope, in the order of answers to queries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    /// The name.
    pub(crate) name: Label,
    /// The holder.
    pub(crate) process: ProcessId,
    /// The revision of the join; 0 for a unique name.
    pub(crate) join: u64,
}

/// The registrations of a scope by the values of some fields. A list is known by
/// itself and by each of its elements. No value without a registration is kept.
pub(crate) struct Index {
    fields: BTreeMap<Label, BTreeMap<Value, BTreeSet<Posting>>>,
    postings: usize,
}

impl Index {
    /// Of these fields.
    pub(crate) fn new(fields: &[Label]) -> Self {
        let fields = fields.iter().map(|field| (field.clone(), BTreeMap::new()));
        Self {
            fields: fields.collect(),
            postings: 0,
        }
    }

    /// The registrations that have a field with a value, in the order of answers;
    /// `None` if it does not know the field.
    pub(crate) fn find(&self, field: &str, value: &Value) -> Option<Option<&BTreeSet<Posting>>> {
        Some(self.fields.get(field)?.get(value))
    }

    pub(crate) fn add(&mut self, posting: &Posting, metadata: &Metadata) {
        for (field, values) in &mut self.fields {
            for term in terms(metadata.get(field)) {
                let postings = values.entry(term.clone()).or_default();
                self.postings += usize::from(postings.insert(posting.clone()));
            }
        }
    }

    pub(crate) fn remove(&mut self, posting: &Posting, metadata: &Metadata) {
        for (field, values) in &mut self.fields {
            for term in terms(metadata.get(field)) {
                let Some(postings) = values.get_mut(term) else {
                    continue;
                };
                self.postings -= usize::from(postings.remove(posting));
                if postings.is_empty() {
                    values.remove(term);
                }
            }
        }
    }

    /// How many pairs of registration and value it knows.
    pub(crate) const fn postings(&self) -> usize {
        self.postings
    }

    /// How many values it knows.
    pub(crate) fn values(&self) -> usize {
        self.fields.values().map(BTreeMap::len).sum()
    }

    /// Everything: field, value, registration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Label, &Value, &Posting)> {
        self.fields.iter().flat_map(|(field, values)| {
            let values = values.iter();
            values.flat_map(move |(value, postings)| {
                postings.iter().map(move |posting| (field, value, posting))
            })
        })
    }

    /// The fields that it knows.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Label> {
        self.fields.keys()
    }
}

/// The values under which a field is found.
pub(crate) fn terms(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let elements = match value {
        Some(Value::List(list)) => list.as_slice(),
        Some(Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_)) | None => &[],
    };
    value.into_iter().chain(elements)
}
