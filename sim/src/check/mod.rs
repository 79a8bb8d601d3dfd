//! Checkers: each states one promise and reads nothing but the trace.

mod checker;

pub use checker::{Checker, Findings};

/// One of every checker, fresh: what watches a run unless its scenario says otherwise.
#[must_use]
pub fn standard() -> Vec<Box<dyn Checker>> {
    Vec::new()
}
