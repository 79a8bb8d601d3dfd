//! A network of nodes that share one operating-system process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::ports::Ports;
use crate::runtime::{Message, NodeId, Port, SendError};

/// Joins nodes of one operating-system process. Cheap to clone; nodes built with
/// clones of one value reach each other.
///
/// A message is in the inbox of its receiver when `send` returns. A node that was
/// never built, was closed, or was dropped is unreachable.
#[derive(Clone, Default)]
pub struct LocalNetwork(Arc<Mutex<BTreeMap<NodeId, Weak<Ports>>>>);

impl LocalNetwork {
    /// A network without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node. `false`, without effect, if an open node of that name is there.
    pub(super) fn attach(&self, ports: &Arc<Ports>) -> bool {
        let mut nodes = self.lock();
        let known = nodes.get(&ports.node()).and_then(Weak::upgrade);
        if known.is_some_and(|known| !known.is_closed()) {
            return false;
        }
        nodes.insert(ports.node(), Arc::downgrade(ports));
        true
    }

    pub(super) fn send(
        &self,
        from: NodeId,
        to: NodeId,
        port: Port,
        payload: Vec<u8>,
    ) -> Result<(), SendError> {
        let peer = self.lock().get(&to).and_then(Weak::upgrade);
        match peer.filter(|peer| !peer.is_closed()) {
            Some(peer) => {
                peer.deliver(port, Message { from, payload });
                Ok(())
            }
            None => Err(SendError::Unreachable { peer: to }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Weak<Ports>>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LocalNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}
