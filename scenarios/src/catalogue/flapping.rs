//! One agent fails again and again; its own limit ends it, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use steadfast::Label;
use steadfast::process::Node;
use steadfast::supervision::{
    ChildSpec, Restart, RestartLimit, Strategy, Supervisor, SupervisorSpec,
};
use steadfast_sim::check::{self, Checker};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::bystanders::Bystanders;
use crate::cast::{Cast, Cue, Farewell, play};
use crate::draw::Draw;
use crate::weather;

/// How many agents share one supervisor.
const AGENTS: u64 = 8;

fn agent(index: u64) -> Label {
    format!("agent{index}").into()
}

/// Whose limit ends a flapping agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// Its own: 3 restarts in 60 s.
    Own,
    /// One that all share: 10 restarts in 60 s, and everyone falls.
    Shared,
}

/// One flapping agent among quiet ones.
pub(crate) struct Flapping {
    name: &'static str,
    story: &'static str,
    limits: Limits,
}

impl Flapping {
    /// With limits as told.
    pub(crate) const fn new(name: &'static str, story: &'static str, limits: Limits) -> Self {
        Self {
            name,
            story,
            limits,
        }
    }
}

impl Scenario for Flapping {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "flapping");
        let mut plan = Plan::new(self.name, seed, 1);
        let flapper = draw.between(0, AGENTS - 1);
        let count = draw.between(5, 30);
        plan.operations = draw.operations(count, Duration::from_secs(8), 1, &["panic", "fail"], 1);
        for operation in &mut plan.operations {
            operation.value = flapper;
        }
        plan.episodes = weather::of_clocks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let limits = self.limits;
        Box::pin(async move {
            let minute = Duration::from_secs(60);
            let mut agents = SupervisorSpec::new(Strategy::OneForOne).intensity(
                match limits {
                    Limits::Own => 1_000,
                    Limits::Shared => 10,
                },
                minute,
            );
            for index in 0..AGENTS {
                let name = agent(index);
                let child = ChildSpec::worker(name.clone(), move |context| {
                    play(context, name.clone(), Farewell::PROMPT)
                })
                .restart(Restart::Permanent)
                .trap_exit(true);
                agents = agents.child(match limits {
                    Limits::Own => child.limit(RestartLimit {
                        intensity: 3,
                        period: minute,
                    }),
                    Limits::Shared => child,
                });
            }
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(100, Duration::from_secs(1))
                .child(ChildSpec::supervisor("agents", agents));
            let leader = Supervisor::start(&node, "top", top)
                .await
                .map_err(|e| e.to_string())?;
            node.runtime()
                .board::<Cast>()
                .lead(leader.id().node, leader);
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let cast = world.board::<Cast>();
            for operation in &world.plan().operations {
                world.sleep_until(operation.at).await;
                if let Some(cue) = Cue::parse(&operation.action, 0) {
                    cast.cue(operation.node, &agent(operation.value), cue);
                }
            }
            Ok(())
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        // The checker has seen all there is to see.
        Box::pin(std::future::ready(Ok(())))
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = check::standard();
        checkers.push(Box::new(Bystanders::default()));
        checkers
    }
}
