//! Backends that keep the registrations of one node in its memory: `memory` (one
//! table) and `partitioned` (many, each with a writer lock of its own).
//!
//! The table is pure: it knows neither locks nor processes, and every change of it
//! changes all that is stored twice in one step. Readers reach the map inside it
//! without its lock. Who may change what is said in the rules, and the backend puts
//! locks around both.

mod audit;
mod backend;
mod change;
mod hash;
mod holdings;
mod image;
mod index;
mod key_map;
mod members;
mod names;
mod options;
mod partition;
mod read;
mod row;
mod rules;
mod scope;
mod search;
mod size;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod transfer;
mod update;

pub(crate) use hash::KeyHash;
pub(crate) use key_map::KeyMap;
pub(crate) use names::{Names, Seen};
pub use options::LocalOptions;
pub(crate) use row::NewRow;
pub(crate) use rules::{is_a_group, keys, may_change, unknown_scope};
pub use store::Local;
pub(crate) use table::Table;
pub(crate) use update::revised;
