//! Traces as text for people: one line an event, in logical names.
//!
//! The text is canonical (equal traces give equal texts), carries no colour, and is
//! fit for snapshots. [`Options::STORY`] leaves out raw tasks, messages and files.

mod coordination;
#[cfg(test)]
mod coordination_samples;
mod core;
mod fault;
mod membership;
mod names;
mod options;
mod registry;
#[cfg(test)]
mod registry_samples;
mod renderer;
#[cfg(test)]
mod samples;
mod store;
#[cfg(test)]
mod store_samples;
mod supervision;
#[cfg(test)]
mod tests;
mod world;

pub(crate) use fault::{place as fault_place, strength as fault_strength};
pub use options::{Domain, Domains, Options};
pub use renderer::{Renderer, domain, render};
