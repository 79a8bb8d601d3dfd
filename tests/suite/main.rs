//! The tests of Steadfast as a whole; one binary, a module a subject.

mod conformance;
mod seeds;
mod snapshots;
mod tidy;
