//! The text of a failed run.

mod failure;
mod plan;
#[cfg(test)]
mod tests;

pub use failure::{FailureReport, LINE_CHARS_MAX, LINES_MAX};
pub use plan::{describe_episode, describe_plan};
