//! The catalogue of scenarios and the specimens that the harness must catch.

mod bystanders;
mod cast;
mod catalogue;
mod draw;
mod settle;
mod specimens;
mod weather;

pub use catalogue::catalogue;
pub use specimens::{CaughtBy, Specimen, specimens};
