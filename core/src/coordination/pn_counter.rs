//! A counter that every participant changes on its own, and that loses nothing when
//! copies of it meet.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::PnCounterError;

/// What one participant did: both only grow, so that of two copies the higher ones are
/// the later ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Part {
    increments: u64,
    decrements: u64,
}

impl Part {
    fn merged(self, other: Self) -> Self {
        Self {
            increments: self.increments.max(other.increments),
            decrements: self.decrements.max(other.decrements),
        }
    }
}

/// A counter of which every participant has a copy, changes it without asking anybody,
/// and sends it to the others, which [merge](Self::merge) it: a state-based PN-counter
/// (Shapiro et al., 2011). Pure; nothing is sent.
///
/// Copies that have seen the same changes have the same value, in whatever order and
/// however often they were merged. Where every reader must see every change that was
/// confirmed before, use [`Counter`](super::Counter): this one goes on when the others
/// cannot be reached.
///
/// **A participant changes one copy only.** One that lost its copy takes another name,
/// or gets a copy back that holds all it did; otherwise what it adds is taken for what it
/// had added before.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<P, Part>",
    bound(serialize = "P: Serialize", deserialize = "P: Deserialize<'de> + Ord")
)]
pub struct PnCounter<P>(
    /// Without parts that did nothing, so that equal counters have equal maps.
    BTreeMap<P, Part>,
);

impl<P: Ord> PnCounter<P> {
    /// A counter of value 0.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The sum of all changes that this copy has seen.
    #[must_use]
    pub fn value(&self) -> i128 {
        // As many participants as would overflow this do not fit into memory.
        let of = |part: &Part| i128::from(part.increments) - i128::from(part.decrements);
        self.0.values().map(of).sum()
    }

    /// The sum of the changes of one participant that this copy has seen.
    #[must_use]
    pub fn value_of(&self, participant: &P) -> i128 {
        let part = self.0.get(participant).copied().unwrap_or_default();
        i128::from(part.increments) - i128::from(part.decrements)
    }

    /// Adds something, which may be less than zero, as this participant.
    ///
    /// # Errors
    ///
    /// [`Overflow`](PnCounterError::Overflow) if all increments of the participant, or
    /// all its decrements, exceed 64 bits; the counter is then as before.
    pub fn add(&mut self, participant: P, by: i64) -> Result<(), PnCounterError>
    where
        P: fmt::Display,
    {
        if by == 0 {
            return Ok(());
        }
        let mut part = self.0.get(&participant).copied().unwrap_or_default();
        let total = if by > 0 {
            &mut part.increments
        } else {
            &mut part.decrements
        };
        let Some(grown) = total.checked_add(by.unsigned_abs()) else {
            let participant = participant.to_string().into();
            return Err(PnCounterError::Overflow { participant, by });
        };
        *total = grown;
        self.0.insert(participant, part);
        Ok(())
    }

    /// Takes over every change that the other copy has seen.
    pub fn merge(&mut self, other: &Self)
    where
        P: Clone,
    {
        for (participant, theirs) in &other.0 {
            match self.0.get_mut(participant) {
                Some(part) => *part = part.merged(*theirs),
                None => {
                    self.0.insert(participant.clone(), *theirs);
                }
            }
        }
    }
}

impl<P: Ord> Default for PnCounter<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Ord> From<BTreeMap<P, Part>> for PnCounter<P> {
    fn from(mut parts: BTreeMap<P, Part>) -> Self {
        parts.retain(|_, part| *part != Part::default());
        Self(parts)
    }
}

impl<P: fmt::Debug> fmt::Debug for PnCounter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Count = PnCounter<u8>;

    fn counter(changes: &[(u8, i64)]) -> Count {
        let mut counter = Count::new();
        for (participant, by) in changes {
            counter.add(*participant, *by).unwrap();
        }
        counter
    }

    fn sum(changes: &[(u8, i64)]) -> i128 {
        changes.iter().map(|(_, by)| i128::from(*by)).sum()
    }

    fn merged(a: &Count, b: &Count) -> Count {
        let mut merged = a.clone();
        merged.merge(b);
        merged
    }

    fn changes(by: std::ops::Range<u8>) -> impl Strategy<Value = Vec<(u8, i64)>> {
        prop::collection::vec((by, -9..10_i64), 0..8)
    }

    /// Copies as they may be underway: each participant's part of any age.
    fn copy() -> impl Strategy<Value = Count> {
        changes(0..3).prop_map(|changes| counter(&changes))
    }

    #[test]
    fn g19_a_total_that_is_full_is_an_error_and_stays() {
        let mut counter = Count::new();
        for by in [i64::MIN, i64::MIN + 1] {
            counter.add(1, by).unwrap();
        }
        let full = counter.clone();
        assert_eq!(full.value(), 1 - (1 << 64));
        let participant = "1".into();
        let error = PnCounterError::Overflow {
            participant,
            by: -1,
        };
        assert_eq!(counter.add(1, -1), Err(error));
        assert_eq!(counter, full);
        counter.add(1, i64::MAX).unwrap();
        counter.add(2, -1).unwrap();
        assert_eq!(counter.value(), -(1 << 63) - 1);
        assert_eq!(counter.value_of(&2), -1);
    }

    proptest! {
        #[test]
        fn g19_merge_is_commutative_associative_and_idempotent(
            a in copy(), b in copy(), c in copy(),
        ) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a.clone());
            let both = merged(&a, &b);
            prop_assert_eq!(merged(&both, &a), both);
        }

        #[test]
        fn g19_nothing_is_lost_across_a_split(
            before in changes(0..4), left in changes(0..2), right in changes(2..4),
        ) {
            let whole = counter(&before);
            let (mut a, mut b) = (whole.clone(), whole.clone());
            for (participant, by) in &left {
                a.add(*participant, *by).unwrap();
            }
            for (participant, by) in &right {
                b.add(*participant, *by).unwrap();
            }
            let healed = merged(&a, &b);
            prop_assert_eq!(healed.value(), sum(&before) + sum(&left) + sum(&right));
            let of_each: i128 = (0..4).map(|participant| healed.value_of(&participant)).sum();
            prop_assert_eq!(of_each, healed.value());
            // An old copy that arrives late changes nothing.
            prop_assert_eq!(merged(&healed, &whole), healed);
        }

        #[test]
        fn g19_a_change_that_adds_nothing_leaves_no_trace(a in copy(), participant in 0..4_u8) {
            let mut same = a.clone();
            same.add(participant, 0).unwrap();
            prop_assert_eq!(same, a);
        }
    }
}
