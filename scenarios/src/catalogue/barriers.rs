//! Participants on three nodes meet at barriers.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::{Assemblies, Checker, Gates, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::coordination::{NODES, Stage, gathering, one_can_meet};
use crate::settle::safety_ends;
use crate::weather;

/// How long the last calls of a run wait.
const LAST: Duration = Duration::from_secs(8);

/// Two of each node meet the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Barriers;

impl Scenario for Barriers {
    fn name(&self) -> &'static str {
        "barriers"
    }

    fn story(&self) -> &'static str {
        "participants on three nodes meet at barriers, generation after generation"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, NODES);
        plan.episodes = weather::of_punctual_replicas(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let stage = Stage::new(node);
            let guests = ["a", "b"].map(|name| {
                let coordinator = stage.coordinator.clone();
                ChildSpec::worker(name, move |context| {
                    gathering(context, name, coordinator.clone())
                })
            });
            stage.run(guests.into()).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            Stage::settles(&world, |coordinator| one_can_meet(coordinator, LAST)).await
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Gates::new()));
        checkers.push(Box::new(Assemblies::new()));
        checkers
    }
}
