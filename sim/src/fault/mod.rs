//! What can go wrong, as data.

mod condition;
mod episode;
mod injector;
mod kind;
mod swarm;
#[cfg(test)]
mod tests;

pub(crate) use condition::Condition;
pub use episode::{Episode, Start, Target, Trigger};
pub(crate) use injector::{Injector, LinkFault};
pub use kind::{Delay, Fault};
pub use swarm::{FaultKind, Swarm};
