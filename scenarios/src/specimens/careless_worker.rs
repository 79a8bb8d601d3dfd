//! Stories of one worker that does what the library forbids.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{
    Clock as _, Entropy as _, Identity as _, Network as _, NodeId, Port, Spawner as _,
};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::weather;

const CHATTER: Port = Port(7);

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carelessness {
    /// It starts a task of its own and forgets it.
    SpawnsOrphan,
    /// It drops the error of a send with a catch-all.
    SwallowsSendError,
    /// It waits for an answer without a time limit.
    WaitsForEver,
    /// The code that starts its node unwraps what may not be there.
    PanicsAtBoot,
}

/// One careless worker on each of three nodes.
pub(super) struct CarelessWorker {
    pub(super) name: &'static str,
    pub(super) story: &'static str,
    pub(super) carelessness: Carelessness,
}

/// Ends now and then, and leaves a task behind each time.
async fn spawn_orphans(context: Context<SimRuntime>) -> ExitReason {
    let runtime = context.runtime().clone();
    let mut draw = runtime.stream("orphans");
    let clock = runtime.clone();
    let orphan = runtime.spawn("background".into(), async move {
        clock.sleep(Duration::from_secs(3)).await;
    });
    // The flaw: nobody owns the task any more.
    std::mem::forget(orphan);
    runtime
        .sleep(Duration::from_millis(100 + draw.below(2_000)))
        .await;
    ExitReason::failed("the owner of a background task ends")
}

/// Sends to peers that may be down, and does not care.
async fn swallow_errors(context: Context<SimRuntime>, nodes: u32) -> ExitReason {
    let mut draw = context.runtime().stream("chatter");
    loop {
        context.runtime().sleep(Duration::from_millis(20)).await;
        let peer = NodeId(1 + draw.below(u64::from(nodes)) as u32);
        // The flaw: every error is caught and none is looked at.
        drop(context.send(peer, CHATTER, b"anyone there?".to_vec()));
    }
}

/// Rounds that each node's worker has finished.
#[derive(Default)]
struct Echoes(std::sync::atomic::AtomicU64);

/// Sends a message to a neighbour and waits until a message comes, however long.
async fn wait_for_ever(context: Context<SimRuntime>, nodes: u32) -> Result<(), ExitReason> {
    let runtime = context.runtime();
    let echoes = runtime.board::<Echoes>();
    let mut inbox = context.deliver(runtime.bind(CHATTER, 16))?;
    let next = NodeId(runtime.node().0 % nodes + 1);
    // One token goes round; the first node puts it in.
    if runtime.node() == NodeId(1) && runtime.incarnation().0 == 1 {
        runtime.sleep(Duration::from_millis(50)).await;
        context.send(next, CHATTER, vec![1])?;
    }
    // The flaw: when the token is lost, everyone waits for ever.
    while let Some(message) = inbox.receive().await {
        echoes.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        runtime.sleep(Duration::from_millis(10)).await;
        context.send(next, CHATTER, message.payload)?;
    }
    Ok(())
}

impl Scenario for CarelessWorker {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, 3);
        plan.episodes = weather::of_everything(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let carelessness = self.carelessness;
        let nodes = plan.topology.nodes;
        Box::pin(async move {
            let worker = match carelessness {
                Carelessness::SpawnsOrphan => ChildSpec::worker("worker", spawn_orphans),
                Carelessness::SwallowsSendError => {
                    ChildSpec::worker("worker", move |context| swallow_errors(context, nodes))
                }
                Carelessness::WaitsForEver => {
                    ChildSpec::worker("worker", move |context| wait_for_ever(context, nodes))
                }
                Carelessness::PanicsAtBoot => {
                    let first = (node.runtime().incarnation().0 == 1).then_some(());
                    // The flaw: true at every start but the ones after a crash.
                    assert!(first.is_some(), "no state to start from");
                    ChildSpec::worker("worker", |_| std::future::pending::<()>())
                }
            };
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(1_000, Duration::from_secs(1))
                .child(worker);
            Supervisor::start(&node, "top", top)
                .await
                .map_err(|e| e.to_string())?;
            Ok(())
        })
    }

    fn drive(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let waits = self.carelessness == Carelessness::WaitsForEver;
        Box::pin(async move {
            let echoes = world.board::<Echoes>();
            let seen = echoes.0.load(std::sync::atomic::Ordering::Relaxed);
            while waits && echoes.0.load(std::sync::atomic::Ordering::Relaxed) == seen {
                world.sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        })
    }
}
