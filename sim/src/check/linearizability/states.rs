//! States by number.

use std::collections::BTreeMap;

use super::model::Model;

/// What a state takes beside its own size and what it holds: its number, and its part
/// of the tree.
const OVERHEAD_BYTES: usize = 32;

/// Every state that was seen, once, under a number.
pub(super) struct States<'a, M: Model> {
    model: &'a M,
    numbers: BTreeMap<M::State, u32>,
    states: Vec<M::State>,
    bytes: usize,
}

impl<'a, M: Model> States<'a, M> {
    pub(super) const fn new(model: &'a M) -> Self {
        Self {
            model,
            numbers: BTreeMap::new(),
            states: Vec::new(),
            bytes: 0,
        }
    }

    pub(super) fn number(&mut self, state: M::State) -> u32 {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let number = self.states.len() as u32;
        // It is there twice, and the vector has room for twice as many.
        let size = 3 * size_of::<M::State>() + OVERHEAD_BYTES;
        self.bytes += size + self.model.heap_bytes(&state);
        self.states.push(state.clone());
        self.numbers.insert(state, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &M::State {
        &self.states[number as usize]
    }

    /// How many bytes they take, about.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
