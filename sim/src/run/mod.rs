//! One run of one plan, from the start of its nodes to its report.

mod director;
mod hosted;
mod panics;
mod plan;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

pub(crate) use panics::{Caught, catch};
pub use plan::run_plan;
#[cfg(test)]
pub(crate) use script::Script;
