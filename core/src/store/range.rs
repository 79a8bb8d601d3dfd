//! One key, or neighbouring ones.

use std::fmt;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::bytes::Key;

/// Keys that a request is about: one, or all between two bounds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyRange {
    start: Key,
    end: End,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum End {
    Same,
    Before(Key),
    Open,
}

impl KeyRange {
    /// One key.
    pub fn key(key: impl Into<Key>) -> Self {
        let start = key.into();
        Self {
            start,
            end: End::Same,
        }
    }

    /// All keys that begin with `prefix`; all keys if it is empty.
    pub fn prefix(prefix: impl Into<Key>) -> Self {
        let start = prefix.into();
        let mut end = start.to_vec();
        // The next prefix of the same length: a last byte of 255 has none.
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        let end = match end.last_mut() {
            Some(last) => {
                *last += 1;
                End::Before(end.into())
            }
            None => End::Open,
        };
        Self { start, end }
    }

    /// All keys from `start` up to but not including `end`; none if `end` is not
    /// behind `start`.
    pub fn between(start: impl Into<Key>, end: impl Into<Key>) -> Self {
        Self {
            start: start.into(),
            end: End::Before(end.into()),
        }
    }

    /// All keys from `start` on.
    pub fn since(start: impl Into<Key>) -> Self {
        Self {
            start: start.into(),
            end: End::Open,
        }
    }

    /// All keys.
    #[must_use]
    pub fn all() -> Self {
        Self::prefix("")
    }

    /// The key, if it can be only one.
    #[must_use]
    pub fn single(&self) -> Option<&Key> {
        (self.end == End::Same).then_some(&self.start)
    }

    /// The first key that it could hold.
    #[must_use]
    pub const fn start(&self) -> &Key {
        &self.start
    }

    /// The first key behind it; `None` if it has no end, or is one key.
    #[must_use]
    pub const fn end(&self) -> Option<&Key> {
        match &self.end {
            End::Before(end) => Some(end),
            End::Same | End::Open => None,
        }
    }

    /// Whether the key is in it.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        *key >= self.start
            && match &self.end {
                End::Same => *key == self.start,
                End::Before(end) => key < end,
                End::Open => true,
            }
    }

    /// The bounds for a search in an ordered map; `None` if the range is empty.
    pub(crate) fn bounds(&self) -> Option<(Bound<&Key>, Bound<&Key>)> {
        let start = Bound::Included(&self.start);
        match &self.end {
            End::Same => Some((start, Bound::Included(&self.start))),
            End::Before(end) if *end <= self.start => None,
            End::Before(end) => Some((start, Bound::Excluded(end))),
            End::Open => Some((start, Bound::Unbounded)),
        }
    }
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Same => self.start.fmt(f),
            End::Before(end) => write!(f, "{}..{end}", self.start),
            End::Open => write!(f, "{}..", self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> Key {
        bytes.into()
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it_and_nothing_else() {
        let range = KeyRange::prefix("a/");
        for inside in ["a/", "a/b", "a/\u{7f}"] {
            assert!(range.contains(&inside.into()), "{inside}");
        }
        for outside in ["a", "a0", "a.", "b/", "A/"] {
            assert!(!range.contains(&outside.into()), "{outside}");
        }
        assert!(range.contains(&key(b"a/\xff\xff")));
    }

    #[test]
    fn a_prefix_of_highest_bytes_has_an_end_of_its_own() {
        let range = KeyRange::prefix(&b"a\xff"[..]);
        assert_eq!(range.end(), Some(&key(b"b")));
        assert!(range.contains(&key(b"a\xff\x00")));
        assert!(!range.contains(&key(b"b")));
        let last = KeyRange::prefix(&b"\xff\xff"[..]);
        assert_eq!(last.end(), None);
        assert!(last.contains(&key(b"\xff\xff\x01")));
        assert!(!last.contains(&key(b"\xff\xfe")));
    }

    #[test]
    fn a_range_whose_end_is_not_behind_its_start_is_empty() {
        for range in [KeyRange::between("b", "b"), KeyRange::between("b", "a")] {
            assert_eq!(range.bounds(), None);
            assert!(!range.contains(&"b".into()));
            assert!(!range.contains(&"a".into()));
        }
        assert!(KeyRange::between("a", "b").bounds().is_some());
    }

    #[test]
    fn one_key_holds_no_longer_one() {
        let range = KeyRange::key("a");
        assert!(range.contains(&"a".into()));
        assert!(!range.contains(&"a/".into()));
        assert_eq!(range.single(), Some(&"a".into()));
    }
}
