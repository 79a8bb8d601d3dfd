//! Coordination: every case on every engine of the store, in both worlds.
//!
//! A case is written once, against the recipes.

mod agreements;
mod barriers;
mod candidates;
mod counters;
mod double_barriers;
mod elections;
mod engines;
mod giving_up;
mod hall;
mod locks;
mod semaphores;
mod sessions;
mod sharing;
mod table;

use engines::coordination_cases;
