//! Where the workload finds the registries and the players of a run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use steadfast::process::{Address, ProcessId};
use steadfast::registry::Registry;
use steadfast::runtime::NodeId;
use steadfast_sim::SimRuntime;

use super::cue::Cue;

/// A player that is, or was, on stage.
type Entered = (ProcessId, Address<Cue>);

/// The registries and players of one run.
#[derive(Default)]
pub(crate) struct Desk {
    registries: Mutex<BTreeMap<NodeId, Registry<SimRuntime>>>,
    players: Mutex<BTreeMap<(NodeId, u64), Entered>>,
    watches: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Makes the registry of a node known.
    pub(crate) fn open(&self, node: NodeId, registry: Registry<SimRuntime>) {
        lock(&self.registries).insert(node, registry);
    }

    /// The registry of a node, or of its last incarnation.
    pub(crate) fn registry(&self, node: NodeId) -> Option<Registry<SimRuntime>> {
        lock(&self.registries).get(&node).cloned()
    }

    /// Makes a player known.
    pub(crate) fn enter(&self, player: u64, process: ProcessId, address: Address<Cue>) {
        lock(&self.players).insert((process.node, player), (process, address));
    }

    /// Gives a player its cue. One that is not on stage misses it, which is part of the
    /// story: answers whether it was heard.
    pub(crate) fn cue(&self, node: NodeId, player: u64, cue: Cue) -> bool {
        let address = lock(&self.players).get(&(node, player)).cloned();
        address.is_some_and(|(_, address)| address.try_send(cue).is_ok())
    }

    /// The process that last entered as a player.
    pub(crate) fn player(&self, node: NodeId, player: u64) -> Option<ProcessId> {
        let players = lock(&self.players);
        players.get(&(node, player)).map(|(process, _)| *process)
    }

    /// A number for a subscription that no other has.
    pub(crate) fn next_watch(&self) -> u64 {
        self.watches.fetch_add(1, Ordering::Relaxed)
    }
}
