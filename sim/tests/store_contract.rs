//! The local store keeps the promises of engines in simulation.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::store::contract::{Harness, cases};
use steadfast::store::{Limits, LocalOptions, LocalStore, Store};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::{SimRuntime, test};

/// A node with a supervised store.
struct LocalHarness {
    node: Node<SimRuntime>,
    supervisor: SupervisorRef<SimRuntime>,
    store: Store,
}

impl LocalHarness {
    async fn start(node: Node<SimRuntime>) -> Self {
        let limits = Limits::default().history_len_max(150);
        let options = LocalOptions::default().limits(limits);
        let (child, store) = LocalStore::child_spec(node.runtime(), "store", options);
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(child);
        let supervisor = Supervisor::start(&node, "stores", spec).await;
        Self {
            supervisor: supervisor.expect("the store starts"),
            node,
            store,
        }
    }
}

impl Harness for LocalHarness {
    type Clock = SimRuntime;

    async fn store(&self) -> Store {
        self.store.clone()
    }

    fn clock(&self) -> SimRuntime {
        self.node.runtime().clone()
    }

    async fn depose(&self) {
        let child = self.supervisor.which_child("store").await;
        let process = child.expect("the supervisor runs").process;
        let process = process.expect("the store runs");
        self.node.kill(process);
        drop(self.node.exited(process).await);
    }

    fn ttl(&self) -> Duration {
        Duration::from_millis(200)
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(10)
    }
}

/// How many schedules each case meets.
const SCHEDULES: u64 = 5;

#[test]
fn the_local_store_keeps_the_promises_in_simulation() {
    let count = cases::<LocalHarness>().len() as u64;
    test("store_contract")
        .nodes(1)
        .seeds(0..count * SCHEDULES)
        .plan(|plan| plan.limits.safety = Duration::from_secs(120))
        .run(|world| async move {
            let cases = cases::<LocalHarness>();
            let case = &cases[(world.plan().seed % cases.len() as u64) as usize];
            let node = world.node(NodeId(1)).ok_or("n1 is down")?;
            let verdict = case.run(Arc::new(LocalHarness::start(node).await)).await;
            verdict
                .map_err(|broken| format!("{}: {} But: {broken}", case.id(), case.claim()).into())
        });
}
