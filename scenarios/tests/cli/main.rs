//! The command line, run as people and scripts run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod checking;
mod listing;
mod replaying;
mod running;
mod steadfast;
mod tracing;
