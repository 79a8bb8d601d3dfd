//! Boot.

mod error;
mod plan;
#[cfg(test)]
mod plan_tests;

pub use error::PlanError;
pub use plan::{BootPlan, PlannedService};
