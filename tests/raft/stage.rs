//! Three nodes with a supervised part of the store each, in either world.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::{NodeId, Runtime};
use steadfast::store::contract::Harness;
use steadfast::store::{Limits, RaftOptions, RaftStatus, RaftStore, Revision, Store};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::{SimRuntime, TestError, World};

/// How long a seed may take on a machine that is busy with others.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(300);

pub(crate) const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

/// How long to wait before another look.
const PACE: Duration = Duration::from_millis(5);

/// One node's part of the store, in its present incarnation.
pub(crate) struct Part<R: Runtime> {
    pub(crate) node: Node<R>,
    pub(crate) supervisor: SupervisorRef<R>,
    pub(crate) raft: RaftStore<R>,
}

impl<R: Runtime> Clone for Part<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            supervisor: self.supervisor.clone(),
            raft: self.raft.clone(),
        }
    }
}

impl<R: Runtime> Part<R> {
    /// Its node.
    pub(crate) fn node(&self) -> NodeId {
        self.node.runtime().node()
    }

    /// Starts a supervised part of the store.
    pub(crate) async fn start(node: Node<R>, options: RaftOptions) -> Result<Self, TestError> {
        let (child, raft) = RaftStore::child_spec(node.runtime(), "store", options);
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(child);
        let supervisor = Supervisor::start(&node, "stores", spec).await?;
        Ok(Self {
            node,
            supervisor,
            raft,
        })
    }
}

/// The parts of all nodes, as they were started last.
pub(crate) struct Parts<R: Runtime>(Mutex<BTreeMap<NodeId, Part<R>>>);

pub(crate) type SimParts = Parts<SimRuntime>;

impl<R: Runtime> Default for Parts<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R: Runtime> Parts<R> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Part<R>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, part: Part<R>) {
        self.lock().insert(part.node.runtime().node(), part);
    }

    pub(crate) fn of(&self, node: NodeId) -> Option<Part<R>> {
        self.lock().get(&node).cloned()
    }

    /// What the nodes know, of those that run.
    pub(crate) fn statuses(&self) -> Vec<(NodeId, RaftStatus)> {
        let parts: Vec<_> = self.lock().values().cloned().collect();
        let known = parts.iter().filter_map(|part| {
            let node = part.node.runtime().node();
            Some((node, part.raft.status()?))
        });
        known.collect()
    }

    /// The latest leader that any node knows of.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        // A node that votes in a later term does not know yet who will lead in it.
        let led = self.statuses().into_iter();
        let led = led.filter_map(|(_, status)| Some((status.term, status.leader?)));
        led.max().map(|(_, leader)| leader)
    }
}

/// A short history and a short log, so that snapshots are made and sent.
pub(crate) fn options() -> RaftOptions {
    RaftOptions::new(NODES)
        .limits(Limits::default().history_len_max(150))
        .snapshot_after(60, 20)
}

/// What every simulated node does at each start.
pub(crate) async fn boot(node: Node<SimRuntime>) -> Result<(), TestError> {
    let parts = node.runtime().board::<SimParts>();
    let part = Part::start(node, options()).await?;
    parts.add(part);
    Ok(())
}

/// The store as those who use it see it.
pub(crate) struct Town<R: Runtime> {
    pub(crate) parts: Arc<Parts<R>>,
    clock: R,
    ttl: Duration,
    asked: AtomicUsize,
}

pub(crate) type SimTown = Town<SimRuntime>;

impl<R: Runtime> Town<R> {
    pub(crate) fn new(parts: Arc<Parts<R>>, clock: R, ttl: Duration) -> Self {
        Self {
            parts,
            clock,
            ttl,
            asked: AtomicUsize::new(0),
        }
    }
}

impl Town<SimRuntime> {
    /// The store of a simulated world, once its first node has booted.
    pub(crate) async fn of(world: &World) -> Self {
        let parts = world.board::<SimParts>();
        let clock = loop {
            if let Some(part) = parts.of(NODES[0]) {
                break part.node.runtime().clone();
            }
            world.sleep(Duration::from_millis(1)).await;
        };
        Self::new(parts, clock, Duration::from_secs(2))
    }
}

impl<R: Runtime> Harness for Town<R> {
    type Clock = R;

    async fn store(&self) -> Store {
        let node = NODES[self.asked.fetch_add(1, Ordering::Relaxed) % NODES.len()];
        loop {
            if let Some(part) = self.parts.of(node) {
                let store = part.raft.store();
                if store.get("any").await.is_ok() {
                    return store;
                }
            }
            self.clock.sleep(PACE).await;
        }
    }

    fn clock(&self) -> R {
        self.clock.clone()
    }

    async fn depose(&self) {
        loop {
            if let Some(part) = self.parts.leader().and_then(|leader| self.parts.of(leader)) {
                let child = part.supervisor.which_child("store").await;
                if let Some(process) = child.ok().and_then(|child| child.process) {
                    part.node.kill(process);
                    drop(part.node.exited(process).await);
                    return;
                }
            }
            self.clock.sleep(PACE).await;
        }
    }

    fn ttl(&self) -> Duration {
        self.ttl
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(500)
    }
}

/// The part of whoever leads, once somebody does.
pub(crate) async fn leader(world: &World) -> Result<Part<SimRuntime>, TestError> {
    let parts = world.board::<SimParts>();
    let led = || {
        let leader = parts.leader()?;
        let part = parts.of(leader)?;
        let knows = part.raft.status()?.leader == Some(leader);
        knows.then_some(part)
    };
    let limit = Duration::from_secs(5);
    if world.until(limit, || led().is_some()).await
        && let Some(part) = led()
    {
        return Ok(part);
    }
    Err("nobody leads".into())
}

/// Puts a key at one node.
pub(crate) async fn put(world: &World, node: NodeId, key: &str) -> Result<Revision, TestError> {
    let part = world.board::<SimParts>().of(node).ok_or("it is down")?;
    Ok(part.raft.store().put(key, "1").await?)
}
