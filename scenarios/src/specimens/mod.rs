//! Deliberately wrong code, one specimen a file, that the harness must catch.

mod specimen;

pub use specimen::{CaughtBy, Specimen};

/// All specimens, in the order in which they are listed and run.
#[must_use]
pub fn specimens() -> Vec<Specimen> {
    Vec::new()
}
