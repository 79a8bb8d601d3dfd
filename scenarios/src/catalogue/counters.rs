//! Clients on three nodes add to counters, replace them and read them.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::linearizability::{Counter, Linearizable};
use steadfast_sim::check::{Checker, CounterBounds, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::coordination::{COUNTERS, CounterMaker, NODES, Stage, all_can_be_read, counting};
use crate::settle::safety_ends;
use crate::weather;

/// How long the last reads of a run wait.
const LAST: Duration = Duration::from_secs(8);

/// Counters, whoever makes them.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) maker: CounterMaker,
}

impl Scenario for Counters {
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
        let maker = self.maker;
        Box::pin(async move {
            let stage = Stage::new(node);
            let clients = ["a", "b"].map(|name| {
                let coordinator = stage.coordinator.clone();
                ChildSpec::worker(name, move |context| {
                    counting(context, name, coordinator.clone(), maker)
                })
            });
            stage.run(clients.into()).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let maker = self.maker;
        Box::pin(async move {
            let read = |coordinator| all_can_be_read(coordinator, maker, LAST);
            Stage::settles(&world, read).await
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(CounterBounds::new(COUNTERS)));
        if self.maker == CounterMaker::Recipe {
            checkers.push(Box::new(Linearizable::new(COUNTERS, Counter)));
        }
        checkers
    }
}
