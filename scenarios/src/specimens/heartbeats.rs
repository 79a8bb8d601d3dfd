//! Memberships written by hand, by heartbeats alone, that announce what they see as the
//! real one would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use steadfast::event::{Event, MembershipEvent};
use steadfast::failure::{Failure, Severity};
use steadfast::membership::Member;
use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{
    BindError, Clock as _, Identity as _, Incarnation, Message, Network as _, NodeId,
    Observer as _, Port, Timestamp, timeout,
};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::{Checker, Membership as MembershipChecker, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::draw::Draw;
use crate::weather;

const PORT: Port = Port(7);
/// How often a heartbeat is sent.
const BEAT: Duration = Duration::from_millis(200);
/// How long a member may be silent.
const SILENCE: Duration = Duration::from_secs(1);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Who was taken for dead once stays dead until it restarts.
    NeverForgives,
    /// A restarted node goes on under its first incarnation.
    KeepsIncarnation,
}

/// Heartbeats with a flaw.
pub(super) struct Heartbeats {
    pub(super) name: &'static str,
    pub(super) story: &'static str,
    /// `None` shows that the checkers object to the flaw and not to heartbeats.
    pub(super) flaw: Option<Flaw>,
}

impl Scenario for Heartbeats {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "heartbeats");
        let mut plan = Plan::new(self.name, seed, draw.between(3, 5) as u32);
        plan.episodes = weather::of_everything(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let flaw = self.flaw;
        Box::pin(async move {
            let nodes = plan.topology.nodes;
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .child(ChildSpec::worker("heartbeats", move |context| {
                    beat(context, nodes, flaw)
                }));
            let started = Supervisor::start(&node, "top", top).await;
            started.map(drop).map_err(|error| error.to_string())
        })
    }

    fn drive(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        // Several heartbeats of every node of the core, however they were delayed.
        Box::pin(async move {
            world.sleep(SILENCE * 5).await;
            Ok(())
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(MembershipChecker::new().agreeing()));
        checkers
    }
}

/// What is known of one node.
struct Known {
    incarnation: Incarnation,
    heard: Timestamp,
    up: bool,
}

struct Table {
    runtime: SimRuntime,
    flaw: Option<Flaw>,
    known: BTreeMap<NodeId, Known>,
}

async fn beat(
    context: Context<SimRuntime>,
    nodes: u32,
    flaw: Option<Flaw>,
) -> Result<ExitReason, Failure<BindError>> {
    let runtime = context.runtime();
    let own = runtime.node();
    let mut inbox = context.deliver(runtime.bind(PORT, 256))?;
    let mut table = Table {
        runtime: runtime.clone(),
        flaw,
        known: BTreeMap::new(),
    };
    let mut next = runtime.now();
    loop {
        if runtime.now() >= next {
            next = runtime.now() + BEAT;
            for peer in (1..=nodes).map(NodeId).filter(|peer| *peer != own) {
                let incarnation = match flaw {
                    Some(Flaw::KeepsIncarnation) => Incarnation(1),
                    Some(Flaw::NeverForgives) | None => runtime.incarnation(),
                };
                let heartbeat = incarnation.0.to_be_bytes().to_vec();
                if let Err(failure) = context.send(peer, PORT, heartbeat) {
                    failure.report(Severity::Warning);
                }
            }
        }
        let rest = next.since(runtime.now());
        match timeout(runtime, rest, inbox.receive()).await {
            Ok(Some(message)) => table.hear(&message),
            Ok(None) => return Ok(ExitReason::SHUTDOWN),
            Err(_) => table.miss(),
        }
    }
}

impl Table {
    fn announce(&self, event: MembershipEvent) {
        self.runtime.observe(&Event::Membership(event));
    }

    fn hear(&mut self, message: &Message) {
        let Some(incarnation) = message.payload.first_chunk() else {
            return;
        };
        let incarnation = Incarnation(u32::from_be_bytes(*incarnation));
        let node = message.from;
        let member = Member { node, incarnation };
        let heard = self.runtime.now();
        let known = self.known.get(&node);
        let (before, was_up) = (
            known.map(|known| known.incarnation),
            known.is_some_and(|known| known.up),
        );
        let is_old = before.is_some_and(|before| incarnation < before);
        if is_old {
            return;
        }
        let is_dead = before == Some(incarnation) && !was_up;
        if is_dead && self.flaw == Some(Flaw::NeverForgives) {
            return;
        }
        if let Some(before) = before.filter(|before| was_up && *before != incarnation) {
            let incarnation = before;
            self.announce(MembershipEvent::MemberDown {
                member: Member { node, incarnation },
            });
        }
        if !was_up || before != Some(incarnation) {
            self.announce(MembershipEvent::MemberUp { member });
        }
        let up = true;
        self.known.insert(
            node,
            Known {
                incarnation,
                heard,
                up,
            },
        );
    }

    /// Takes for dead who was silent for too long.
    fn miss(&mut self) {
        let now = self.runtime.now();
        let silent = |known: &&mut Known| known.up && now.since(known.heard) > SILENCE;
        let mut dead = Vec::new();
        for (node, known) in &mut self.known {
            if silent(&known) {
                known.up = false;
                dead.push(Member {
                    node: *node,
                    incarnation: known.incarnation,
                });
            }
        }
        for member in dead {
            self.announce(MembershipEvent::MemberDown { member });
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast_sim::trace::Capture;
    use steadfast_sim::{Outcome, run_plan};

    use super::*;

    #[test]
    fn heartbeats_pass_without_a_flaw() {
        for seed in 0..30 {
            #[expect(clippy::disallowed_methods, reason = "a run has a thread of its own")]
            let run = std::thread::spawn(move || {
                let scenario = Heartbeats {
                    name: "heartbeats",
                    story: "heartbeats that make no mistake",
                    flaw: None,
                };
                run_plan(&scenario, &scenario.plan(seed), Capture::Nothing)
                    .report
                    .outcome
            });
            let outcome = run.join().expect("a run does not panic");
            assert_eq!(outcome, Outcome::Passed, "seed {seed}");
        }
    }
}
