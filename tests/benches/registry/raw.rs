//! Bare maps with the same keys, the same hash and no registry around them.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::RwLock;

use foldhash::quality::FixedState;
use steadfast::Label;
use steadfast::process::ProcessId;
use steadfast::registry::{Entry, Key, Metadata};

use crate::names::{Name, SCOPE};
use crate::ours::process;

/// What a look-up gives: a holder, or the whole registration.
pub(crate) trait Stored: Clone + Send + Sync + 'static {
    fn of(key: &Key, number: u32) -> Self;
}

impl Stored for ProcessId {
    fn of(_: &Key, number: u32) -> Self {
        process(number)
    }
}

impl Stored for Entry {
    fn of(key: &Key, number: u32) -> Self {
        Self {
            key: key.clone(),
            process: process(number),
            metadata: Metadata::new(),
            revision: u64::from(number),
            handle: None,
        }
    }
}

/// A map of names.
pub(crate) trait Map<V: Stored>: Send + Sync {
    fn put(&self, key: Key, value: V);
    fn get(&self, name: &str) -> Option<V>;
}

/// A map with so many names.
pub(crate) fn filled<V: Stored, M: Map<V>>(map: M, count: u32) -> M {
    let scope = Label::from(SCOPE);
    for number in 0..count {
        let key = Key::new(&scope, Name::of(number).as_str());
        let value = V::of(&key, number);
        map.put(key, value);
    }
    map
}

/// The same hash for all, with a seed of this process: one seed may happen to spread the
/// names of a small map well or badly.
fn hash() -> FixedState {
    FixedState::with_seed(u64::from(std::process::id()))
}

/// A key that is looked for without owning it; hashed as [`Key`] is.
#[derive(Hash)]
struct Borrowed<'a> {
    scope: &'a str,
    name: &'a str,
}

impl<'a> Borrowed<'a> {
    const fn new(name: &'a str) -> Self {
        Self { scope: SCOPE, name }
    }
}

/// papaya, hashbrown and scc use one and the same trait for this.
impl papaya::Equivalent<Key> for Borrowed<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *key.name == *self.name && *key.scope == *self.scope
    }
}

/// dashmap finds borrowed pairs only behind a trait object.
trait Pair {
    fn pair(&self) -> Borrowed<'_>;
}

/// A key of a dashmap.
struct Owned(Key);

impl Pair for Owned {
    fn pair(&self) -> Borrowed<'_> {
        let Key { scope, name } = &self.0;
        Borrowed { scope, name }
    }
}

impl Pair for Borrowed<'_> {
    fn pair(&self) -> Borrowed<'_> {
        Self { ..*self }
    }
}

impl Hash for dyn Pair + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pair().hash(state);
    }
}

impl PartialEq for dyn Pair + '_ {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.pair(), other.pair());
        one.name == other.name && one.scope == other.scope
    }
}

impl Eq for dyn Pair + '_ {}

impl Hash for Owned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pair().hash(state);
    }
}

impl PartialEq for Owned {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Owned {}

impl<'a> Borrow<dyn Pair + 'a> for Owned {
    fn borrow(&self) -> &(dyn Pair + 'a) {
        self
    }
}

/// papaya 0.2.
pub(crate) struct Papaya<V>(papaya::HashMap<Key, V, FixedState>);

impl<V> Papaya<V> {
    pub(crate) fn new() -> Self {
        Self(papaya::HashMap::with_hasher(hash()))
    }
}

impl<V: Stored> Map<V> for Papaya<V> {
    fn put(&self, key: Key, value: V) {
        self.0.pin().insert(key, value);
    }

    fn get(&self, name: &str) -> Option<V> {
        self.0.pin().get(&Borrowed::new(name)).cloned()
    }
}

/// dashmap 6.
pub(crate) struct Dash<V>(dashmap::DashMap<Owned, V, FixedState>);

impl<V: Stored> Dash<V> {
    pub(crate) fn new() -> Self {
        Self(dashmap::DashMap::with_hasher(hash()))
    }
}

impl<V: Stored> Map<V> for Dash<V> {
    fn put(&self, key: Key, value: V) {
        self.0.insert(Owned(key), value);
    }

    fn get(&self, name: &str) -> Option<V> {
        let pair: &dyn Pair = &Borrowed::new(name);
        self.0.get(pair).map(|found| found.value().clone())
    }
}

/// scc 3, the map.
pub(crate) struct Scc<V: Stored>(scc::HashMap<Key, V, FixedState>);

impl<V: Stored> Scc<V> {
    pub(crate) fn new() -> Self {
        Self(scc::HashMap::with_hasher(hash()))
    }
}

impl<V: Stored> Map<V> for Scc<V> {
    fn put(&self, key: Key, value: V) {
        self.0.upsert_sync(key, value);
    }

    fn get(&self, name: &str) -> Option<V> {
        let found = |_: &Key, value: &V| value.clone();
        self.0.read_sync(&Borrowed::new(name), found)
    }
}

/// scc 3, the index, which is made for readers.
pub(crate) struct SccIndex<V: Stored>(scc::HashIndex<Key, V, FixedState>);

impl<V: Stored> SccIndex<V> {
    pub(crate) fn new() -> Self {
        Self(scc::HashIndex::with_hasher(hash()))
    }
}

impl<V: Stored> Map<V> for SccIndex<V> {
    fn put(&self, key: Key, value: V) {
        let fresh = self.0.insert_sync(key, value).is_ok();
        assert!(fresh, "names are put once");
    }

    fn get(&self, name: &str) -> Option<V> {
        let found = |_: &Key, value: &V| value.clone();
        self.0.peek_with(&Borrowed::new(name), found)
    }
}

/// One map of the standard library's kind behind a lock.
pub(crate) struct Locked<V>(RwLock<hashbrown::HashMap<Key, V, FixedState>>);

impl<V> Locked<V> {
    pub(crate) fn new() -> Self {
        Self(RwLock::new(hashbrown::HashMap::with_hasher(hash())))
    }
}

impl<V: Stored> Map<V> for Locked<V> {
    fn put(&self, key: Key, value: V) {
        let mut map = self.0.write().expect("nobody panics");
        map.insert(key, value);
    }

    fn get(&self, name: &str) -> Option<V> {
        let map = self.0.read().expect("nobody panics");
        map.get(&Borrowed::new(name)).cloned()
    }
}
