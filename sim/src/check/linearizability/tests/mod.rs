//! Claims about linearizability.

mod bounds;
mod large;
mod models;
mod reference;
mod runs;
mod small;
mod staging;
mod witness;
