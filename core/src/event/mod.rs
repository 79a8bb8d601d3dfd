//! The closed vocabulary of facts that core announces.
//!
//! Every fact is announced twice: to the runtime's
//! [`Observer`](crate::runtime::Observer) and through `tracing`. Checkers and
//! traces read only this; nothing looks into private state. The vocabulary is
//! closed on purpose: a new fact must break every place that should think about it.

mod boot;
mod fact;
mod failure;
mod membership;
mod process;
mod registry;
mod supervision;

pub use boot::{BootEvent, HealthStatus};
pub use fact::Event;
pub use failure::FailureEvent;
pub use membership::MembershipEvent;
pub use process::ProcessEvent;
pub use registry::RegistryEvent;
pub use supervision::SupervisionEvent;
