//! What the local backends consist of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hash::KeyHash;
use super::key_map::{KeyMap, Probe};
use super::options::LocalOptions;
use super::partition::{Partition, State};
use crate::label::Label;
use crate::registry::{Key, Keys, RegistryError, SharedHost, Value};
use crate::runtime::Entropy;

/// A backend that keeps the registrations of this node's processes in its memory.
///
/// Reads of one name take no lock and wait for nobody. A change holds the writer lock
/// of the partition that the name belongs to. Whatever concerns several partitions
/// takes their locks in the order of their numbers, so that its answer is one
/// consistent view.
pub struct Local {
    pub(super) kind: &'static str,
    pub(super) host: SharedHost,
    pub(super) options: LocalOptions,
    /// The kind of keys of each scope, under the scope and an empty name.
    pub(super) scopes: KeyMap<Keys, ()>,
    pub(super) partitions: Box<[Partition]>,
    /// Registrations in all partitions, with those that have just been let in.
    pub(super) entries: AtomicUsize,
    pub(super) revision: AtomicU64,
    pub(super) meta: Mutex<BTreeMap<Label, Value>>,
    pub(super) retired: AtomicBool,
}

impl Local {
    /// The most partitions.
    pub const PARTITIONS_MAX: usize = 64;

    /// The `memory` backend: one table, one writer lock.
    pub fn memory<E: Entropy>(host: SharedHost, entropy: &E, options: LocalOptions) -> Self {
        Self::new("memory", host, entropy, options, 1)
    }

    /// The `partitioned` backend: so many tables, between 1 and
    /// [`PARTITIONS_MAX`](Self::PARTITIONS_MAX), each with a writer lock of its own.
    /// A key belongs to one of them by its hash.
    pub fn partitioned<E: Entropy>(
        host: SharedHost,
        entropy: &E,
        options: LocalOptions,
        partitions: usize,
    ) -> Self {
        let partitions = partitions.clamp(1, Self::PARTITIONS_MAX);
        Self::new("partitioned", host, entropy, options, partitions)
    }

    fn new<E: Entropy>(
        kind: &'static str,
        host: SharedHost,
        entropy: &E,
        options: LocalOptions,
        partitions: usize,
    ) -> Self {
        let stream = format!("registry {} {kind}", host.registry());
        let hash = Arc::new(KeyHash::new(entropy, &stream));
        let indexed: Arc<[Label]> = options.indexed.iter().cloned().collect();
        let partition = |_| Partition::new(hash.clone(), indexed.clone());
        Self {
            kind,
            host,
            options,
            scopes: KeyMap::new(hash.clone()),
            partitions: (0..partitions).map(partition).collect(),
            entries: AtomicUsize::new(0),
            revision: AtomicU64::new(0),
            meta: Mutex::new(BTreeMap::new()),
            retired: AtomicBool::new(false),
        }
    }

    /// A name to look for.
    pub(super) fn probe<'a>(&self, scope: &'a str, name: &'a str) -> Probe<'a> {
        self.scopes.probe(scope, name)
    }

    /// The number of the partition that a hash belongs to.
    pub(super) fn number(&self, hash: u64) -> usize {
        // The high half of a product: the map inside a partition uses the low bits.
        (((hash >> 32) * self.partitions.len() as u64) >> 32) as usize
    }

    /// The partition that a hash belongs to.
    pub(super) fn partition(&self, hash: u64) -> &Partition {
        &self.partitions[self.number(hash)]
    }

    /// The partition that a key belongs to.
    pub(super) fn partition_of(&self, key: &Key) -> &Partition {
        self.partition(self.probe(&key.scope, &key.name).hash)
    }

    /// All partitions, in order.
    pub(super) fn lock_all(&self) -> Vec<MutexGuard<'_, State>> {
        self.partitions.iter().map(Partition::lock).collect()
    }

    /// The kind of a scope, without a lock.
    pub(super) fn scope(&self, scope: &str) -> Option<Keys> {
        self.scopes.first(self.probe(scope, ""))
    }

    /// The number of the next change.
    pub(super) fn next_revision(&self) -> u64 {
        self.revision.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes room for so many registrations, which then happen for certain.
    pub(super) fn reserve(&self, rows: usize) -> Result<(), RegistryError> {
        let limit = self.options.entries_max;
        let reserved = self
            .entries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |entries| {
                entries.checked_add(rows).filter(|all| *all <= limit)
            });
        match reserved {
            Ok(_) => Ok(()),
            Err(_) => Err(RegistryError::LimitReached {
                what: self.host.registry().clone(),
                limit,
            }),
        }
    }

    /// Refuses changes once another backend has taken over.
    pub(super) fn serves(&self) -> Result<(), RegistryError> {
        if self.retired.load(Ordering::Acquire) {
            let why = "another backend has taken over, and nothing was changed";
            return Err(RegistryError::Unavailable { why: why.into() });
        }
        Ok(())
    }

    /// The values of the whole registry.
    pub(super) fn lock_meta(&self) -> MutexGuard<'_, BTreeMap<Label, Value>> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("kind", &self.kind)
            .field("options", &self.options)
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
    }
}
