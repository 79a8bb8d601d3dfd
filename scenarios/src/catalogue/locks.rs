//! Players on three nodes take locks of all kinds from each other.

use std::sync::Arc;
use std::time::Duration;

use steadfast::coordination::{Coordinator, Session, SessionOptions};
use steadfast::process::Node;
use steadfast::supervision::ChildSpec;
use steadfast_sim::check::{Checker, Fencing, LockHolders, standard};
use steadfast_sim::fault::Episode;
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::coordination::{LOCKS, NODES, Player, Stage, Wanted};
use crate::settle::safety_ends;

/// How long the last request of a run waits for each lock.
const LAST: Duration = Duration::from_secs(8);

/// Locks of all kinds, under some weather.
#[derive(Clone, Copy)]
pub(crate) struct Locks {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) weather: fn(&Plan) -> Vec<Episode>,
    pub(crate) player: Player,
}

impl Locks {
    /// Whether every lock can be had, one after the other.
    async fn all_can_be_had(self, coordinator: Coordinator<SimRuntime>) -> bool {
        let options = SessionOptions::ttl(LAST);
        let Ok(session) = coordinator.session(options).await else {
            return false;
        };
        let had = self.has_all(&session, coordinator.node().runtime()).await;
        // Unconfirmed: the run is over.
        drop(session.close().await);
        had
    }

    async fn has_all(self, session: &Session<SimRuntime>, runtime: &SimRuntime) -> bool {
        let wanted = [
            Wanted::Mutex(LOCKS[0]),
            Wanted::Mutex(LOCKS[1]),
            Wanted::Both,
            Wanted::Write,
            Wanted::Permits(3),
        ];
        for wanted in wanted {
            let asked = self
                .player
                .locksmith
                .acquire(session, runtime, wanted, LAST);
            let Some(held) = asked.await else {
                return false;
            };
            held.release().await;
        }
        true
    }
}

impl Scenario for Locks {
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
        let player = self.player;
        Box::pin(async move {
            let stage = Stage::new(node);
            let players = ["a", "b"].map(|name| {
                let coordinator = stage.coordinator.clone();
                ChildSpec::worker(name, move |context| {
                    player.play(context, name, coordinator.clone())
                })
            });
            stage.run(players.into()).await
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let locks = *self;
        Box::pin(async move {
            Stage::settles(&world, |coordinator| locks.all_can_be_had(coordinator)).await
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Fencing::new()));
        if self.player.strict {
            checkers.push(Box::new(LockHolders::new()));
        }
        checkers
    }
}
