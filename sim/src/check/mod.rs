//! Checkers: each states one promise and reads nothing but the trace.

mod checker;

pub use checker::{Checker, Findings};
