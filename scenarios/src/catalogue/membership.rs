//! Nodes that are members of each other live through everything that can happen to
//! nodes and messages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::membership::{LeaveError, Member, Membership, MembershipConfig, Peer, PeerState};
use steadfast::process::Node;
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::check::{Checker, Membership as MembershipChecker, standard};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::draw::Draw;
use crate::weather;

const DRIVER: &str = "membership";
/// How often a condition is looked at, in simulated time.
const PACE: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct View {
    membership: Membership<SimRuntime>,
    supervisor: SupervisorRef<SimRuntime>,
}

/// The memberships of the nodes, as they were started last.
#[derive(Default)]
struct Views(Mutex<BTreeMap<NodeId, View>>);

impl Views {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<NodeId, View>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn of(&self, node: NodeId) -> Option<View> {
        self.with(|views| views.get(&node).cloned())
    }
}

/// Who is a member, under everything.
pub(super) struct Members;

impl Scenario for Members {
    fn name(&self) -> &'static str {
        "membership"
    }

    fn story(&self) -> &'static str {
        "nodes crash, leave and lose touch; healed ones see each other as they are"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "membership");
        let nodes = draw.between(3, 7) as u32;
        let mut plan = Plan::new(self.name(), seed, nodes);
        let count = draw.between(0, 6);
        let actions = ["leave", "join", "crash_driver", "crash_driver"];
        let until = Duration::from_secs(9);
        plan.operations = draw.operations(count, until, nodes, &actions, u64::from(nodes));
        plan.episodes = weather::of_everything(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            // Any of them may be the only one that is still there.
            let config = MembershipConfig::fast("story").seeds(plan.topology.ids());
            let membership =
                Membership::new(node.runtime(), config).map_err(|error| error.to_string())?;
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(20, Duration::from_secs(1))
                .child(membership.child_spec(DRIVER));
            let supervisor = Supervisor::start(&node, "top", spec)
                .await
                .map_err(|error| error.to_string())?;
            let view = View {
                membership,
                supervisor,
            };
            let views = node.runtime().board::<Views>();
            views.with(|views| views.insert(node.runtime().node(), view));
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            for operation in &world.plan().operations {
                world.sleep_until(operation.at).await;
                let Some(view) = world.board::<Views>().of(operation.node) else {
                    continue;
                };
                match &*operation.action {
                    "leave" => leave(&view).await?,
                    "join" => join(&view, NodeId(1 + operation.value as u32))?,
                    "crash_driver" => crash_driver(&world, &view).await,
                    other => return Err(format!("no action is called {other}")),
                }
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let core = world.core();
            for node in &core {
                while world.board::<Views>().of(*node).is_none() {
                    world.sleep(PACE).await;
                }
            }
            while !core.iter().all(|node| sees(&world, *node, &core)) {
                for view in core
                    .iter()
                    .filter_map(|node| world.board::<Views>().of(*node))
                {
                    // Who has left takes part again for the end of the story.
                    if view.membership.members().is_empty() {
                        join(&view, core[0])?;
                    }
                }
                world.sleep(PACE).await;
            }
            Ok(())
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(MembershipChecker::new().agreeing()));
        checkers
    }
}

async fn leave(view: &View) -> Result<(), String> {
    match view.membership.leave(Duration::from_secs(1)).await {
        // Faults may keep the farewell from being heard, or the node from being there.
        Ok(())
        | Err(LeaveError::NotRunning | LeaveError::TimedOut { .. } | LeaveError::Unanswered) => {
            Ok(())
        }
        Err(other) => Err(other.to_string()),
    }
}

fn join(view: &View, through: NodeId) -> Result<(), String> {
    view.membership
        .join(through)
        .map_err(|error| error.to_string())
}

async fn crash_driver(world: &World, view: &View) {
    let child = view.supervisor.which_child(DRIVER).await;
    if let Some(process) = child.ok().and_then(|child| child.process)
        && let Some(node) = world.node(process.node)
    {
        node.kill(process);
    }
}

/// Whether a node sees all of the core alive, as they were started last.
fn sees(world: &World, observer: NodeId, core: &[NodeId]) -> bool {
    let Some(view) = world.board::<Views>().of(observer) else {
        return false;
    };
    let members = view.membership.members();
    core.iter().all(|node| {
        world.incarnation(*node).is_some_and(|incarnation| {
            let member = Member {
                node: *node,
                incarnation,
            };
            members.contains(&Peer {
                member,
                state: PeerState::Alive,
            })
        })
    })
}
