//! Claims about the local backends.

mod rules;
mod stage;
