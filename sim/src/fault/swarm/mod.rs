//! Random sets of faults, a different mixture for every seed.

mod draw;
mod fault_kind;
mod recipe;
#[cfg(test)]
mod tests;

pub use fault_kind::FaultKind;
pub use recipe::Swarm;
