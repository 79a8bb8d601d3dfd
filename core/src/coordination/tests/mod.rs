//! Claims about sessions and recipes, over the local store.

mod assembling;
mod barriers;
mod cancel;
mod double_barrier_ends;
mod double_barriers;
mod elections;
mod locks;
mod sessions;
mod stage;
