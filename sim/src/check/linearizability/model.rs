//! What an object does when it is asked one thing at a time.

use std::fmt;

use steadfast::Label;

use crate::history::{Operation, Vocabulary};

/// The sequential specification of an object: which objects there are, how one
/// begins, and what each call does to it. All four functions are pure.
///
/// # Contract
///
/// [`step`](Self::step) is a function of its arguments: a state, a call and an answer
/// have at most one next state. Where a call fits with some answer, it fits without
/// one too, and everything that is possible after the first is possible after the
/// second: to know less never rules out more.
pub trait Model: Vocabulary {
    /// What an object remembers. Its `Display` is what people are shown; states that
    /// differ in anything that a later answer can depend on are not equal.
    type State: Clone + Ord + fmt::Display;

    /// The object that an operation is about. Objects are checked apart, so that no
    /// call to one may have an effect on another.
    fn partition(&self, operation: &Operation<Self::Call, Self::Answer>) -> Label {
        operation.key.clone()
    }

    /// How an object begins.
    fn initial(&self) -> Self::State;

    /// The state after `call`; `None` if the call cannot end with this answer there.
    /// The answer is `None` if it is not known: the call then took effect in whatever
    /// way it does in that state, and where it has none, `None` will do.
    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Option<Self::State>;

    /// Whether the call, with this answer, leaves every state as it is. No is always
    /// right, yes makes checks faster.
    fn observes_only(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// Whether the call, with this answer, fits every state and leads to the same state
    /// from all of them. No is always right, yes makes checks faster.
    fn overwrites(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// How many bytes a state takes beside its own size, about.
    fn heap_bytes(&self, state: &Self::State) -> usize;
}
