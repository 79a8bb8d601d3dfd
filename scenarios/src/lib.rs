//! The catalogue of scenarios and the specimens that the harness must catch.

use std::sync::Arc;

use steadfast_sim::Scenario;

mod specimens;

pub use specimens::{CaughtBy, Specimen, specimens};

/// All scenarios, in the order in which they are listed and run. Names are unique,
/// among the specimens too.
#[must_use]
pub fn catalogue() -> Vec<Arc<dyn Scenario>> {
    Vec::new()
}
