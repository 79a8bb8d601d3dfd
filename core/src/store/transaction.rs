//! Transactions: compare, then do one of two lists of operations, in one step.

use serde::{Deserialize, Serialize};

use super::bytes::{Key, Value};
use super::entry::{Entry, Revision};
use super::lease::LeaseId;
use super::range::KeyRange;
use super::read::{Read, Reading};

/// How a value found is to stand to the one given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// The same.
    Equal,
    /// Another one.
    NotEqual,
    /// A lower one.
    Less,
    /// A higher one.
    Greater,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operand {
    /// The value; never holds for a key that does not exist.
    Value(Value),
    /// How often it was put since it began to exist; 0 if it does not exist.
    Version(u64),
    /// When it began to exist; [`Revision::NONE`] if it does not.
    CreateRevision(Revision),
    /// When it was last put; [`Revision::NONE`] if it does not exist.
    ModRevision(Revision),
    /// The lease; `None` also if the key does not exist.
    Lease(Option<LeaseId>),
}

/// A condition on a key, or on every key that exists in a range. A range without keys
/// is compared as one key that does not exist. The rules are etcd's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    pub(crate) range: KeyRange,
    pub(crate) relation: Relation,
    pub(crate) operand: Operand,
}

impl Compare {
    /// Any comparison.
    #[must_use]
    pub const fn new(range: KeyRange, relation: Relation, operand: Operand) -> Self {
        Self {
            range,
            relation,
            operand,
        }
    }

    /// The key exists.
    pub fn exists(key: impl Into<Key>) -> Self {
        let range = KeyRange::key(key);
        Self::new(range, Relation::Greater, Operand::Version(0))
    }

    /// The key does not exist.
    pub fn missing(key: impl Into<Key>) -> Self {
        Self::new(
            KeyRange::key(key),
            Relation::Equal,
            Operand::CreateRevision(Revision::NONE),
        )
    }

    /// No key exists in the range.
    #[must_use]
    pub const fn empty(range: KeyRange) -> Self {
        let none = Operand::CreateRevision(Revision::NONE);
        Self::new(range, Relation::Equal, none)
    }

    /// The key has this value.
    pub fn value(key: impl Into<Key>, value: impl Into<Value>) -> Self {
        let operand = Operand::Value(value.into());
        Self::new(KeyRange::key(key), Relation::Equal, operand)
    }

    /// The key was last put at this revision.
    pub fn mod_revision(key: impl Into<Key>, revision: Revision) -> Self {
        let operand = Operand::ModRevision(revision);
        Self::new(KeyRange::key(key), Relation::Equal, operand)
    }

    /// The key began to exist at this revision: the check of a fencing token.
    pub fn create_revision(key: impl Into<Key>, revision: Revision) -> Self {
        let operand = Operand::CreateRevision(revision);
        Self::new(KeyRange::key(key), Relation::Equal, operand)
    }

    /// What the comparison is about.
    #[must_use]
    pub const fn range(&self) -> &KeyRange {
        &self.range
    }

    /// How the value found is to stand to the operand.
    #[must_use]
    pub const fn relation(&self) -> Relation {
        self.relation
    }

    /// What is compared.
    #[must_use]
    pub const fn operand(&self) -> &Operand {
        &self.operand
    }
}

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Puts a value under a key.
    Put {
        /// The key.
        key: Key,
        /// The value.
        value: Value,
        /// The lease with whose end the key goes; replaces the one it had.
        lease: Option<LeaseId>,
    },
    /// Deletes every key in a range.
    Delete(KeyRange),
    /// Reads, and sees the steps before it. Always of the present.
    Read(Read),
}

impl Operation {
    /// Puts a value that lives until it is deleted.
    pub fn put(key: impl Into<Key>, value: impl Into<Value>) -> Self {
        Self::Put {
            key: key.into(),
            value: value.into(),
            lease: None,
        }
    }

    /// Puts a value that goes with a lease.
    pub fn put_leased(key: impl Into<Key>, value: impl Into<Value>, lease: LeaseId) -> Self {
        Self::Put {
            key: key.into(),
            value: value.into(),
            lease: Some(lease),
        }
    }

    /// Deletes one key.
    pub fn delete(key: impl Into<Key>) -> Self {
        Self::Delete(KeyRange::key(key))
    }

    /// Reads one key.
    pub fn read(key: impl Into<Key>) -> Self {
        Self::Read(Read::new(KeyRange::key(key)))
    }
}

/// If all comparisons hold, the first list of operations, otherwise the second; all in
/// one step and, if anything changes, in one revision.
///
/// Within one list no key may be changed twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    pub(crate) compares: Vec<Compare>,
    pub(crate) success: Vec<Operation>,
    pub(crate) failure: Vec<Operation>,
}

impl Transaction {
    /// Without comparisons: the operations happen.
    pub fn of(operations: impl IntoIterator<Item = Operation>) -> Self {
        Self {
            success: operations.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Only if these hold.
    pub fn when(compares: impl IntoIterator<Item = Compare>) -> Self {
        Self {
            compares: compares.into_iter().collect(),
            ..Self::default()
        }
    }

    /// What happens if all comparisons hold, after what was said before.
    #[must_use]
    pub fn then(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.success.extend(operations);
        self
    }

    /// What happens otherwise, after what was said before.
    #[must_use]
    pub fn otherwise(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.failure.extend(operations);
        self
    }

    /// The comparisons.
    #[must_use]
    pub fn compares(&self) -> &[Compare] {
        &self.compares
    }

    /// What happens if all hold.
    #[must_use]
    pub fn success(&self) -> &[Operation] {
        &self.success
    }

    /// What happens otherwise.
    #[must_use]
    pub fn failure(&self) -> &[Operation] {
        &self.failure
    }
}

/// What one step of a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// A value was put.
    Put {
        /// What was there before.
        previous: Option<Entry>,
    },
    /// Keys were deleted.
    Deleted {
        /// How many existed.
        count: usize,
    },
    /// Keys were read.
    Read(Reading),
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transacted {
    /// Whether all comparisons held.
    pub succeeded: bool,
    /// The revision of the store from here on; that of the changes, if there were any.
    pub revision: Revision,
    /// What each operation of the list that was taken came to, in order.
    pub done: Vec<Done>,
}

impl Transacted {
    /// What each read of the list that was taken found, in order.
    pub fn readings(&self) -> impl Iterator<Item = &Reading> {
        self.done.iter().filter_map(|done| match done {
            Done::Read(reading) => Some(reading),
            Done::Put { .. } | Done::Deleted { .. } => None,
        })
    }
}
