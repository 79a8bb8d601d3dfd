//! Candidates on three nodes stand in one election, and watch it.

use std::sync::Arc;
use std::time::Duration;

use steadfast::coordination::{Coordinator, Election, SessionOptions};
use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::{Checker, Leaderships, Observers, standard};
use steadfast_sim::fault::Episode;
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::coordination::{ELECTION, Electors, NODES, Stage, candidate};
use crate::settle::safety_ends;

/// How long the last candidate of a run waits.
const LAST: Duration = Duration::from_secs(8);

/// An election, whoever holds it.
#[derive(Clone, Copy)]
pub(crate) struct Elections {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) weather: fn(&Plan) -> Vec<Episode>,
    pub(crate) electors: Electors,
}

/// Whether somebody can still be elected.
async fn can_be_won(coordinator: Coordinator<SimRuntime>) -> bool {
    let options = SessionOptions::ttl(LAST);
    let Ok(session) = coordinator.session(options).await else {
        return false;
    };
    let election = Election::new(&session, ELECTION);
    let elected = election.campaign("last", LAST).await.is_ok();
    // Unconfirmed: the run is over.
    drop(session.close().await);
    elected
}

impl Scenario for Elections {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, NODES);
        plan.episodes = (self.weather)(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let electors = self.electors;
        Box::pin(async move {
            let stage = Stage::new(node);
            let players = ["a", "b"].map(|name| {
                let coordinator = stage.coordinator.clone();
                ChildSpec::worker(name, move |context| {
                    candidate(context, name, coordinator.clone(), electors)
                })
            });
            stage.run(players.into()).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move { Stage::settles(&world, can_be_won).await })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Leaderships::new()));
        checkers.push(Box::new(Observers::new()));
        checkers
    }
}
