//! Where the workload finds the registries and the players of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use steadfast::Label;
use steadfast::process::{Address, ProcessId};
use steadfast::registry::{BackendSpec, Registry};
use steadfast::runtime::{Incarnation, NodeId};
use steadfast_sim::SimRuntime;

use super::cue::Cue;
use super::setup::Switches;

/// A player that is, or was, on stage.
type Entered = (ProcessId, Address<Cue>);

/// The registries and players of one run.
#[derive(Default)]
pub(crate) struct Desk {
    registries: Mutex<BTreeMap<NodeId, Registry<SimRuntime>>>,
    players: Mutex<BTreeMap<(NodeId, u64), Entered>>,
    watches: AtomicU64,
    switches: Mutex<BTreeMap<NodeId, Switches>>,
    /// Whose backend says that it is ill.
    ill: Mutex<BTreeSet<NodeId>>,
    /// Who is where only one may be.
    rooms: Mutex<BTreeSet<Room>>,
}

/// Where only one may be: what a lock of one incarnation of a node guards.
type Room = (NodeId, Incarnation, Label);

/// Somebody who is where only one may be, until it is dropped.
pub(super) struct Inside {
    desk: Arc<Desk>,
    room: Room,
}

impl Drop for Inside {
    fn drop(&mut self) {
        lock(&self.desk.rooms).remove(&self.room);
    }
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

    /// Makes known what the registry of a node can switch to.
    pub(super) fn offer(&self, node: NodeId, switches: Switches) {
        lock(&self.switches).insert(node, switches);
    }

    /// The backend that a value stands for, where there are others than local ones.
    pub(super) fn offered(&self, node: NodeId, value: u64) -> Option<BackendSpec<SimRuntime>> {
        let switches = lock(&self.switches).get(&node).cloned();
        switches.map(|switches| switches(value))
    }

    /// The backend of a node falls ill, or is well again.
    pub(super) fn falls_ill(&self, node: NodeId, ill: bool) {
        let mut all = lock(&self.ill);
        if ill {
            all.insert(node);
        } else {
            all.remove(&node);
        }
    }

    /// Whether the backend of a node is ill.
    pub(super) fn is_ill(&self, node: NodeId) -> bool {
        lock(&self.ill).contains(&node)
    }

    /// Goes where only one may be; `None` if somebody is there.
    pub(super) fn enter_room(self: &Arc<Self>, who: ProcessId, name: &Label) -> Option<Inside> {
        let room = (who.node, who.incarnation, name.clone());
        let desk = self.clone();
        let alone = lock(&self.rooms).insert(room.clone());
        alone.then_some(Inside { desk, room })
    }

    /// A number for a subscription that no other has.
    pub(crate) fn next_watch(&self) -> u64 {
        self.watches.fetch_add(1, Ordering::Relaxed)
    }
}
