//! Claims about sessions and locks, over the local store.

mod cancel;
mod elections;
mod locks;
mod sessions;
mod stage;
