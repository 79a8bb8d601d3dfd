//! Claims about the local backends.

mod against_model;
mod charge;
mod model;
#[cfg(feature = "tokio")]
mod races;
mod rules;
mod stage;
mod threads;
