//! Barriers that are wrong in one way each.

use std::sync::Arc;

use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::{Assemblies, Checker, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::coordination::{Muster, NODES, Stage, mustering};
use crate::settle::safety_ends;
use crate::weather;

/// One of each of three nodes meets the others at a homemade barrier.
#[derive(Clone, Copy)]
struct FlawedBarrier {
    name: &'static str,
    story: &'static str,
    muster: Muster,
}

impl Scenario for FlawedBarrier {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, NODES);
        plan.episodes = weather::of_clocks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let muster = self.muster;
        Box::pin(async move {
            let stage = Stage::new(node);
            let coordinator = stage.coordinator.clone();
            let guest = ChildSpec::worker("guest", move |context| {
                mustering(context, coordinator.clone(), muster)
            });
            stage.run(vec![guest]).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move { Stage::settles(&world, |_| async { true }).await })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Assemblies::new()));
        checkers
    }
}

pub(super) fn specimens() -> Vec<Specimen> {
    let barrier = |name, story, muster, invariant| {
        let checker = "assemblies";
        let caught_by = CaughtBy::Invariant { checker, invariant };
        specimen(
            FlawedBarrier {
                name,
                story,
                muster,
            },
            caught_by,
        )
    };
    vec![
        barrier(
            "barrier_ghosts",
            "one who gave up at a barrier is still counted, and others pass without it",
            Muster::CountsGhosts,
            "nobody_passes_before_all_are_there",
        ),
        barrier(
            "reset_drops_waiters",
            "a barrier is reset, and those who wait at it are told nothing",
            Muster::ForgetsWhoWaits,
            "a_reset_answers_all_who_wait",
        ),
    ]
}
