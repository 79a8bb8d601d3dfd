//! Plans drawn from seeds.

use std::time::Duration;

use steadfast::runtime::{EntropyStream, NodeId};
use steadfast_sim::{Key, Operation};

/// Draws the parts of a plan. Each label has a stream of its own, so that drawing
/// more of one part moves no other.
pub(crate) struct Draw(EntropyStream);

impl Draw {
    /// The stream called `label` of a seed.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let key = Key::new(seed, "plan").with_text(label);
        let mut bytes = [0_u8; 32];
        for (index, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&key.with(index as u64).bits().to_le_bytes());
        }
        Self(EntropyStream::from_seed(bytes))
    }

    /// A whole number between two bounds, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high.saturating_sub(low) + 1)
    }

    /// A time between two bounds, to the millisecond.
    pub(crate) fn time(&mut self, low: Duration, high: Duration) -> Duration {
        Duration::from_millis(self.between(low.as_millis() as u64, high.as_millis() as u64))
    }

    /// Yes with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.0.chance(probability)
    }

    /// One of the items.
    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.0.below(items.len() as u64) as usize]
    }

    /// `count` operations at random times before `until`, in order of time, each made
    /// of an action and a value below `values`.
    pub(crate) fn operations(
        &mut self,
        count: u64,
        until: Duration,
        nodes: u32,
        actions: &[&str],
        values: u64,
    ) -> Vec<Operation> {
        let mut operations: Vec<_> = (0..count)
            .map(|_| Operation {
                at: self.time(Duration::from_millis(200), until),
                node: NodeId(self.between(1, u64::from(nodes)) as u32),
                action: self.one_of(actions).into(),
                value: self.between(0, values.saturating_sub(1)),
            })
            .collect();
        operations.sort_by_key(|operation| operation.at);
        operations
    }
}
