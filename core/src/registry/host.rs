//! What a node gives to the backends of its registries.

use std::sync::Arc;

use super::backend::Host;
use super::change::Change;
use super::watch::Hub;
use crate::event::{Event, RegistryEvent};
use crate::label::Label;
use crate::process::{ExitReason, Node, ProcessId};
use crate::runtime::{Incarnation, NodeId, Runtime};

/// The host of the backends of one registry.
pub(super) struct NodeHost<R: Runtime> {
    registry: Label,
    node: Node<R>,
    /// Stays the same whatever the backend is, and so do those who watch.
    hub: Arc<Hub>,
}

impl<R: Runtime> NodeHost<R> {
    pub(super) const fn new(registry: Label, node: Node<R>, hub: Arc<Hub>) -> Self {
        Self {
            registry,
            node,
            hub,
        }
    }
}

impl<R: Runtime> Host for NodeHost<R> {
    fn registry(&self) -> &Label {
        &self.registry
    }

    fn node(&self) -> NodeId {
        self.node.runtime().node()
    }

    fn incarnation(&self) -> Incarnation {
        self.node.runtime().incarnation()
    }

    fn admits(&self, process: ProcessId) -> bool {
        self.node.is_well(process)
    }

    fn lives(&self, process: ProcessId) -> bool {
        self.node.is_alive(process)
    }

    fn changed(&self, changes: &[Change]) {
        for change in changes {
            self.announce(change.fact(&self.registry));
        }
        self.hub.changed(changes);
    }

    fn announce(&self, event: RegistryEvent) {
        self.node.announce(&Event::Registry(event));
    }

    fn exit(&self, process: ProcessId, reason: &ExitReason) {
        self.node.exit(process, reason);
    }
}
