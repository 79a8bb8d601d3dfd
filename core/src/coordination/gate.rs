//! Whether one who waits at a barrier may pass. Pure.

use crate::store::{Change, Key, Reading, Revision};

/// One who waits until a barrier is lifted.
///
/// He waits for the generation that he found, and not for the barrier to be held by
/// nobody: whoever holds it again at once does not catch those who were let go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Waiter {
    /// Who held it when he came, and since when.
    held: Option<(Key, Revision)>,
}

impl Waiter {
    /// Takes in who holds it at one revision; whether he may pass.
    pub(super) fn sees(&mut self, reading: &Reading) -> bool {
        let holders = reading.entries.iter();
        let mut holders = holders.map(|entry| (&entry.key, entry.create_revision));
        match &self.held {
            Some((key, since)) => !holders.any(|holder| holder == (key, *since)),
            None => {
                let first = holders.min_by_key(|(_, since)| *since);
                self.held = first.map(|(key, since)| (key.clone(), since));
                self.held.is_none()
            }
        }
    }

    /// Whether a change could let him pass.
    pub(super) fn minds(&self, change: &Change) -> bool {
        let held = self.held.as_ref();
        matches!(change, Change::Deleted { key, .. } if held.is_some_and(|(own, _)| own == key))
    }

    /// The generation that he waits for or waited for; none if he found none.
    pub(super) fn generation(&self) -> Revision {
        let held = self.held.as_ref();
        held.map_or(Revision::NONE, |(_, since)| *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Entry, Value};

    fn entry(key: &str, since: u64) -> Entry {
        Entry {
            key: key.into(),
            value: Value::from(""),
            create_revision: Revision(since),
            mod_revision: Revision(since),
            version: 1,
            lease: None,
        }
    }

    fn reading(entries: &[(&str, u64)]) -> Reading {
        let entries: Vec<_> = entries.iter().map(|(key, at)| entry(key, *at)).collect();
        Reading {
            revision: Revision(100),
            count: entries.len(),
            entries,
            more: false,
        }
    }

    fn deleted(key: &str) -> Change {
        let (key, previous) = (key.into(), None);
        Change::Deleted { key, previous }
    }

    #[test]
    fn a_barrier_that_nobody_holds_is_passed_at_once() {
        let mut waiter = Waiter::default();
        assert!(waiter.sees(&reading(&[])));
        assert_eq!(waiter.generation(), Revision::NONE);
    }

    #[test]
    fn g07_what_is_not_the_end_of_the_generation_lets_nobody_pass() {
        let mut waiter = Waiter::default();
        assert!(!waiter.sees(&reading(&[("a", 5)])));
        assert!(!waiter.minds(&deleted("b")));
        let (entry, previous) = (entry("a", 5), None);
        assert!(!waiter.minds(&Change::Put { entry, previous }));
        assert!(!waiter.sees(&reading(&[("a", 5)])));
        assert!(waiter.minds(&deleted("a")));
        assert!(waiter.sees(&reading(&[])));
        assert_eq!(waiter.generation(), Revision(5));
    }

    #[test]
    fn whoever_holds_it_again_does_not_catch_those_who_waited_before() {
        let mut waiter = Waiter::default();
        assert!(!waiter.sees(&reading(&[("a", 5)])));
        assert!(waiter.sees(&reading(&[("b", 8)])));
        assert_eq!(waiter.generation(), Revision(5));
        // The same key, as somebody else may put it.
        let mut waiter = Waiter::default();
        assert!(!waiter.sees(&reading(&[("a", 5)])));
        assert!(waiter.sees(&reading(&[("a", 8)])));
    }
}
