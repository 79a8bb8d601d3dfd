//! A map from keys to anything, which is read without a lock.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use papaya::{Equivalent, HashMap};

use super::hash::KeyHash;
use super::image::Image;
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

impl<H> Equivalent<Front<H>> for Probe<'_> {
    #[inline(always)]
    fn equivalent(&self, other: &Front<H>) -> bool {
        self.hash == other.hash
            && match other.image.text() {
                Some((scope, name)) => {
                    *name == *self.name.as_bytes() && *scope == *self.scope.as_bytes()
                }
                None => other.is_long(self),
            }
    }
}

/// What a reader needs at once, in one piece of memory: the key with its hash, and what
/// most want of the value. Neither growing the map nor finding a short key reads a text
/// that lies elsewhere.
struct Front<H> {
    hash: u64,
    image: Image,
    value: H,
    /// The key, if it is too long for an image.
    long: Option<Box<Key>>,
}

impl<H> Front<H> {
    #[cold]
    fn is_long(&self, probe: &Probe<'_>) -> bool {
        let key = self.long.as_deref();
        key.is_some_and(|key| *key.name == *probe.name && *key.scope == *probe.scope)
    }
}

impl<H> PartialEq for Front<H> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.image == other.image && self.long == other.long
    }
}

impl<H> Eq for Front<H> {}

impl<H> Hash for Front<H> {
    fn hash<S: Hasher>(&self, state: &mut S) {
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
/// own. A value has two parts: one that most readers want, which is copied, and the rest.
pub(crate) struct KeyMap<H, V> {
    hash: Arc<KeyHash>,
    map: HashMap<Front<H>, (Key, V), BuildHasherDefault<Passed>>,
}

impl<H: Copy + Send + Sync, V: Send + Sync> KeyMap<H, V> {
    pub(crate) fn new(hash: Arc<KeyHash>) -> Self {
        Self {
            hash,
            map: HashMap::with_hasher(BuildHasherDefault::default()),
        }
    }

    /// What to look for.
    #[inline(always)]
    pub(crate) fn probe<'a>(&self, scope: &'a str, name: &'a str) -> Probe<'a> {
        Probe {
            hash: self.hash.of(scope, name),
            scope,
            name,
        }
    }

    /// The first part of the value, if there is one.
    #[inline(always)]
    pub(crate) fn first(&self, probe: Probe<'_>) -> Option<H> {
        let guard = self.map.guard();
        let (front, _) = self.map.get_key_value(&probe, &guard)?;
        Some(front.value)
    }

    /// What `look` sees of the rest of the value, if there is one.
    #[inline(always)]
    pub(crate) fn read<T>(&self, probe: Probe<'_>, look: impl FnOnce(&Key, &V) -> T) -> Option<T> {
        let guard = self.map.guard();
        let (_, (key, value)) = self.map.get_key_value(&probe, &guard)?;
        Some(look(key, value))
    }

    /// Puts a value there, in place of the one before.
    pub(crate) fn put(&self, hash: u64, key: Key, first: H, rest: V) {
        let image = Image::of(&key.scope, &key.name);
        let front = Front {
            hash,
            image,
            value: first,
            long: image.text().is_none().then(|| Box::new(key.clone())),
        };
        self.map.pin().insert(front, (key, rest));
    }

    /// Takes the value away. Says whether there was one.
    pub(crate) fn remove(&self, probe: Probe<'_>) -> bool {
        self.map.pin().remove(&probe).is_some()
    }

    /// Takes all values away.
    pub(crate) fn clear(&self) {
        self.map.pin().clear();
    }

    /// How many values there are, while nobody changes it.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}
