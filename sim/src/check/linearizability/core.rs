//! The fewest facts that contradict each other.

use super::bounds::Bounds;
use super::model::Model;
use super::problem::{Operations, until};
use super::refute::{answered, refute};
use super::search::{Found, Search};

/// The most placements that are tried for all of it.
const STEPS_MAX: u64 = 3_000_000;

/// What part of the steps that are left one try may take.
const SHARE: u64 = 8;

/// The most bytes that a try remembers.
const MEMORY_BYTES_MAX: usize = 32 << 20;

/// Facts of a history that contradict each other.
pub(super) struct Core {
    /// The operations, in the order of their completions.
    pub(super) facts: Vec<usize>,
    /// Whether without any one of them there is no contradiction. If not, a bound was
    /// hit before that was known.
    pub(super) minimal: bool,
}

struct Shrinking<'a, 'b, M: Model> {
    model: &'a M,
    operations: &'b Operations<'a, M>,
    end: u64,
    bounds: Bounds,
    kept: Vec<bool>,
    steps_left: u64,
}

/// Shrinks the facts of a contradictory history that ends at `end`.
///
/// An operation cannot just be removed: without a write, a read of it has no
/// explanation, which says nothing about the history. So an operation that is not kept
/// is *weakened*: it may have happened in its time, with whatever answer, or not. This
/// only ever adds explanations, so that what has none after it had none before.
pub(super) fn core<'a, M: Model>(
    model: &'a M,
    operations: &Operations<'a, M>,
    end: u64,
    bounds: Bounds,
) -> Core {
    let mut facts = answered::<M>(operations, end);
    let mut shrinking = Shrinking {
        model,
        operations,
        end,
        bounds: Bounds {
            memory_bytes: bounds.memory_bytes.min(MEMORY_BYTES_MAX),
            steps: bounds.steps,
        },
        kept: vec![true; operations.len()],
        steps_left: STEPS_MAX.min(bounds.steps),
    };
    if let Some(last) = refute(model, operations, end, bounds) {
        let weakened = facts.len() - last;
        for fact in facts.drain(..weakened) {
            shrinking.kept[fact] = false;
        }
    }
    let minimal = shrinking.weaken(&facts);
    facts.retain(|fact| shrinking.kept[*fact]);
    Core { facts, minimal }
}

impl<M: Model> Shrinking<'_, '_, M> {
    /// Whether what is kept is a contradiction; `None` if a bound was hit.
    fn contradicts(&mut self) -> Option<bool> {
        let items = until(self.model, self.operations, self.end, |index| {
            self.kept[index]
        });
        let bounds = Bounds {
            steps: self.steps_left / SHARE,
            ..self.bounds
        };
        let mut search = Search::new(self.model, &items, bounds);
        let found = search.run();
        self.steps_left -= search.steps().min(self.steps_left);
        match found {
            Found::Order => Some(false),
            Found::NoOrder => Some(true),
            Found::Nothing(_) => None,
        }
    }

    /// Weakens facts as long as what is left is a contradiction, the oldest first, in
    /// portions that become smaller. Answers whether every fact that is left is known
    /// to be needed: with fewer other facts it is still needed, so that one look at
    /// each is enough.
    fn weaken(&mut self, facts: &[usize]) -> bool {
        let mut portion = facts.len() / 2;
        let mut minimal = facts.len() <= 1;
        while portion > 0 {
            minimal = true;
            for part in facts.chunks(portion) {
                let part: Vec<usize> = part
                    .iter()
                    .copied()
                    .filter(|fact| self.kept[*fact])
                    .collect();
                if part.is_empty() {
                    continue;
                }
                part.iter().for_each(|fact| self.kept[*fact] = false);
                let still = self.contradicts();
                if still != Some(true) {
                    part.iter().for_each(|fact| self.kept[*fact] = true);
                }
                minimal &= still.is_some();
            }
            portion /= 2;
        }
        minimal
    }
}
