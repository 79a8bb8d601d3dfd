//! A run as its workload sees it, from outside the nodes.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use steadfast::Label;
use steadfast::process::Node;
use steadfast::runtime::{Incarnation, NodeId};

use crate::plan::Plan;
use crate::runtime::{Shared, SimRuntime, WorldSleep};
use crate::trace::{RunEvent, TraceEvent};

/// A simulated world. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Shared>);

impl World {
    /// How often [`until`](Self::until) looks, in simulated time.
    pub const POLL_INTERVAL: Duration = Duration::from_millis(1);

    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.0)
    }

    /// The run's value of type `T`, shared by the workload and the code on all nodes;
    /// see [`SimRuntime::board`].
    #[must_use]
    pub fn board<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.0.board.get()
    }

    /// The plan of the run.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.0.plan
    }

    /// Simulated time since the start of the run. No node can see it.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.0.now())
    }

    /// Waits, in simulated time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the timer.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        self.sleep_until(self.time().saturating_add(duration))
    }

    /// Waits for a simulated time, measured from the start of the run; at once if it
    /// has passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the timer.
    pub fn sleep_until(&self, time: Duration) -> impl Future<Output = ()> + Send + use<> {
        let deadline = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        WorldSleep::new(self.0.clone(), deadline)
    }

    /// Waits until `condition` holds, for at most `limit` of simulated time; answers
    /// whether it does. It is asked at once, then every
    /// [`POLL_INTERVAL`](Self::POLL_INTERVAL), and once more at the limit.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
        let deadline = self.time().saturating_add(limit);
        loop {
            if condition() {
                return true;
            }
            let now = self.time();
            if now >= deadline {
                return false;
            }
            let next = now.saturating_add(Self::POLL_INTERVAL);
            self.sleep_until(next.min(deadline)).await;
        }
    }

    /// The processes of a node's present incarnation, if it is up. They may be gone by
    /// the time they are used: a node can crash at any instant, and what is then done
    /// to its incarnation has no effect.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<Node<SimRuntime>> {
        self.0.lock().find(node)?.processes.clone()
    }

    /// The last incarnation of a node that was started; `None` before its first start
    /// and for a node that does not exist.
    #[must_use]
    pub fn incarnation(&self, node: NodeId) -> Option<Incarnation> {
        let last = self.0.lock().find(node)?.incarnation;
        (last > 0).then_some(Incarnation(last))
    }

    /// Whether the node is running; it may stand still all the same.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        let state = self.0.lock();
        state.find(node).is_some_and(|node| node.life.is_some())
    }

    /// The nodes that were healed for the liveness phase, ascending; empty before it.
    #[must_use]
    pub fn core(&self) -> Vec<NodeId> {
        self.0.lock().injector.core()
    }

    /// Writes a line into the trace. Scenarios' own checkers read it, and faults can
    /// wait for it.
    pub fn note(&self, text: impl Into<Label>) {
        let text = text.into();
        let now = self.0.now();
        let event = TraceEvent::Run(RunEvent::Note { text });
        self.0.lock().record(now, None, event);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("scenario", &self.0.plan.scenario)
            .field("seed", &self.0.plan.seed)
            .field("time", &self.time())
            .finish()
    }
}
