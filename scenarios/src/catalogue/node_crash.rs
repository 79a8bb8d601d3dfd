//! Nodes crash and come back while others ask them questions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::failure::{Failure, Severity};
use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{
    BindError, Clock as _, Entropy as _, NodeId, Port, RequestLimits, Requester, Responder,
};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::Cast;
use crate::draw::Draw;
use crate::weather;

const QUESTIONS: Port = Port(1);
const ANSWERS: Port = Port(2);

/// Who has had an answer from whom since the list was last cleared.
#[derive(Default)]
struct Answered(Mutex<BTreeSet<(NodeId, NodeId)>>);

impl Answered {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeSet<(NodeId, NodeId)>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers every question with the question.
async fn serve(context: Context<SimRuntime>) -> Result<(), Failure<BindError>> {
    let mut questions = context.deliver(Responder::open(context.runtime(), QUESTIONS, 64))?;
    while let Some(question) = questions.receive().await {
        let payload = question.payload.clone();
        if let Err(failure) = context.deliver(question.answer(&payload)) {
            // The asker has gone, or its queue is full: it will ask again.
            failure.report(Severity::Warning);
        }
    }
    Ok(())
}

/// Asks a random peer something every so often, for ever.
async fn ask(context: Context<SimRuntime>, nodes: u32) -> Result<ExitReason, Failure<BindError>> {
    let runtime = context.runtime();
    let answered = runtime.board::<Answered>();
    let here = context.id().node;
    let requester = context.deliver(Requester::open(runtime, ANSWERS, RequestLimits::default()))?;
    let mut draw = runtime.stream("questions");
    for question in 0_u64.. {
        runtime
            .sleep(Duration::from_millis(50 + draw.below(100)))
            .await;
        let peer = NodeId(1 + draw.below(u64::from(nodes)) as u32);
        // The wall clock is there for people to read; nothing is decided by it.
        let payload = format!("{question} at {:?}", runtime.unix_time()).into_bytes();
        let limit = Duration::from_millis(300);
        let asked = requester
            .request(peer, QUESTIONS, payload.clone(), limit)
            .await;
        match context.deliver(asked) {
            Ok(answer) if answer == payload => {
                answered.with(|list| list.insert((here, peer)));
            }
            Ok(answer) => {
                let wrong = format!("asked {payload:?}, was answered {answer:?}");
                return Ok(ExitReason::failed(wrong));
            }
            Err(failure) => failure.report(Severity::Warning),
        }
    }
    Ok(ExitReason::Normal)
}

/// Node crashes with restart, under a question-and-answer load.
pub(super) struct NodeCrash;

impl Scenario for NodeCrash {
    fn name(&self) -> &'static str {
        "node_crash"
    }

    fn story(&self) -> &'static str {
        "nodes crash, restart and lose touch; healed ones answer each other again"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "nodes");
        let mut plan = Plan::new(self.name(), seed, draw.between(2, 5) as u32);
        plan.episodes = weather::of_everything(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let nodes = plan.topology.nodes;
            let group = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(20, Duration::from_secs(1))
                .child(ChildSpec::worker("server", serve))
                .child(ChildSpec::worker("client", move |context| {
                    ask(context, nodes)
                }));
            let leader = Supervisor::start(&node, "top", group)
                .await
                .map_err(|e| e.to_string())?;
            node.runtime()
                .board::<Cast>()
                .lead(leader.id().node, leader);
            Ok(())
        })
    }

    fn drive(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        // The load is the nodes' own; there is nothing to tell them.
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let answered = world.board::<Answered>();
            answered.with(BTreeSet::clear);
            let core = world.core();
            let pairs: Vec<_> = core
                .iter()
                .flat_map(|from| core.iter().map(|to| (*from, *to)))
                .collect();
            while !answered.with(|list| pairs.iter().all(|pair| list.contains(pair))) {
                world.sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        })
    }
}
