//! What the test suites of the peers check, restated as our own cases.
//!
//! A case carries its number (`c12_…`), is generic over the runtime, and is run
//! twice by [`cases!`]: on tokio with time that stands still while anything can run,
//! and in simulation under several schedules with every standard check on. A case
//! therefore never waits for the machine; what it waits for is a fact. Some cases run
//! on several threads as well ([`cases_on_threads!`]).

mod backoff;
mod boot;
mod cluster;
mod coordination;
mod coverage;
mod dynamic;
mod endings;
mod harness;
mod hooks;
mod intensity;
mod introspection;
mod membership;
mod membership_handle;
mod membership_on_tokio;
mod membership_splits;
mod membership_traffic;
mod messages;
mod nesting;
mod notices;
mod process;
mod registry;
mod requests;
mod restarts;
mod scale;
mod shutdown;
mod significance;
mod specs;
mod starts;
mod strategies;
mod task_streams;
mod task_waits;
mod tasks;
mod upgrades;

use harness::{Bench, cases, cases_on_threads};
