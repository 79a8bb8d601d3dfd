//! What is known of a key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bytes::{Key, Value};
use super::lease::LeaseId;

/// A point in the history of the store. Every change of any key makes the next one;
/// all changes of one transaction, or of the end of one lease, share one.
///
/// An empty store is at revision 1, as in etcd. A revision is a fencing token: of two
/// grants the later one has the higher revision.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Revision(pub u64);

impl Revision {
    /// Before anything: the modification revision of a key that does not exist.
    pub const NONE: Self = Self(0);
    /// The revision of an empty store.
    pub const FIRST: Self = Self(1);

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A key that exists, with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Value,
    /// When the key began to exist. A key that is deleted and put again has a new one.
    pub create_revision: Revision,
    /// When the value was put.
    pub mod_revision: Revision,
    /// How often the key has been put since it began to exist, from 1.
    pub version: u64,
    /// The lease with whose end the key goes.
    pub lease: Option<LeaseId>,
}
