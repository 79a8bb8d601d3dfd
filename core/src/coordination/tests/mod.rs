//! Claims about sessions and recipes, over the local store.

mod assembling;
mod barriers;
mod cancel;
mod distant;
mod double_barrier_ends;
mod double_barriers;
mod double_barriers_far;
mod elections;
mod flaky;
mod ledger;
mod locks;
mod sessions;
mod stage;
mod storms;
