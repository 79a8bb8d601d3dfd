//! What can go wrong, as data.

mod episode;
mod kind;

pub use episode::{Episode, Start, Target, Trigger};
pub use kind::{Delay, Fault};
