//! The load on our own simulated network, digest of the trace on.

use std::sync::Arc;

use steadfast::process::{Context, Node, ProcessSpec};
use steadfast::runtime::{Clock as _, Identity as _, Network as _, NodeId, Port, Spawner as _};
use steadfast_sim::check::{Checker, standard};
use steadfast_sim::trace::Capture;
use steadfast_sim::{BoxFuture, Outcome, Plan, Scenario, SimRuntime, World, run_plan};

use crate::load::{self, Rhythm};

/// What carries the load on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Tasks of the runtime, as in the peers, held by one process.
    Tasks,
    /// A process for each task.
    Processes,
}

/// The load as a scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mesh {
    pub(crate) carrier: Carrier,
    pub(crate) rhythm: Rhythm,
    /// Whether the standard checkers watch.
    pub(crate) checked: bool,
}

impl Mesh {
    /// Runs a seed on this thread, which must be a fresh one. Answers how many
    /// messages arrived.
    pub(crate) fn run(&self, seed: u64) -> u64 {
        let run = run_plan(self, &self.plan(seed), Capture::Nothing);
        assert_eq!(run.report.outcome, Outcome::Passed, "{:?}", run.report);
        run.report.messages
    }
}

impl Scenario for Mesh {
    fn name(&self) -> &'static str {
        "mesh"
    }

    fn story(&self) -> &'static str {
        "Five nodes send to each other."
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, load::NODES);
        plan.topology.delay_min = load::DELAY_MIN;
        plan.topology.delay_max = load::DELAY_MAX;
        plan.limits.safety = load::LIMIT;
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let Self {
            carrier, rhythm, ..
        } = *self;
        Box::pin(async move {
            let started = match carrier {
                Carrier::Tasks => {
                    let mesh = move |context| hold(context, rhythm);
                    node.start(ProcessSpec::new("mesh"), mesh).map(drop)
                }
                Carrier::Processes => start(&node, rhythm),
            };
            started.map_err(|error| error.to_string())
        })
    }

    fn drive(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        if self.checked { standard() } else { Vec::new() }
    }
}

/// Starts the processes of a node.
fn start(node: &Node<SimRuntime>, rhythm: Rhythm) -> Result<(), steadfast::process::SpawnError> {
    let receiver = |context: Context<SimRuntime>| receive(context.runtime().clone());
    node.start(ProcessSpec::new("receiver"), receiver)?;
    for peer in load::peers(node.runtime().node().0) {
        let sender = move |context: Context<SimRuntime>| {
            send(context.runtime().clone(), NodeId(peer), rhythm)
        };
        node.start(ProcessSpec::new("sender"), sender)?;
    }
    Ok(())
}

/// Starts the tasks of a node and waits for their ends.
async fn hold(context: Context<SimRuntime>, rhythm: Rhythm) {
    let runtime = context.runtime();
    let mut tasks = vec![runtime.spawn("receiver".into(), receive(runtime.clone()))];
    for peer in load::peers(runtime.node().0) {
        let sender = send(runtime.clone(), NodeId(peer), rhythm);
        tasks.push(runtime.spawn("sender".into(), sender));
    }
    for task in tasks {
        task.ended().await;
    }
}

async fn send(runtime: SimRuntime, to: NodeId, rhythm: Rhythm) {
    let from = runtime.node();
    let start = runtime.now();
    for ordinal in load::ordinals() {
        let due = start + rhythm.due(from.0, to.0, ordinal);
        runtime.sleep_until(due).await;
        runtime
            .send(to, Port(load::PORT), load::payload(ordinal).to_vec())
            .expect("the peer is up");
    }
}

async fn receive(runtime: SimRuntime) {
    let mut inbox = runtime
        .bind(Port(load::PORT), 1_024)
        .expect("the port is free");
    for _ in 0..load::MESSAGES_PER_NODE {
        let message = inbox.receive().await.expect("the inbox is open");
        assert_eq!(message.payload.len(), load::PAYLOAD_LEN);
    }
}
