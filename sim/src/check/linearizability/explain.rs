//! From a history without an order to the reason.

use steadfast::Label;

use super::bounds::Bounds;
use super::core::core;
use super::model::Model;
use super::problem::{NEVER, Operations, until};
use super::refute::refute;
use super::search::{Found, Search};
use super::witness::{Fact, Placement, SHOWN_MAX, Witness, clipped};
use crate::history::Outcome;

/// The most placements that one search for an explanation tries.
const STEPS_MAX: u64 = 200_000;

fn limited(bounds: Bounds) -> Bounds {
    Bounds {
        steps: bounds.steps.min(STEPS_MAX),
        ..bounds
    }
}

/// Says why the operations of an object have no order. The search for one came to the
/// completion at `farthest`.
pub(super) fn explain<'a, M: Model>(
    model: &'a M,
    key: Label,
    operations: &Operations<'a, M>,
    farthest: u64,
    bounds: Bounds,
) -> Witness {
    let (culprit, earliest) = culprit(model, operations, farthest, bounds);
    let end = operations[culprit]
        .completed
        .map_or(NEVER, |moment| moment.position);
    let core = core(model, operations, end, bounds);
    let facts = core.facts.iter().map(|index| operations[*index]);
    let start = facts.map(|fact| fact.invoked.position).min().unwrap_or(end);
    let others = others(model, operations, &core.facts, (start, end));
    let shown = |indices: &[usize]| -> Vec<Fact> {
        let last = &indices[indices.len().saturating_sub(SHOWN_MAX)..];
        last.iter()
            .map(|index| Fact::new(operations[*index]))
            .collect()
    };
    let mut witness = Witness {
        key,
        culprit: Fact::new(operations[culprit]),
        earliest,
        possible: Vec::new(),
        possible_count: None,
        facts: shown(&core.facts),
        facts_count: core.facts.len(),
        minimal: core.minimal,
        window: (start, end),
        others: shown(&others),
        others_count: others.len(),
        order: Vec::new(),
        order_count: 0,
    };
    observe(model, operations, culprit, bounds, &mut witness);
    witness
}

/// The first completion with which there is no order any more, and whether it is known
/// to be the first. The later the end, the more there is to explain, so that it can be
/// found by halving.
fn culprit<'a, M: Model>(
    model: &'a M,
    operations: &Operations<'a, M>,
    farthest: u64,
    bounds: Bounds,
) -> (usize, bool) {
    let mut ends: Vec<(u64, usize)> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| matches!(operation.outcome, Outcome::Ok(_)))
        .filter_map(|(index, operation)| Some((operation.completed?.position, index)))
        .filter(|(end, _)| *end >= farthest)
        .collect();
    ends.sort_unstable();
    let has_order = |index: usize| {
        let end = ends[index].0;
        if refute(model, operations, end, bounds).is_some() {
            return Found::NoOrder;
        }
        let items = until(model, operations, end, |_| true);
        Search::new(model, &items, limited(bounds)).run()
    };
    // What ended before the first of these has an order: the search had come there.
    let (mut first, mut last, mut certain) = (0, ends.len().saturating_sub(1), true);
    let mut middle = first;
    while first < last {
        match has_order(middle) {
            Found::NoOrder => last = middle,
            Found::Order => first = middle + 1,
            Found::Nothing(_) => {
                first = middle + 1;
                certain = false;
            }
        }
        middle = usize::midpoint(first, last);
    }
    (ends.get(last).map_or(0, |(_, index)| *index), certain)
}

/// The operations that are no facts, had or may have had an effect, and were open in
/// the window.
fn others<M: Model>(
    model: &M,
    operations: &Operations<'_, M>,
    facts: &[usize],
    (start, end): (u64, u64),
) -> Vec<usize> {
    let open = |index: &usize| {
        let operation = operations[*index];
        let (answer, last) = match &operation.outcome {
            Outcome::Failed => return false,
            Outcome::Unknown => (None, NEVER),
            Outcome::Ok(answer) => {
                let end = operation.completed.map_or(NEVER, |moment| moment.position);
                (Some(answer), end)
            }
        };
        operation.invoked.position < end
            && last > start
            && !model.observes_only(&operation.call, answer)
            && !facts.contains(index)
    };
    (0..operations.len()).filter(open).collect()
}

/// Adds what was possible, and an order that explains what had ended before.
fn observe<'a, M: Model>(
    model: &'a M,
    operations: &Operations<'a, M>,
    culprit: usize,
    bounds: Bounds,
    witness: &mut Witness,
) {
    let items = until(model, operations, witness.window.1, |_| true);
    let Some(watched) = items.iter().position(|item| item.source == culprit) else {
        return;
    };
    let mut search = Search::new(model, &items, limited(bounds));
    search.watch(watched);
    let all = search.run() == Found::NoOrder;
    let observed = search.observed();
    let shown = observed.states.iter().take(SHOWN_MAX);
    witness.possible = shown.map(clipped).collect();
    witness.possible_count = all.then_some(observed.states.len());
    witness.order_count = observed.path.len();
    let last = &observed.path[observed.path.len().saturating_sub(SHOWN_MAX)..];
    let placement = |(item, state): &(usize, M::State)| Placement {
        operation: Fact::new(operations[items[*item].source]),
        state: clipped(state),
    };
    witness.order = last.iter().map(placement).collect();
}
