//! A child whose start fails again and again: its supervisor keeps answering.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{Clock as _, Identity as _, NodeId};
use steadfast::supervision::{Backoff, CallError, ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::{Cast, Cue, Farewell, play};
use crate::draw::Draw;
use crate::{settle, weather};

/// How many of the next starts fail, per node.
#[derive(Default)]
struct Stubbornness(Mutex<BTreeMap<NodeId, Arc<AtomicU64>>>);

impl Stubbornness {
    fn of(&self, node: NodeId) -> Arc<AtomicU64> {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.entry(node).or_default().clone()
    }
}

/// A start that fails as often as it was told to, each time in another way.
async fn stubborn(context: Context<SimRuntime>) -> ExitReason {
    let left = context
        .runtime()
        .board::<Stubbornness>()
        .of(context.id().node);
    let refusals = left.load(Ordering::Relaxed);
    if refusals > 0 {
        left.store(refusals - 1, Ordering::Relaxed);
        context
            .runtime()
            .sleep(Duration::from_millis(refusals % 7))
            .await;
        match refusals % 4 {
            0 => panic!("told not to start"),
            1 => return ExitReason::failed("told not to start"),
            2 => return ExitReason::Normal,
            // Never acknowledges: the supervisor gives up waiting.
            _ => std::future::pending::<()>().await,
        }
    }
    play(context, "stubborn".into(), Farewell::PROMPT).await
}

/// Fails if the group's supervisor does not answer in time. One that has just ended
/// by its limit has no answer to give, which is another matter.
async fn answers(world: &World, node: NodeId) -> Result<(), String> {
    let Some(group) = settle::group(world, node, "group").await else {
        return Ok(());
    };
    match group.count_children().await {
        Err(error @ CallError::TimedOut { .. }) => Err(format!(
            "the supervisor of a restart loop on {node} did not answer: {error}"
        )),
        _ => Ok(()),
    }
}

/// Restart loops with failing starts.
pub(super) struct RestartLoop;

impl Scenario for RestartLoop {
    fn name(&self) -> &'static str {
        "restart_loop"
    }

    fn story(&self) -> &'static str {
        "a child fails to start again and again; its supervisor answers calls all the while"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "loop");
        let mut plan = Plan::new(self.name(), seed, 1);
        let count = draw.between(1, 6);
        plan.operations = draw.operations(count, Duration::from_secs(8), 1, &["trip"], 12);
        // A node that stands still or is gone cannot answer: clocks only.
        plan.episodes = weather::of_clocks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let mut draw = Draw::new(plan.seed, "shape");
            // What a crashed node was told does not outlive it.
            let runtime = node.runtime();
            runtime
                .board::<Stubbornness>()
                .of(runtime.node())
                .store(0, Ordering::Relaxed);
            let stubborn = ChildSpec::worker("stubborn", stubborn)
                .trap_exit(true)
                .acknowledged(Duration::from_millis(200))
                .backoff(Backoff {
                    base: draw.time(Duration::from_millis(1), Duration::from_millis(50)),
                    factor: 2.0,
                    cap: Duration::from_millis(500),
                    jitter: 0.2,
                    reset_after: Duration::from_secs(5),
                });
            let bystander = ChildSpec::worker("bystander", |context| {
                play(context, "bystander".into(), Farewell::PROMPT)
            })
            .trap_exit(true);
            let strategy = draw.one_of(&[
                Strategy::OneForOne,
                Strategy::OneForAll,
                Strategy::RestForOne,
            ]);
            let group = SupervisorSpec::new(strategy)
                .intensity(draw.between(5, 40) as u32, Duration::from_secs(2))
                .child(bystander)
                .child(stubborn);
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
                let refusals = world.board::<Stubbornness>().of(operation.node);
                refusals.store(operation.value, Ordering::Relaxed);
                cast.cue(operation.node, "stubborn", Cue::Panic);
                // Administrative calls are answered in the middle of the loop.
                for _ in 0..3 {
                    world.sleep(Duration::from_millis(60)).await;
                    answers(&world, operation.node).await?;
                }
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(settle::every_child_runs(world, &["group"]))
    }
}
