//! Supervision with the exact semantics of Erlang/OTP.
//!
//! A [`Supervisor`] starts its children in order, restarts them by their
//! [`Restart`] policy and its [`Strategy`], counts restarts in a sliding window, and
//! stops them in reverse order. A [`DynamicSupervisor`] has any number of children
//! that know nothing of each other. What OTP does not have is off unless asked for:
//! [`Backoff`], a [`RestartLimit`] of one child, [peers](ChildSpec::peers), and
//! [`SupervisorSpec::stop_when_all_ended`].
//!
//! Every fact is announced as a [`SupervisionEvent`](crate::event::SupervisionEvent).
//!
//! ```
//! use std::time::Duration;
//! use steadfast::process::{Context, Node};
//! use steadfast::runtime::{Clock, Runtime};
//! use steadfast::supervision::{ChildSpec, StartError, Strategy, Supervisor, SupervisorRef, SupervisorSpec};
//!
//! async fn poll_sensor<R: Runtime>(context: Context<R>) {
//!     loop {
//!         context.runtime().sleep(Duration::from_millis(10)).await;
//!     }
//! }
//!
//! async fn start<R: Runtime>(node: &Node<R>) -> Result<SupervisorRef<R>, StartError> {
//!     let spec = SupervisorSpec::new(Strategy::OneForOne)
//!         .intensity(3, Duration::from_secs(5))
//!         .child(ChildSpec::worker("sensor", poll_sensor));
//!     Supervisor::start(node, "app", spec).await
//! }
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `policy.rs`, `child_spec.rs`, `supervisor_spec.rs`, `dynamic_spec.rs`, `validation.rs` | what is asked for, and whether it makes sense |
//! | `intensity.rs`, `backoff.rs`, `budget.rs` | whether and when a child is restarted |
//! | `decision.rs` | the rules of OTP as plain functions |
//! | `table.rs`, `crew.rs` | the children, and what can be done to one of them |
//! | `group.rs`, `restart.rs`, `group_call.rs`, `operation.rs` | a static supervisor, without any waiting |
//! | `pool.rs` | a dynamic supervisor, without any waiting |
//! | `machine.rs`, `driver.rs`, `acknowledgement.rs` | facts in, effects out, and who carries them |
//! | `request.rs`, `handle.rs`, `dynamic_handle.rs`, `stop.rs`, `child_info.rs`, `tree.rs` | the callers' side |
//! | `supervisor.rs`, `dynamic_supervisor.rs` | starting one |
//!
//! # Failures
//!
//! An abnormal end of a child is a failure that is delivered to its supervisor. It
//! is reported as a warning if the child is restarted and as an error if it is
//! given up or ended badly while stopping; it is given back to the caller if it
//! failed a start that someone asked for, and escalated if the supervisor could not
//! start because of it. An end that was asked for is no failure.
//!
//! # Where OTP leaves the choice, or does otherwise
//!
//! - A request to exit from anyone ends a supervisor, not only its parent's, and
//!   interrupts whatever it is doing.
//! - Calls that only read are answered in the midst of a restart, and a child that
//!   hangs in its start can be stopped then.
//! - Stopping a child that is being restarted does not leave the siblings stopped
//!   that wait for its restart.
//! - A permanent child that ends normally while it is being stopped is not reported.
//! - Children of a dynamic supervisor start and stop side by side.

mod acknowledgement;
mod backoff;
mod budget;
mod child_info;
mod child_spec;
mod crew;
mod decision;
mod driver;
mod dynamic_handle;
mod dynamic_spec;
mod dynamic_supervisor;
mod error;
mod group;
mod group_call;
mod handle;
mod intensity;
mod listener;
mod machine;
mod operation;
mod policy;
mod pool;
mod request;
mod restart;
mod stop;
mod supervisor;
mod supervisor_spec;
mod table;
pub mod tasks;
#[cfg(test)]
mod tests;
mod tree;
mod validation;

pub use backoff::Backoff;
pub use child_info::{ChildCount, ChildInfo, ChildStatus, StartedChild};
pub use child_spec::{ChildKind, ChildSpec};
pub use dynamic_handle::DynamicSupervisorRef;
pub use dynamic_spec::{DynamicSupervisorFlags, DynamicSupervisorSpec};
pub use dynamic_supervisor::DynamicSupervisor;
pub use error::{
    CallError, ChildFailed, DeleteChildError, ReconfigureError, RestartChildError,
    RestartGroupError, SpecError, StartChildError, StartError, StopError, TerminateChildError,
    WhichChildError,
};
pub use handle::SupervisorRef;
pub use intensity::RestartLimit;
pub(crate) use listener::Listener;
pub use policy::{AutoShutdown, Restart, ShutdownPolicy, Strategy};
pub use supervisor::Supervisor;
pub use supervisor_spec::{SupervisorFlags, SupervisorInit, SupervisorSpec};
pub use tree::Tree;
