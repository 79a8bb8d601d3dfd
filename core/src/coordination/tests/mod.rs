//! Claims about sessions and recipes, over the local store.

mod barriers;
mod cancel;
mod elections;
mod locks;
mod sessions;
mod stage;
