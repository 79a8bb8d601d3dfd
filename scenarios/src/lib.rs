//! The catalogue of scenarios and the specimens that the harness must catch.

mod bystanders;
mod cast;
mod catalogue;
mod cli;
mod commands;
mod coordination;
mod draw;
mod exit_code;
mod handles;
mod registry;
mod settle;
mod specimens;
mod store;
mod weather;

pub use catalogue::catalogue;
pub use cli::command_line;
pub use specimens::{CaughtBy, Specimen, specimens};
