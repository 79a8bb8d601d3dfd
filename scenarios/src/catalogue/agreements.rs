//! Proposers on three nodes agree on one value a round.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::{Checker, Decisions, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::coordination::{Decider, NODES, Stage, all_can_be_learned, proposing};
use crate::settle::safety_ends;
use crate::weather;

/// How long the last calls of a run wait.
const LAST: Duration = Duration::from_secs(8);

/// Agreements, whoever decides.
#[derive(Clone, Copy)]
pub(crate) struct Agreements {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) decider: Decider,
}

impl Scenario for Agreements {
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
        let decider = self.decider;
        Box::pin(async move {
            let stage = Stage::new(node);
            let proposers = ["a", "b"].map(|name| {
                let coordinator = stage.coordinator.clone();
                ChildSpec::worker(name, move |context| {
                    proposing(context, name, coordinator.clone(), decider)
                })
            });
            stage.run(proposers.into()).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let decider = self.decider;
        Box::pin(async move {
            let learned = |coordinator| all_can_be_learned(coordinator, decider, LAST);
            Stage::settles(&world, learned).await
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Decisions::new()));
        checkers
    }
}
