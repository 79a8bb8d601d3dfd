//! What must have happened by a time.

use std::collections::BTreeSet;

/// Keys with the world time after which they are overdue.
pub(super) struct Deadlines<K>(BTreeSet<(u64, K)>);

impl<K: Ord> Deadlines<K> {
    pub(super) const fn new() -> Self {
        Self(BTreeSet::new())
    }

    pub(super) fn set(&mut self, time: u64, key: K) {
        self.0.insert((time, key));
    }

    /// Takes out a key whose time is before `now`, the earliest first. Keys are not
    /// withdrawn when they are settled: whoever takes one out looks whether it
    /// still matters.
    pub(super) fn overdue(&mut self, now: u64) -> Option<K> {
        if self.0.first()?.0 >= now {
            return None;
        }
        self.0.pop_first().map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_overdue_after_their_time_and_not_at_it() {
        let mut deadlines = Deadlines::new();
        deadlines.set(20, 'b');
        deadlines.set(10, 'a');
        assert_eq!(deadlines.overdue(10), None);
        assert_eq!(deadlines.overdue(30), Some('a'));
        assert_eq!(deadlines.overdue(30), Some('b'));
        assert_eq!(deadlines.overdue(30), None);
    }
}
