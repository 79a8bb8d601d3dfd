//! Nodes with a replicated store and a coordinator.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use steadfast::coordination::{Coordinator, CoordinatorOptions};
use steadfast::process::Node;
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::store::{Limits, RaftOptions, RaftStore};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{SimRuntime, World};

use super::guarded::Guards;

/// How many nodes decide.
pub(crate) const NODES: u32 = 3;

/// How long one operation of the store may take.
const LIMIT: Duration = Duration::from_secs(1);

/// How often a condition is looked at, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// The coordinator of each node as it was started last.
#[derive(Default)]
struct Coordinators(Mutex<BTreeMap<NodeId, Coordinator<SimRuntime>>>);

/// What a node of these stories has.
pub(crate) struct Stage {
    node: Node<SimRuntime>,
    store: ChildSpec<SimRuntime>,
    pub(crate) coordinator: Coordinator<SimRuntime>,
}

impl Stage {
    /// The part of a node, before anything runs.
    pub(crate) fn new(node: Node<SimRuntime>) -> Self {
        // A short history and a short log: snapshots are made and sent.
        let options = RaftOptions::new((1..=NODES).map(NodeId))
            .limits(Limits::default().history_len_max(400))
            .snapshot_after(150, 50);
        let (store, raft) = RaftStore::child_spec(node.runtime(), "store", options);
        let handle = raft.store().within(LIMIT);
        let options = CoordinatorOptions::default();
        let coordinator = Coordinator::new(&node, "coordination", handle, options);
        Self {
            node,
            store,
            coordinator,
        }
    }

    /// Runs it with these players.
    pub(crate) async fn run(self, players: Vec<ChildSpec<SimRuntime>>) -> Result<(), String> {
        let mut spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(self.store)
            .child(self.coordinator.child_spec());
        for player in players {
            spec = spec.child(player);
        }
        let started = Supervisor::start(&self.node, "top", spec).await;
        started.map_err(|error| error.to_string())?;
        let runtime = self.node.runtime();
        let coordinators = runtime.board::<Coordinators>();
        let mut coordinators = coordinators
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        coordinators.insert(runtime.node(), self.coordinator);
        Ok(())
    }

    /// Asks the players to end, and tries something at one node of the core after the other, until it works at one.
    ///
    /// One is enough. A leader outside of the core may be heard by one node of it and
    /// not by the others: these can neither reach nor replace it.
    pub(crate) async fn works_somewhere<F>(
        world: &World,
        mut works: impl FnMut(Coordinator<SimRuntime>) -> F + Send,
    ) where
        F: Future<Output = bool> + Send,
    {
        world.board::<Guards>().close();
        let coordinators = world.board::<Coordinators>();
        loop {
            for node in world.core() {
                let coordinator = coordinators
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&node)
                    .cloned();
                if let Some(coordinator) = coordinator
                    && works(coordinator).await
                {
                    return;
                }
            }
            world.sleep(PACE).await;
        }
    }
}
