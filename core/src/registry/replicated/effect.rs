//! What a replica wants to be done.

use super::wire::Body;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::registry::change::Change;
use crate::registry::entry::Entry;
use crate::registry::key::Keys;
use crate::runtime::NodeId;

/// What a replica wants to be done, in this order.
#[derive(Debug)]
pub(super) enum Effect {
    /// Readers see a scope from here on.
    OpenScope(Label, Keys),
    /// Readers see it no longer; its entries went before.
    CloseScope(Label),
    /// Readers see this change, and those who watch are told.
    Change(Change),
    /// Readers see this entry instead of the one with its key and revision; nobody is
    /// told, since only what local callers get is new. What they got before is dropped
    /// with the effect.
    Refresh {
        /// As it is now.
        entry: Entry,
        /// As it was.
        before: Entry,
    },
    /// A fact is announced.
    Fact(RegistryEvent),
    /// Something that an operator should know of.
    Warn(Label),
    /// A process of this node is asked to exit, without the lock of the backend.
    Exit(ProcessId, ExitReason),
    /// A message goes out.
    Send(NodeId, Body),
    /// One message goes out to several nodes.
    SendAll(Vec<NodeId>, Body),
}
