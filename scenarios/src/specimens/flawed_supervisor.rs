//! Stories in which the home-made supervisor shows its flaw.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::supervision::{
    ChildSpec, Restart, ShutdownPolicy, Strategy, Supervisor, SupervisorSpec,
};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use super::homemade::{self, CHILDREN, Flaw, child_name};
use crate::cast::{Cast, Cue};
use crate::draw::Draw;

/// One flaw in a storm of failing children.
pub(super) struct FlawedSupervisor {
    pub(super) name: &'static str,
    pub(super) story: &'static str,
    /// `None` shows that the checkers object to the flaw and not to the supervisor.
    pub(super) flaw: Option<Flaw>,
}

impl Scenario for FlawedSupervisor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "flaw");
        let mut plan = Plan::new(self.name, seed, 1);
        let count = draw.between(1, 8);
        let actions = ["panic", "fail"];
        let singles = draw.operations(count, Duration::from_secs(9), 1, &actions, CHILDREN);
        for single in singles {
            // Now and then a neighbour fails at the same instant.
            if draw.chance(0.2) {
                let mut twin = single.clone();
                twin.value = (single.value + 1) % CHILDREN;
                plan.operations.push(twin);
            }
            plan.operations.push(single);
        }
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let flaw = self.flaw;
        Box::pin(async move {
            let boss = ChildSpec::worker("homemade", move |context| {
                homemade::supervise(context, flaw)
            })
            .restart(Restart::Permanent)
            .shutdown(ShutdownPolicy::Infinite)
            .trap_exit(true);
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(100, Duration::from_secs(1))
                .child(boss);
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
                    cast.cue(operation.node, &child_name(operation.value), cue);
                }
            }
            Ok(())
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use steadfast_sim::trace::Capture;
    use steadfast_sim::{Outcome, run_plan};

    use super::*;

    #[test]
    fn the_home_made_supervisor_passes_without_a_flaw() {
        for seed in 0..30 {
            #[expect(clippy::disallowed_methods, reason = "a run has a thread of its own")]
            let run = std::thread::spawn(move || {
                let story = "a supervisor written by hand that makes no mistake";
                let scenario = FlawedSupervisor {
                    name: "homemade",
                    story,
                    flaw: None,
                };
                run_plan(&scenario, &scenario.plan(seed), Capture::Nothing)
                    .report
                    .outcome
            });
            assert_eq!(
                run.join().expect("a run does not panic"),
                Outcome::Passed,
                "seed {seed}"
            );
        }
    }
}
