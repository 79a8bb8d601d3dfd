//! The same seed twice gives the same run, to the last message and write.

use std::sync::Arc;

use steadfast::process::Node;
use steadfast_sim::isolation::{Separation, relay};
use steadfast_sim::sweep::{Keep, Source, Watchdog, run_isolated};
use steadfast_sim::{BoxFuture, Outcome, Plan, Scenario, SimRuntime, World};

use crate::crashes::{play, weather};
use crate::stage::{WATCHDOG, boot};

/// Clients of three nodes, under crashes, cuts and losses.
struct Story;

impl Scenario for Story {
    fn name(&self) -> &'static str {
        "raft_replay"
    }

    fn story(&self) -> &'static str {
        "clients of three nodes, under crashes, cuts and losses"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, 3);
        plan.limits.safety = std::time::Duration::from_secs(60);
        plan.episodes = weather(seed);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move { boot(node).await.map_err(|error| error.to_string()) })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move { play(&world).await.map_err(|error| error.to_string()) })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn i21_the_same_seed_twice_gives_the_same_trace() {
    let digests = relay(|separation| {
        assert_eq!(separation, Separation::Process, "runs are kept apart");
        let run = |seed| {
            let watchdog = Watchdog::new(WATCHDOG);
            let planned = run_isolated(&Story, Source::Seed(seed), Keep::Report, watchdog);
            let report = planned.expect("a process can be had").run.report;
            assert_eq!(report.outcome, Outcome::Passed, "seed {seed}");
            format!("{:?}", report.known_digest().expect("something happened"))
        };
        [run(3), run(4), run(3)]
    });
    let [first, other, again] = digests.expect("a process can be had");
    assert_eq!(first, again);
    assert_ne!(first, other);
}
