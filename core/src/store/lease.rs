//! Leases: time for which keys live unless it is renewed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bytes::Key;
use super::entry::Revision;

/// Names one lease of one store. From 1 to [`LeaseId::MAX`], as etcd has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeaseId(pub u64);

impl LeaseId {
    /// The highest.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Whether it is one that a lease can have.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 > 0 && self.0 <= Self::MAX.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease {}", self.0)
    }
}

/// A lease that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The lease.
    pub lease: LeaseId,
    /// Its time to live: at least what was asked for.
    pub ttl: Duration,
    /// The revision of the store when it was granted.
    pub revision: Revision,
}

/// A lease that was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// How many keys went with it, all in one revision.
    pub deleted: usize,
    /// The revision of the store from here on.
    pub revision: Revision,
}

/// What is known of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseInfo {
    /// The lease.
    pub lease: LeaseId,
    /// Its time to live after each renewal.
    pub ttl: Duration,
    /// What is left of it, by the clock of whoever counts it.
    pub remaining: Duration,
    /// The keys that go with it, in order.
    pub keys: Vec<Key>,
}
