//! A deterministic simulator for code that is written on the Steadfast runtime.
//!
//! A run is a function of a [`Plan`]: scenario, seed, topology, operations, fault
//! episodes and scheduler seed. The same plan gives the same trace, alone, in a
//! batch, with any number of jobs, and in another process.

#[cfg(not(madsim))]
compile_error!(
    "steadfast-sim runs on madsim: set `--cfg madsim`, for example with \
     `[build] rustflags = [\"--cfg\", \"madsim\"]` in .cargo/config.toml"
);

mod build;
mod capsule;
pub mod check;
pub mod etcd;
pub mod fault;
pub mod history;
pub mod isolation;
mod keyed;
mod outcome;
mod plan;
pub mod report;
mod run;
mod run_report;
mod runtime;
mod scenario;
pub mod sweep;
mod testing;
pub mod trace;
mod world;

pub use build::Build;
pub use capsule::{Capsule, CapsuleError, CapsuleFolder, CapsuleWriteError};
/// What [`assert_trace_snapshot!`] is made of; no part of the interface.
#[doc(hidden)]
pub use insta as __insta;
pub use keyed::Key;
pub use outcome::{Outcome, Violation};
pub use plan::{Limits, Operation, Plan, PlanError, Topology};
pub use run::run_plan;
pub use run_report::{EpisodeReport, Run, RunReport};
pub use runtime::SimRuntime;
pub use scenario::{BoxFuture, Scenario};
pub use testing::{SEED_VARIABLE, Test, TestError, test};
pub use world::World;
