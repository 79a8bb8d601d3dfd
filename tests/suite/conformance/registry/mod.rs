//! The registry: every case on every backend that claims it, in both worlds.
//!
//! A case is written once, against the facade.

mod backends;
mod desk;
mod groups;
mod holding;
mod messages;
mod queries;
mod scopes;
mod table;
mod updates;
mod watching;

use backends::registry_cases;
