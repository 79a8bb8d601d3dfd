//! What tasks promise, each over many interleavings.

mod ending;
mod stage;
mod streaming;
#[cfg(feature = "tokio")]
mod threads;
mod waiting;
