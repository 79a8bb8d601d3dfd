//! Contradictions among the last operations.

use super::bounds::Bounds;
use super::model::Model;
use super::problem::{Operations, until};
use super::search::{Found, Search};
use crate::history::Outcome;

/// The most facts that are taken together.
const FACTS_MAX: usize = 64;

/// The bounds of one try.
const TRY: Bounds = Bounds {
    memory_bytes: 32 << 20,
    steps: 300_000,
};

/// The operations that were answered up to `end`, by completion.
pub(super) fn answered<M: Model>(operations: &Operations<'_, M>, end: u64) -> Vec<usize> {
    let answered = |index: &usize| {
        let operation = operations[*index];
        let completed = operation.completed.map(|moment| moment.position);
        matches!(operation.outcome, Outcome::Ok(_)) && completed.is_some_and(|at| at <= end)
    };
    let mut facts: Vec<usize> = (0..operations.len()).filter(answered).collect();
    facts.sort_unstable_by_key(|index| operations[*index].completed);
    facts
}

/// How many of the last answers up to `end` contradict each other, whatever else
/// happened: one, two, four, … If none are found, nothing is said.
pub(super) fn refute<'a, M: Model>(
    model: &'a M,
    operations: &Operations<'a, M>,
    end: u64,
    bounds: Bounds,
) -> Option<usize> {
    let facts = answered::<M>(operations, end);
    let bounds = Bounds {
        memory_bytes: bounds.memory_bytes.min(TRY.memory_bytes),
        steps: bounds.steps.min(TRY.steps),
    };
    let mut last = 1;
    while last <= FACTS_MAX.min(facts.len()) {
        let kept = &facts[facts.len() - last..];
        let items = until(model, operations, end, |index| kept.contains(&index));
        if Search::new(model, &items, bounds).run() == Found::NoOrder {
            return Some(last);
        }
        last *= 2;
    }
    None
}
