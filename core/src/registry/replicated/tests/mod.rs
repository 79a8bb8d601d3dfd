//! Replicas driven by hand, without a runtime: every message, every tick and every word
//! of the membership is the test's.

mod conflicts;
mod model;
mod network;
mod requests;
mod stories;
mod syncing;
