//! What a boot promises, over many interleavings.

mod health;
mod restarting;
mod stage;
mod starting;
