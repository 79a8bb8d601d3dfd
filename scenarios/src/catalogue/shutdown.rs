//! Whole groups are stopped and started again while their children fail.

use std::sync::Arc;
use std::time::Duration;

use steadfast::Label;
use steadfast::process::Node;
use steadfast::supervision::{
    CallError, ChildSpec, ShutdownPolicy, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
    TerminateChildError,
};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::{Cast, Cue, Farewell, play};
use crate::draw::Draw;
use crate::{settle, weather};

const GROUPS: [&str; 2] = ["front", "back"];
const ACTORS: u64 = 4;

fn actor(group: &str, index: u64) -> Label {
    format!("{group}{index}").into()
}

/// A group whose children say goodbye in every way there is.
fn group(seed: u64, name: &'static str) -> SupervisorSpec<SimRuntime> {
    let mut draw = Draw::new(seed, name);
    let strategy = draw.one_of(&[
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ]);
    let mut group = SupervisorSpec::new(strategy).intensity(30, Duration::from_secs(1));
    for index in 0..ACTORS {
        let farewell = Farewell {
            takes: draw.time(Duration::ZERO, Duration::from_millis(800)),
            badly: draw.chance(0.2),
        };
        let shutdown = draw.one_of(&[
            ShutdownPolicy::Brutal,
            ShutdownPolicy::Infinite,
            ShutdownPolicy::Timeout(Duration::from_millis(100)),
            ShutdownPolicy::Timeout(Duration::from_millis(500)),
        ]);
        let id = actor(name, index);
        let body_id = id.clone();
        group = group.child(
            ChildSpec::worker(id, move |context| play(context, body_id.clone(), farewell))
                .shutdown(shutdown)
                .trap_exit(true),
        );
    }
    group
}

/// Shutdown under load.
pub(super) struct Shutdown;

impl Shutdown {
    /// Stops a group and starts it again. Only an answer that never comes is wrong:
    /// everything else is a race that the caller can see.
    async fn cycle(leader: &SupervisorRef<SimRuntime>, group: &str) -> Result<(), String> {
        if let Err(TerminateChildError::Call(error @ CallError::TimedOut { .. })) =
            leader.terminate_child(group).await
        {
            return Err(format!("stopping {group} was not answered: {error}"));
        }
        // Someone else may have started it meanwhile; the settling looks at the result.
        drop(leader.restart_child(group).await);
        Ok(())
    }
}

impl Scenario for Shutdown {
    fn name(&self) -> &'static str {
        "shutdown_under_load"
    }

    fn story(&self) -> &'static str {
        "groups are stopped in order, within their deadlines, while children fail"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "shutdown");
        let mut plan = Plan::new(self.name(), seed, 1);
        let count = draw.between(10, 60);
        let actions = ["panic", "fail", "leave", "deafen", "cycle", "panic", "fail"];
        plan.operations = draw.operations(count, Duration::from_secs(9), 1, &actions, 2 * ACTORS);
        plan.episodes = weather::of_clocks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let mut top =
                SupervisorSpec::new(Strategy::OneForOne).intensity(10_000, Duration::from_secs(1));
            for name in GROUPS {
                top = top.child(ChildSpec::supervisor(name, group(plan.seed, name)));
            }
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
                let group = GROUPS[(operation.value / ACTORS) as usize % GROUPS.len()];
                let name = actor(group, operation.value % ACTORS);
                if &*operation.action == "cycle" {
                    if let Some(leader) = cast.leader(operation.node) {
                        Self::cycle(&leader, group).await?;
                    }
                } else if let Some(cue) = Cue::parse(&operation.action, 200) {
                    cast.cue(operation.node, &name, cue);
                }
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            // The workload may have been cut off between stopping a group and starting
            // it again. A group that runs refuses, which is as good.
            for node in world.core() {
                let Some(leader) = world.board::<Cast>().leader(node) else {
                    continue;
                };
                for group in GROUPS {
                    drop(leader.restart_child(group).await);
                }
            }
            settle::every_child_runs(world, &GROUPS).await
        })
    }
}
