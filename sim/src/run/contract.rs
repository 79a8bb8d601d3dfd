//! The simulated runtime keeps the promises of the capabilities.

use std::sync::Arc;
use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast::runtime::contract::{Harness, NODES, cases};

use super::script::Script;
use crate::fault::{Episode, Fault, Start, Target, Trigger};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::runtime::SimRuntime;
use crate::trace::{RunEvent, TraceEvent};
use crate::world::World;

/// How often a case may crash one node.
const CRASHES_MAX: u32 = 8;

/// How long a crashed node is down.
const DOWN: Duration = Duration::from_millis(2);

struct SimHarness(World);

impl SimHarness {
    fn present(&self, node: NodeId) -> SimRuntime {
        let processes = self.0.node(node).expect("every node is up");
        processes.runtime().clone()
    }
}

impl Harness for SimHarness {
    type Runtime = SimRuntime;

    async fn runtime(&self, node: NodeId) -> SimRuntime {
        self.present(node)
    }

    async fn crash_and_restart(&self, node: NodeId) -> SimRuntime {
        let last = self.0.incarnation(node);
        self.0.note(format!("crash {node}"));
        self.0.sleep(DOWN / 2).await;
        assert!(!self.0.is_up(node), "a node that crashes is down");
        self.0.sleep(DOWN).await;
        assert!(self.0.incarnation(node) > last);
        self.present(node)
    }

    async fn pass(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

/// Every node can be crashed by a note.
fn plan() -> Plan {
    let mut plan = Plan::new("contract", 11, 3);
    plan.limits.safety = Duration::from_secs(90);
    for node in NODES {
        plan.episodes.extend((1..=CRASHES_MAX).map(|count| Episode {
            fault: Fault::Crash { wipe_disk: false },
            target: Target::Node(node),
            start: Start::On {
                event: Trigger::Note(format!("crash {node}").into()),
                count,
            },
            duration: Some(DOWN),
        }));
    }
    plan
}

#[test]
fn the_simulated_runtime_keeps_every_promise_of_the_contract() {
    let mut broken = Vec::new();
    let count = cases::<SimHarness>().len();
    for index in 0..count {
        let script = Script::new().drive(move |world| async move {
            let case = cases::<SimHarness>().remove(index);
            let harness = Arc::new(SimHarness(world.clone()));
            let verdict = case.run(harness).await;
            verdict.map_err(|error| format!("{}: {error}", case.id()))?;
            world.note("kept");
            Ok(())
        });
        let run = script.run(&plan());
        let kept = run.trace.iter().any(|record| {
            matches!(&record.event, TraceEvent::Run(
                RunEvent::Note { text }) if *text == "kept")
        });
        if run.report.outcome != Outcome::Passed || !kept {
            broken.push(format!("{:?}", run.report.outcome));
        }
    }
    assert!(count >= 25, "only {count} promises");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
