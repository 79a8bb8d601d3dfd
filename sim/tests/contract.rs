//! The simulator keeps the promises of the runtime.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast::runtime::contract::{Harness, NODES, cases};
use steadfast_sim::fault::{Episode, Fault, Start, Target, Trigger};
use steadfast_sim::{SimRuntime, World, test};

/// How often a case may crash one node.
const CRASHES_MAX: u32 = 8;

/// How long a crashed node is down.
const DOWN: Duration = Duration::from_millis(20);

struct SimHarness(World);

fn note(node: NodeId) -> String {
    format!("crash {node}")
}

/// The crashes that a case may ask for.
fn crashes() -> impl Iterator<Item = Episode> {
    let every = NODES
        .into_iter()
        .flat_map(|node| (1..=CRASHES_MAX).map(move |count| (node, count)));
    every.map(|(node, count)| Episode {
        fault: Fault::Crash { wipe_disk: false },
        target: Target::Node(node),
        start: Start::On {
            event: Trigger::Note(note(node).into()),
            count,
        },
        duration: Some(DOWN),
    })
}

/// Everything that the promises allow a runtime to do.
fn liberties() -> impl Iterator<Item = Episode> {
    let faults = [
        Fault::Drop { probability: 0.2 },
        Fault::Duplicate { probability: 0.2 },
        Fault::Reorder {
            probability: 0.2,
            window: DOWN,
        },
        Fault::TornTail,
    ];
    faults.into_iter().map(|fault| Episode {
        fault,
        target: Target::All,
        start: Start::At(Duration::ZERO),
        duration: None,
    })
}

impl Harness for SimHarness {
    type Runtime = SimRuntime;

    async fn runtime(&self, node: NodeId) -> SimRuntime {
        loop {
            if let Some(node) = self.0.node(node) {
                return node.runtime().clone();
            }
            self.0.sleep(Duration::from_millis(1)).await;
        }
    }

    async fn crash_and_restart(&self, node: NodeId) -> SimRuntime {
        let before = self.0.incarnation(node);
        self.0.note(note(node));
        while self.0.incarnation(node) == before {
            self.0.sleep(Duration::from_millis(1)).await;
        }
        self.runtime(node).await
    }

    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.0.sleep(duration)
    }
}

/// How many schedules each case meets.
const SCHEDULES: u64 = 10;

/// Runs every case in many schedules, each on nodes of its own: the seed names it.
fn check(name: &'static str, episodes: fn() -> Vec<Episode>) {
    let count = cases::<SimHarness>().len() as u64;
    test(name)
        .seeds(0..count * SCHEDULES)
        .faults(move |_| episodes())
        .plan(|plan| plan.limits.safety = Duration::from_secs(120))
        .run(|world| async move {
            let cases = cases::<SimHarness>();
            let case = &cases[(world.plan().seed % cases.len() as u64) as usize];
            let verdict = case.run(Arc::new(SimHarness(world))).await;
            verdict
                .map_err(|broken| format!("{}: {} But: {broken}", case.id(), case.claim()).into())
        });
}

#[test]
fn the_promises_are_kept_in_simulation() {
    check("contract", || crashes().collect());
}

#[test]
fn the_promises_promise_no_more_than_a_lossy_network_and_a_torn_disk_can_keep() {
    check("lossy_contract", || crashes().chain(liberties()).collect());
}
