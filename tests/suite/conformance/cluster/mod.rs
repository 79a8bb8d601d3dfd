//! The registry that several nodes share: cases on simulated clusters, with a real
//! membership below and, where the case says so, real faults between the nodes. Those
//! that need no fault are held on tokio as well.

mod conflicts;
mod consistent;
mod elsewhere;
mod members;
mod on_tokio;
mod town;
mod wires;
