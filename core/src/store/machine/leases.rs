//! Leases and the keys that go with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::bytes::Key;
use crate::store::lease::LeaseId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    ttl: Duration,
    keys: BTreeSet<Key>,
}

/// All leases that live. Whose time is up is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leases {
    leases: BTreeMap<LeaseId, Lease>,
    chosen: u64,
}

impl Leases {
    pub(super) const fn new() -> Self {
        Self {
            leases: BTreeMap::new(),
            chosen: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn contains(&self, lease: LeaseId) -> bool {
        self.leases.contains_key(&lease)
    }

    pub(super) fn ttl(&self, lease: LeaseId) -> Option<Duration> {
        self.leases.get(&lease).map(|lease| lease.ttl)
    }

    /// The keys that go with it, in order.
    pub(super) fn keys(&self, lease: LeaseId) -> impl Iterator<Item = &Key> {
        self.leases
            .get(&lease)
            .into_iter()
            .flat_map(|lease| &lease.keys)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LeaseId, Duration)> {
        self.leases.iter().map(|(id, lease)| (*id, lease.ttl))
    }

    /// An identity that no lease has and none that was chosen here has had.
    pub(super) fn choose(&mut self) -> LeaseId {
        loop {
            self.chosen += 1;
            let lease = LeaseId(self.chosen);
            if !self.contains(lease) {
                return lease;
            }
        }
    }

    pub(super) fn insert(&mut self, lease: LeaseId, ttl: Duration) {
        let keys = BTreeSet::new();
        self.leases.insert(lease, Lease { ttl, keys });
    }

    /// Ends it. Answers the keys that go with it, in order.
    pub(super) fn remove(&mut self, lease: LeaseId) -> Option<BTreeSet<Key>> {
        self.leases.remove(&lease).map(|lease| lease.keys)
    }

    /// The key goes with `to` from here on, no longer with `from`.
    pub(super) fn attach(&mut self, key: &Key, from: Option<LeaseId>, to: Option<LeaseId>) {
        if from == to {
            return;
        }
        if let Some(lease) = from.and_then(|from| self.leases.get_mut(&from)) {
            lease.keys.remove(key);
        }
        if let Some(lease) = to.and_then(|to| self.leases.get_mut(&to)) {
            lease.keys.insert(key.clone());
        }
    }
}
