//! Tasks that panic, hang, are waited for, given up and forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream};
use steadfast::supervision::tasks::{
    OnTimeout, StreamOptions, Task, TaskSupervisor, TaskSupervisorOptions, TaskSupervisorRef,
};
use steadfast::supervision::{ChildSpec, ShutdownPolicy, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::Cast;
use crate::draw::Draw;
use crate::weather;

/// Rounds of work that were done, over all nodes.
#[derive(Default)]
struct Rounds(AtomicU64);

/// Does something that may go wrong.
async fn labour(context: Context<SimRuntime>, fate: u64) -> u64 {
    context
        .runtime()
        .sleep(Duration::from_millis(fate % 97))
        .await;
    match fate % 11 {
        0 => panic!("a task was told to panic"),
        1 => std::future::pending().await,
        _ => fate,
    }
}

/// Awaits, gives up, shuts down or forgets one task.
async fn deal_with(context: &Context<SimRuntime>, mut task: Task<SimRuntime, u64>, choice: u64) {
    let result = match choice % 5 {
        0 => task.wait(Duration::from_millis(60)).await.map(Some),
        1 => match task.poll_for(Duration::from_millis(20)).await {
            Some(result) => result.map(Some),
            None => task.wait(Duration::from_millis(100)).await.map(Some),
        },
        2 => {
            task.shutdown(ShutdownPolicy::Timeout(Duration::from_millis(10)))
                .await
        }
        3 => task.kill().await,
        // A handle that is dropped leaves nothing behind.
        _ => {
            drop(task);
            Ok(None)
        }
    };
    if let Err(failure) = context.deliver(result) {
        failure.report(Severity::Warning);
    }
}

/// Runs tasks of every kind, round after round.
async fn employ(
    context: Context<SimRuntime>,
    tasks: TaskSupervisorRef<SimRuntime>,
) -> Result<(), ExitReason> {
    let runtime = context.runtime().clone();
    let rounds = runtime.board::<Rounds>();
    let mut draw: EntropyStream = runtime.stream("work");
    loop {
        runtime
            .sleep(Duration::from_millis(20 + draw.below(100)))
            .await;
        let fate = draw.next_u64();
        match draw.below(4) {
            0 => {
                let started = tasks.start_child(&context, "errand", move |task| async move {
                    labour(task, fate).await;
                });
                context.deliver(started)?;
            }
            1 => {
                let options = StreamOptions::new(1 + draw.below(4) as usize)
                    .ordered(draw.chance(0.5))
                    .timeout(Duration::from_millis(50), OnTimeout::Kill);
                let fates = (0..8).map(|step| fate.wrapping_add(step));
                let stream = tasks.stream_nolink(&context, fates, options, labour);
                let mut stream = context.deliver(stream)?;
                let enough = draw.below(10);
                for _ in 0..enough {
                    // Errors in their places are what a stream of unlinked tasks gives.
                    if stream.next().await.is_none() {
                        break;
                    }
                }
            }
            _ => {
                let task =
                    tasks.spawn_async_nolink(&context, "job", move |task| labour(task, fate));
                let task = context.deliver(task)?;
                deal_with(&context, task, draw.next_u64()).await;
            }
        }
        rounds.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The task supervisor under panics and deadlines.
pub(super) struct Tasks;

impl Scenario for Tasks {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn story(&self) -> &'static str {
        "tasks panic, hang and are given up; none is orphaned and no failure is lost"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "tasks");
        let mut plan = Plan::new(self.name(), seed, draw.between(1, 2) as u32);
        plan.episodes = weather::of_nodes(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let options = TaskSupervisorOptions::default()
                .shutdown(ShutdownPolicy::Timeout(Duration::from_millis(200)));
            let (crew, tasks) = TaskSupervisor::child_spec("tasks", options);
            let top = SupervisorSpec::new(Strategy::RestForOne)
                .intensity(50, Duration::from_secs(1))
                .child(crew)
                .child(ChildSpec::worker("employer", move |context| {
                    employ(context, tasks.clone())
                }));
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
        // The task supervisor itself is killed now and then; everything on it goes along.
        Box::pin(async move {
            let mut draw = Draw::new(world.plan().seed, "kills");
            for _ in 0..draw.between(0, 4) {
                world
                    .sleep(draw.time(Duration::from_millis(300), Duration::from_secs(3)))
                    .await;
                for id in world.plan().topology.ids() {
                    let Some(leader) = world.board::<Cast>().leader(id) else {
                        continue;
                    };
                    let Ok(info) = leader.which_child("tasks").await else {
                        continue;
                    };
                    if let (Some(node), Some(process)) = (world.node(id), info.process) {
                        node.kill(process);
                    }
                }
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let rounds = world.board::<Rounds>();
            let enough = rounds.0.load(Ordering::Relaxed) + 5;
            while rounds.0.load(Ordering::Relaxed) < enough {
                world.sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        })
    }
}
