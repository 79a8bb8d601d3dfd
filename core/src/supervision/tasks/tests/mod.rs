//! What tasks promise, each over many interleavings.

mod ending;
mod stage;
mod streaming;
mod waiting;
