//! What the nodes of a run offer to its story.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadfast::runtime::{Identity as _, Incarnation, NodeId};
use steadfast_sim::{SimRuntime, World};

/// How often a condition is looked at, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// A handle of each node, as it was started last.
pub(crate) struct Handles<T>(Mutex<BTreeMap<NodeId, (Incarnation, T)>>);

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Send + 'static> Handles<T> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, (Incarnation, T)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the handle of a node known.
    pub(crate) fn offer(runtime: &SimRuntime, handle: T) {
        runtime
            .board::<Self>()
            .lock()
            .insert(runtime.node(), (runtime.incarnation(), handle));
    }

    /// Tries something at one node of the core after the other, until it works at one.
    ///
    /// A handle of an incarnation that is gone is not tried: it could wait for ever.
    ///
    /// One is enough. A leader outside of the core may be heard by one node of it and
    /// not by the others: these can neither reach nor replace it.
    pub(crate) async fn works_somewhere<F>(world: &World, works: impl Fn(NodeId, T) -> F + Send)
    where
        F: Future<Output = bool> + Send,
    {
        let handles = world.board::<Self>();
        loop {
            for node in world.core() {
                let handle = handles.lock().get(&node).cloned();
                if let Some((incarnation, handle)) = handle
                    && world.incarnation(node) == Some(incarnation)
                    && works(node, handle).await
                {
                    return;
                }
            }
            world.sleep(PACE).await;
        }
    }
}
