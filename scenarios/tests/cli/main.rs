//! The command line, run as people and scripts run it.

mod bad_input;
mod listing;
mod replaying;
mod running;
mod steadfast;
mod tracing;
