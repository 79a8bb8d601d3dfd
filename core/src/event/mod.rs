//! The closed vocabulary of facts that core announces.
//!
//! Every fact is announced twice: to the runtime's
//! [`Observer`](crate::runtime::Observer) and through `tracing`. Checkers and
//! traces read only this; nothing looks into private state. The vocabulary is
//! closed on purpose: a new fact must break every place that should think about it.

mod barrier;
mod boot;
mod consensus;
mod coordination;
mod counter;
mod election;
mod fact;
mod failure;
mod lock;
mod membership;
mod process;
mod registry;
mod store;
mod supervision;

pub use barrier::BarrierEvent;
pub use boot::{BootEvent, HealthStatus};
pub use consensus::ConsensusEvent;
pub use coordination::{CoordinationEvent, SessionEvent};
pub use counter::CounterEvent;
pub use election::ElectionEvent;
pub use fact::Event;
pub use failure::FailureEvent;
pub use lock::LockEvent;
pub use membership::MembershipEvent;
pub use process::ProcessEvent;
pub use registry::RegistryEvent;
pub use store::{LogEntry, LogPosition, StoreEvent};
pub use supervision::SupervisionEvent;
