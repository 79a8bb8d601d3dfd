//! What happened before what, without a common clock.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::VectorClockError;

/// How one event stands to another one, as far as their clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Causality {
    /// It may have caused the other one.
    Before,
    /// The other one may have caused it.
    After,
    /// They have the same clock.
    Equal,
    /// Neither can have caused the other one.
    Concurrent,
}

/// Counts, for each participant, the events of it that are known: a vector clock
/// (Fidge and Mattern, 1988). Pure; nothing is sent.
///
/// A participant [increments](Self::increment) its own count with each event, sends the
/// clock along with every message, and [merges](Self::merge) what it receives. A
/// participant that a clock does not mention counts as 0 in it. It has one entry for
/// each participant ever counted, and never loses one.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<P, u64>",
    bound(serialize = "P: Serialize", deserialize = "P: Deserialize<'de> + Ord")
)]
pub struct VectorClock<P>(
    /// Without zeros, so that equal clocks have equal maps.
    BTreeMap<P, u64>,
);

impl<P: Ord> VectorClock<P> {
    /// The clock before any event.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// How many events of the participant it counts.
    #[must_use]
    pub fn get(&self, participant: &P) -> u64 {
        self.0.get(participant).copied().unwrap_or(0)
    }

    /// The participants with at least one event, in order, each with its count.
    pub fn iter(&self) -> impl Iterator<Item = (&P, u64)> {
        self.0
            .iter()
            .map(|(participant, count)| (participant, *count))
    }

    /// Counts one more event of the participant: the clock is strictly after what it was
    /// before. Answers the new count.
    ///
    /// # Errors
    ///
    /// [`Overflow`](VectorClockError::Overflow) if the count is at its maximum; the
    /// clock is then as before.
    pub fn increment(&mut self, participant: P) -> Result<u64, VectorClockError>
    where
        P: fmt::Display,
    {
        let Some(count) = self.get(&participant).checked_add(1) else {
            let participant = participant.to_string().into();
            return Err(VectorClockError::Overflow { participant });
        };
        self.0.insert(participant, count);
        Ok(count)
    }

    /// Takes over what the other clock knows: the result is the lowest clock that is not
    /// before either.
    pub fn merge(&mut self, other: &Self)
    where
        P: Clone,
    {
        for (participant, count) in &other.0 {
            if self.get(participant) < *count {
                self.0.insert(participant.clone(), *count);
            }
        }
    }

    /// How an event with this clock stands to one with the other clock.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.is_within(other), other.is_within(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (false, false) => Causality::Concurrent,
        }
    }

    /// Whether the other clock knows every event that this one does.
    fn is_within(&self, other: &Self) -> bool {
        self.iter()
            .all(|(participant, count)| count <= other.get(participant))
    }
}

impl<P: Ord> Default for VectorClock<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Ord> From<BTreeMap<P, u64>> for VectorClock<P> {
    fn from(mut counts: BTreeMap<P, u64>) -> Self {
        counts.retain(|_, count| *count > 0);
        Self(counts)
    }
}

/// As [`compare`](VectorClock::compare); concurrent clocks have no order.
impl<P: Ord> PartialOrd for VectorClock<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.compare(other) {
            Causality::Before => Some(Ordering::Less),
            Causality::After => Some(Ordering::Greater),
            Causality::Equal => Some(Ordering::Equal),
            Causality::Concurrent => None,
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for VectorClock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Clock = VectorClock<u8>;

    /// Few participants and low counts, so that clocks are often related; some counts
    /// are said to be zero.
    fn clock() -> impl Strategy<Value = Clock> {
        prop::collection::btree_map(0..3_u8, 0..4_u64, 0..4).prop_map(Clock::from)
    }

    fn merged(a: &Clock, b: &Clock) -> Clock {
        let mut merged = a.clone();
        merged.merge(b);
        merged
    }

