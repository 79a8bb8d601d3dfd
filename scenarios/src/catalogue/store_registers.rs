//! Clients of a store that is replicated over three nodes, under everything that does
//! not take a disk away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::store::{Limits, RaftOptions, RaftStore, Store};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::linearizability::{Linearizable, Register};
use steadfast_sim::check::{Checker, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::store::{HISTORY, Habit, Registers, client};
use crate::weather;

/// The voters.
const NODES: u32 = 3;

/// How long a client waits for the store.
const LIMIT: Duration = Duration::from_secs(1);

/// How often a condition is looked at, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// The store as each node was started last.
#[derive(Default)]
struct Stores(Mutex<BTreeMap<NodeId, Store>>);

impl Stores {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<NodeId, Store>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Registers of a replicated store.
pub(crate) struct StoreRegisters {
    name: &'static str,
    story: &'static str,
    habit: Habit,
}

impl StoreRegisters {
    /// With clients of this habit.
    pub(crate) const fn new(name: &'static str, story: &'static str, habit: Habit) -> Self {
        Self { name, story, habit }
    }
}

impl Scenario for StoreRegisters {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, NODES);
        plan.episodes = weather::of_replicas(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let habit = self.habit;
        Box::pin(async move {
            // A short history and a short log: snapshots are made and sent.
            let options = RaftOptions::new((1..=NODES).map(NodeId))
                .limits(Limits::default().history_len_max(150))
                .snapshot_after(60, 20);
            let (child, raft) = RaftStore::child_spec(node.runtime(), "store", options);
            let store = raft.store().within(LIMIT);
            let mut spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(100, Duration::from_secs(1))
                .child(child);
            for name in ["a", "b"] {
                let store = store.clone();
                spec = spec.child(ChildSpec::worker(name, move |context| {
                    let registers = Registers::new(store.clone(), habit);
                    client(context, name.to_owned(), registers)
                }));
            }
            let started = Supervisor::start(&node, "top", spec).await;
            started.map_err(|error| error.to_string())?;
            let stores = node.runtime().board::<Stores>();
            stores.with(|stores| stores.insert(node.runtime().node(), store));
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            world.sleep_until(world.plan().limits.safety).await;
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let stores = world.board::<Stores>();
            // One is enough. A leader outside of the core may be heard by one node of it
            // and not by the others: these can neither reach nor replace it.
            loop {
                for node in world.core() {
                    let Some(store) = stores.with(|stores| stores.get(&node).cloned()) else {
                        continue;
                    };
                    if store.put("settled", node.to_string()).await.is_ok()
                        && store.get("settled").await.is_ok()
                    {
                        return Ok(());
                    }
                }
                world.sleep(PACE).await;
            }
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Linearizable::new(HISTORY, Register)));
        checkers
    }
}
