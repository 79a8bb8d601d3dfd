//! Nodes with a replicated store and a coordinator.

use std::time::Duration;

use steadfast::coordination::{Coordinator, CoordinatorOptions};
use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::store::{Limits, RaftOptions, RaftStore};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{SimRuntime, World};

use super::guarded::Guards;
use crate::handles::Handles;

/// How many nodes decide.
pub(crate) const NODES: u32 = 3;

/// How long one operation of the store may take.
const LIMIT: Duration = Duration::from_secs(1);

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
        Handles::offer(self.node.runtime(), self.coordinator);
        Ok(())
    }

    /// Asks the players to end, and tries something until it works at one node of the
    /// core.
    pub(crate) async fn settles<F>(
        world: &World,
        works: impl Fn(Coordinator<SimRuntime>) -> F + Send + Sync,
    ) -> Result<(), String>
    where
        F: Future<Output = bool> + Send,
    {
        world.board::<Guards>().close();
        Handles::works_somewhere(world, |_, coordinator| works(coordinator)).await;
        Ok(())
    }
}