    fn is_at_most(a: &Clock, b: &Clock) -> bool {
        matches!(a.compare(b), Causality::Before | Causality::Equal)
    }

    #[test]
    fn g20_a_message_makes_its_receiver_later_than_its_sender() {
        let (mut a, mut b) = (Clock::new(), Clock::new());
        a.increment(1).unwrap();
        b.increment(2).unwrap();
        assert_eq!(a.compare(&b), Causality::Concurrent);
        assert_eq!(a.partial_cmp(&b), None);
        b.merge(&a);
        assert_eq!(b.increment(2), Ok(2));
        assert_eq!(a.compare(&b), Causality::Before);
        assert_eq!(b.compare(&a), Causality::After);
        assert_eq!(b.iter().collect::<Vec<_>>(), [(&1, 1), (&2, 2)]);
    }

    #[test]
    fn g20_a_full_count_is_an_error_and_stays() {
        let full = Clock::from(BTreeMap::from([(7, u64::MAX)]));
        let mut clock = full.clone();
        let participant = "7".into();
        let error = VectorClockError::Overflow { participant };
        assert_eq!(clock.increment(7), Err(error));
        assert_eq!(clock, full);
        assert_eq!(clock.increment(8), Ok(1));
    }

    proptest! {
        #[test]
        fn g20_compare_is_a_partial_order(a in clock(), b in clock(), c in clock()) {
            prop_assert_eq!(a.compare(&a), Causality::Equal);
            let reversed = match b.compare(&a) {
                Causality::Before => Causality::After,
                Causality::After => Causality::Before,
                same @ (Causality::Equal | Causality::Concurrent) => same,
            };
            prop_assert_eq!(a.compare(&b), reversed);
            prop_assert_eq!(a.compare(&b) == Causality::Equal, a == b);
            if is_at_most(&a, &b) && is_at_most(&b, &c) {
                prop_assert!(is_at_most(&a, &c));
            }
        }

        #[test]
        fn g20_compare_is_that_of_every_count(a in clock(), b in clock()) {
            let mut orders = (0..4).map(|participant| a.get(&participant).cmp(&b.get(&participant)));
            let less = orders.clone().any(Ordering::is_lt);
            let greater = orders.any(Ordering::is_gt);
            let expected = match (less, greater) {
                (false, false) => Causality::Equal,
                (true, false) => Causality::Before,
                (false, true) => Causality::After,
                (true, true) => Causality::Concurrent,
            };
            prop_assert_eq!(a.compare(&b), expected);
        }

        #[test]
        fn g20_a_missing_participant_is_zero(a in clock(), participant in 0..4_u8) {
            let mut counts: BTreeMap<_, _> = a.iter().map(|(of, count)| (*of, count)).collect();
            counts.entry(participant).or_insert(0);
            let said = Clock::from(counts);
            prop_assert_eq!(said.compare(&a), Causality::Equal);
            prop_assert_eq!(&said, &a);
        }

        #[test]
        fn g20_merge_is_the_least_upper_bound(a in clock(), b in clock(), c in clock()) {
            let both = merged(&a, &b);
            prop_assert!(is_at_most(&a, &both) && is_at_most(&b, &both));
            for participant in 0..4 {
                let higher = a.get(&participant).max(b.get(&participant));
                prop_assert_eq!(both.get(&participant), higher);
            }
            let above = is_at_most(&a, &c) && is_at_most(&b, &c);
            prop_assert_eq!(above, is_at_most(&both, &c));
        }

        #[test]
        fn g20_merge_needs_no_order_and_no_counting(a in clock(), b in clock(), c in clock()) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a);
        }

        #[test]
        fn g20_increment_makes_strictly_after(a in clock(), participant in 0..4_u8) {
            let mut later = a.clone();
            let count = later.increment(participant);
            prop_assert_eq!(count, Ok(a.get(&participant) + 1));
            prop_assert_eq!(a.compare(&later), Causality::Before);
            prop_assert!(a < later);
        }
    }
}
