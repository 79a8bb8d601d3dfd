//! Where in the store a recipe keeps what.

use crate::label::Label;
use crate::store::{Key, KeyRange, LeaseId};

/// The keys of one recipe under one name.
///
/// A name stands in its keys behind its length, so that no name's keys are among those
/// of another one, not even if one name is the beginning of the other or has slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Keyspace {
    prefix: String,
}

impl Keyspace {
    /// Of the recipe with this word, below the root of the coordinator.
    pub(super) fn new(root: &str, recipe: &str, name: &Label) -> Self {
        let prefix = format!("{root}/{recipe}/{}:{name}/", name.len());
        Self { prefix }
    }

    /// The key with this last part.
    pub(super) fn key(&self, last: &str) -> Key {
        format!("{}{last}", self.prefix).into()
    }

    /// The key of one place: the attempt of that number under a session. No attempt has
    /// the key of another one, ever.
    pub(super) fn place(&self, session: LeaseId, attempt: u64) -> Key {
        self.key(&format!("{:016x}-{attempt:08x}", session.0))
    }

    /// The key with the last part of a key of this keyspace, in another one.
    pub(super) fn moved(&self, key: &Key, other: &Self) -> Key {
        let last = key.get(self.prefix.len()..).unwrap_or_default();
        [other.prefix.as_bytes(), last].concat().into()
    }

    /// The last part of a key of this keyspace.
    pub(super) fn last<'a>(&self, key: &'a Key) -> Option<&'a str> {
        let last = key.strip_prefix(self.prefix.as_bytes())?;
        std::str::from_utf8(last).ok()
    }

    /// All of it.
    pub(super) fn range(&self) -> KeyRange {
        KeyRange::prefix(self.prefix.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e14_names_of_which_one_begins_with_the_other_are_independent() {
        let names = [
            "a",
            "a/",
            "a/b",
            "ab",
            "",
            "1:a",
            "a/1:b",
            "a/0000000000000001",
        ];
        let spaces = names.map(|name| Keyspace::new("root", "lock", &name.into()));
        for (index, space) in spaces.iter().enumerate() {
            let place = space.place(LeaseId(1), 1);
            for (other, found) in spaces.iter().enumerate() {
                assert_eq!(found.range().contains(&place), other == index, "{place}");
            }
        }
    }

    #[test]
    fn recipes_of_one_name_are_independent() {
        let lock = Keyspace::new("root", "lock", &"a".into());
        let election = Keyspace::new("root", "election", &"a".into());
        assert!(!lock.range().contains(&election.place(LeaseId(1), 1)));
    }
}
