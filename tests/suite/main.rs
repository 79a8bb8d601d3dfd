//! The tests of Steadfast as a whole; one binary, a module a subject.

mod conformance;
mod coordination_traces;
mod registry_traces;
mod seeds;
mod snapshots;
mod tidy;
