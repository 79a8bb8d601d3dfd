//! A fact, whatever it is about.

use serde::{Deserialize, Serialize};

use super::boot::BootEvent;
use super::coordination::CoordinationEvent;
use super::failure::FailureEvent;
use super::membership::MembershipEvent;
use super::process::ProcessEvent;
use super::registry::RegistryEvent;
use super::store::StoreEvent;
use super::supervision::SupervisionEvent;

/// A fact, by domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// About one process.
    Process(ProcessEvent),
    /// About a supervisor and its children.
    Supervision(SupervisionEvent),
    /// About the boot of a node's services.
    Boot(BootEvent),
    /// About who is in the cluster, as one node sees it.
    Membership(MembershipEvent),
    /// About a registry, as the announcing node sees it.
    Registry(RegistryEvent),
    /// About sessions, locks, elections and what else is done under sessions.
    Coordination(CoordinationEvent),
    /// About the log of a replicated store, as the announcing node has it.
    Store(StoreEvent),
    /// About a failure and how it was settled.
    Failure(FailureEvent),
}
