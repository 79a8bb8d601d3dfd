//! A map from keys to anything, which is read without a lock.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use papaya::{Equivalent, HashMap};

use super::hash::KeyHash;
use crate::registry::Key;

/// A key to look for, hashed once.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    /// Its hash by the [`KeyHash`] of the map.
    pub(crate) hash: u64,
    /// The scope.
    pub(crate) scope: &'a str,
    /// The name.
    pub(crate) name: &'a str,
}

impl Hash for Probe<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<HashedKey> for Probe<'_> {
    fn equivalent(&self, other: &HashedKey) -> bool {
        self.hash == other.hash && *other.key.name == *self.name && *other.key.scope == *self.scope
    }
}

/// A key with its hash. Growing the map then reads no text.
struct HashedKey {
    hash: u64,
    key: Key,
}

impl PartialEq for HashedKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.key == other.key
    }
}

impl Eq for HashedKey {}

impl Hash for HashedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Passes on the one number that it is given.
#[derive(Default)]
struct Passed(u64);

impl Hasher for Passed {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole hashes are written");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The map. Any number of readers, while one writer changes it under a lock of its
/// own.
pub(crate) struct KeyMap<V> {
    hash: Arc<KeyHash>,
    map: HashMap<HashedKey, V, BuildHasherDefault<Passed>>,
}

impl<V: Send + Sync> KeyMap<V> {
    pub(crate) fn new(hash: Arc<KeyHash>) -> Self {
        Self {
            hash,
            map: HashMap::with_hasher(BuildHasherDefault::default()),
        }
    }

    /// What to look for.
    pub(crate) fn probe<'a>(&self, scope: &'a str, name: &'a str) -> Probe<'a> {
        Probe {
            hash: self.hash.of(scope, name),
            scope,
            name,
        }
    }

    /// What `look` sees of the value, if there is one.
    pub(crate) fn read<T>(&self, probe: Probe<'_>, look: impl FnOnce(&Key, &V) -> T) -> Option<T> {
        let guard = self.map.guard();
        let (key, value) = self.map.get_key_value(&probe, &guard)?;
        Some(look(&key.key, value))
    }

    /// Puts a value there, in place of the one before.
    pub(crate) fn put(&self, hash: u64, key: Key, value: V) {
        self.map.pin().insert(HashedKey { hash, key }, value);
    }

    /// Takes the value away. Says whether there was one.
    pub(crate) fn remove(&self, probe: Probe<'_>) -> bool {
        self.map.pin().remove(&probe).is_some()
    }

    /// How many values there are, while nobody changes it.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}
