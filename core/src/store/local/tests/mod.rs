//! Claims about the local store.

mod planted;
mod stage;
mod stories;
mod suite;
