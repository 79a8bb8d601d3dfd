//! What this node has changed, by number, for as long as there is room.

use std::collections::VecDeque;

use super::row::Step;

/// The last steps of one owner, in order. It is the queue towards all peers at once:
/// whoever wants a step that is no longer there needs a snapshot instead.
#[derive(Debug)]
pub(super) struct Log {
    /// The number of the oldest step that is kept, or of the next one.
    first: u64,
    steps: VecDeque<(Step, usize)>,
    bytes: usize,
    steps_max: usize,
    bytes_max: usize,
}

impl Log {
    pub(super) const fn new(steps_max: usize, bytes_max: usize) -> Self {
        Self {
            first: 1,
            steps: VecDeque::new(),
            bytes: 0,
            steps_max,
            bytes_max,
        }
    }

    /// The number of the last step; 0 before the first one.
    pub(super) fn last(&self) -> u64 {
        self.first + self.steps.len() as u64 - 1
    }

    /// Adds a step, and forgets the oldest ones if there is no room.
    pub(super) fn push(&mut self, step: Step) {
        let weight = weight(&step);
        self.bytes += weight;
        self.steps.push_back((step, weight));
        while self.steps.len() > self.steps_max || self.bytes > self.bytes_max {
            let Some((_, weight)) = self.steps.pop_front() else {
                return;
            };
            self.bytes -= weight;
            self.first += 1;
        }
    }

    /// Whether every step after this number is still there.
    pub(super) const fn reaches_back_to(&self, number: u64) -> bool {
        number + 1 >= self.first
    }

    /// The steps after a number, as far as they are kept.
    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = &Step> {
        let skipped = (number + 1).saturating_sub(self.first);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        self.steps.iter().skip(skipped).map(|(step, _)| step)
    }
}

/// What a step takes up, in bytes, roughly.
fn weight(step: &Step) -> usize {
    const FIXED: usize = 64;
    FIXED
        + match step {
            Step::ScopeOpened { scope, .. } | Step::ScopeClosed { scope } => scope.len(),
            Step::Registered(row) => {
                row.claim.key.scope.len() + row.claim.key.name.len() + row.metadata.weight()
            }
            Step::Updated { metadata, .. } => metadata.weight(),
            Step::Removed { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::change::Cause;

    fn removed(row: u64) -> Step {
        let cause = Cause::Exited;
        Step::Removed { row, cause }
    }

    fn rows(log: &Log, after: u64) -> Vec<u64> {
        let rows = log.after(after).map(|step| {
            let Step::Removed { row, .. } = step else {
                panic!("{step:?}");
            };
            *row
        });
        rows.collect()
    }

    #[test]
    fn steps_are_numbered_from_one_and_found_by_number() {
        let mut log = Log::new(10, 10_000);
        assert_eq!((log.last(), log.reaches_back_to(0)), (0, true));
        (1..=3).for_each(|row| log.push(removed(row)));
        assert_eq!(log.last(), 3);
        assert_eq!(rows(&log, 0), [1, 2, 3]);
        assert_eq!(rows(&log, 2), [3]);
        assert!(rows(&log, 3).is_empty());
    }

    #[test]
    fn the_oldest_steps_go_when_there_are_too_many_or_too_much() {
        for mut log in [Log::new(2, 10_000), Log::new(10, 130)] {
            (1..=5).for_each(|row| log.push(removed(row)));
            assert_eq!(log.last(), 5);
            assert!(log.reaches_back_to(3) && !log.reaches_back_to(2));
            assert_eq!(rows(&log, 3), [4, 5]);
        }
    }
}
