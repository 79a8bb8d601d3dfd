//! The registry that several nodes share: cases on simulated clusters, with a real
//! membership below and, where the case says so, real faults between the nodes.

mod conflicts;
mod elsewhere;
mod members;
mod town;
mod wires;
