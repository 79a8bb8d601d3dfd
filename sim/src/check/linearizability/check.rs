//! From a history to a verdict.

use std::collections::BTreeMap;

use steadfast::Label;

use super::bounds::Bounds;
use super::explain::explain;
use super::model::Model;
use super::problem::{Operations, whole};
use super::refute::refute;
use super::search::{Found, Search};
use super::verdict::{Judgement, UnknownReason, Verdict};
use crate::history::{HistoryOf, Operation, Outcome, Vocabulary};

/// How many steps for each operation a hasty search may take.
const PATIENCE_STEPS: u64 = 50;

/// How many it may take in any case.
const PATIENCE_STEPS_MIN: u64 = 100_000;

/// The operations of each object.
type Objects<'a, M> =
    BTreeMap<Label, Vec<&'a Operation<<M as Vocabulary>::Call, <M as Vocabulary>::Answer>>>;

/// Judges a history, each key by itself and in the order of the keys, up to the first
/// that has no order. If one has none the history is not linearizable, whatever the
/// others are; else if one could not be judged the verdict is unknown.
///
/// The search for each key keeps to the [`Bounds`]. Shorter searches, of a few million
/// steps in all and within the same memory, come before and after it, and explain the
/// first key that has no order.
#[must_use]
pub fn check<M: Model>(model: &M, history: &HistoryOf<M>, bounds: Bounds) -> Judgement {
    let mut objects: Objects<'_, M> = BTreeMap::new();
    for operation in history.operations() {
        let object = model.partition(operation);
        objects.entry(object).or_default().push(operation);
    }
    let count = |outcome: fn(&Outcome<M::Answer>) -> bool| {
        let operations = history.operations().iter();
        operations
            .filter(|operation| outcome(&operation.outcome))
            .count()
    };
    let mut judgement = Judgement {
        verdict: Verdict::Linearizable,
        keys: objects.len(),
        operations: history.operations().len(),
        failed: count(|outcome| matches!(outcome, Outcome::Failed)),
        unknown: count(|outcome| matches!(outcome, Outcome::Unknown)),
        steps: 0,
        memory_bytes: 0,
    };
    for (key, operations) in objects {
        let looked = look(model, &operations, bounds);
        judgement.steps += looked.steps;
        judgement.memory_bytes = judgement.memory_bytes.max(looked.memory_bytes);
        match looked.found {
            Found::Order => {}
            Found::NoOrder => {
                let witness = explain(model, key, &operations, looked.farthest, bounds);
                judgement.verdict = Verdict::Illegal(Box::new(witness));
                return judgement;
            }
            Found::Nothing(bound) => match &mut judgement.verdict {
                Verdict::Unknown(reason) => reason.keys += 1,
                Verdict::Linearizable | Verdict::Illegal(_) => {
                    judgement.verdict = Verdict::Unknown(UnknownReason {
                        key,
                        keys: 1,
                        bound,
                    });
                }
            },
        }
    }
    judgement
}

/// What came of one object.
struct Looked {
    found: Found,
    farthest: u64,
    steps: u64,
    memory_bytes: usize,
}

/// Searches in haste, then for a contradiction near where that came to, then for
/// every order.
fn look<'a, M: Model>(model: &'a M, operations: &Operations<'a, M>, bounds: Bounds) -> Looked {
    let items = whole(model, operations);
    let patience = (items.len() as u64 * PATIENCE_STEPS).max(PATIENCE_STEPS_MIN);
    let little = Bounds {
        steps: bounds.steps.min(patience),
        ..bounds
    };
    let mut hasty = Search::new(model, &items, little);
    hasty.hasten();
    let mut looked = looked(&mut hasty);
    let thorough = hasty.is_thorough();
    drop(hasty);
    if looked.found == Found::Order || (looked.found == Found::NoOrder && thorough) {
        return looked;
    }
    if refute(model, operations, looked.farthest, bounds).is_some() {
        looked.found = Found::NoOrder;
        return looked;
    }
    let mut search = Search::new(model, &items, bounds);
    let steps = looked.steps;
    looked = self::looked(&mut search);
    looked.steps += steps;
    drop(search);
    if matches!(looked.found, Found::Nothing(_))
        && refute(model, operations, looked.farthest, bounds).is_some()
    {
        looked.found = Found::NoOrder;
    }
    looked
}

fn looked<M: Model>(search: &mut Search<'_, M>) -> Looked {
    Looked {
        found: search.run(),
        farthest: search.farthest(),
        steps: search.steps(),
        memory_bytes: search.bytes(),
    }
}
