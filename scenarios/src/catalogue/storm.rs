//! Crash storms: children fail at random under each strategy, sometimes faster
//! than their supervisor's limit allows.

use std::sync::Arc;
use std::time::Duration;

use steadfast::Label;
use steadfast::process::Node;
use steadfast::supervision::{
    ChildSpec, Restart, ShutdownPolicy, Strategy, Supervisor, SupervisorSpec,
};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::{Cast, Cue, Farewell, play};
use crate::draw::Draw;
use crate::settle;
use crate::weather;

/// One strategy under a storm of failing children.
pub(super) struct Storm {
    name: &'static str,
    story: &'static str,
    strategy: Strategy,
}

impl Storm {
    /// The storm for each strategy.
    pub(super) const fn all() -> [Self; 3] {
        [
            Self {
                name: "storm_one_for_one",
                story: "children fail at random; each is restarted alone, within the limits",
                strategy: Strategy::OneForOne,
            },
            Self {
                name: "storm_one_for_all",
                story: "children fail at random; each failure restarts the whole group in order",
                strategy: Strategy::OneForAll,
            },
            Self {
                name: "storm_rest_for_one",
                story: "children fail at random; each failure restarts those that started later",
                strategy: Strategy::RestForOne,
            },
        ]
    }
}

/// The shape of the group, drawn from the seed apart from the operations.
struct Shape {
    children: u64,
    intensity: u32,
    period: Duration,
}

impl Shape {
    fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed, "shape");
        Self {
            children: draw.between(2, 6),
            intensity: draw.between(1, 12) as u32,
            period: draw.time(Duration::from_millis(500), Duration::from_secs(5)),
        }
    }
}

fn actor(index: u64) -> Label {
    format!("actor{index}").into()
}

fn child(seed: u64, index: u64) -> ChildSpec<SimRuntime> {
    let mut draw = Draw::new(seed, &format!("child{index}"));
    let name = actor(index);
    let takes = draw.time(Duration::ZERO, Duration::from_millis(400));
    let farewell = Farewell {
        takes,
        badly: draw.chance(0.1),
    };
    let shutdown = match draw.between(0, 3) {
        0 => ShutdownPolicy::Brutal,
        1 => ShutdownPolicy::Infinite,
        _ => ShutdownPolicy::Timeout(
            draw.time(Duration::from_millis(50), Duration::from_millis(600)),
        ),
    };
    // Settling waits for all of them, so none is temporary.
    let restart = draw.one_of(&[Restart::Permanent, Restart::Permanent, Restart::Transient]);
    let acknowledged = draw.chance(0.5);
    let spec = ChildSpec::worker(name.clone(), move |context| {
        play(context, name.clone(), farewell)
    })
    .restart(restart)
    .shutdown(shutdown)
    .trap_exit(true);
    if acknowledged {
        spec.acknowledged(Duration::from_secs(5))
    } else {
        spec
    }
}

impl Scenario for Storm {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "storm");
        let shape = Shape::of(seed);
        let nodes = draw.between(1, 3) as u32;
        let mut plan = Plan::new(self.name, seed, nodes);
        let count = draw.between(4, 40);
        let actions = [
            "panic", "fail", "panic", "fail", "leave", "withdraw", "deafen", "kill",
        ];
        plan.operations = draw.operations(
            count,
            Duration::from_secs(9),
            nodes,
            &actions,
            shape.children,
        );
        plan.episodes = weather::of_nodes(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let strategy = self.strategy;
        Box::pin(async move {
            let shape = Shape::of(plan.seed);
            let mut group = SupervisorSpec::new(strategy).intensity(shape.intensity, shape.period);
            for index in 0..shape.children {
                group = group.child(child(plan.seed, index));
            }
            // The group may use up its limit and be restarted as a whole.
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(10_000, Duration::from_secs(1))
                .child(ChildSpec::supervisor("group", group));
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
                let name = actor(operation.value);
                if &*operation.action == "kill" {
                    settle::kill(&world, operation.node, "group", &name).await;
                } else if let Some(cue) = Cue::parse(&operation.action, operation.value * 50) {
                    cast.cue(operation.node, &name, cue);
                }
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(settle::every_child_runs(world, &["group"]))
    }
}
