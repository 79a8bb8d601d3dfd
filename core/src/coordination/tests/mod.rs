//! Claims about sessions and recipes, over the local store.

mod agreements;
mod assembling;
mod barriers;
mod cancel;
mod counters;
mod counters_far;
mod distant;
mod double_barrier_ends;
mod double_barriers;
mod double_barriers_far;
mod elections;
mod faulty;
mod flaky;
mod ledger;
mod locks;
mod sessions;
mod stage;
mod storms;
