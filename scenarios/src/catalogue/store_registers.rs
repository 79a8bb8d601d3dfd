//! Clients of a store that is replicated over three nodes, asked on their own node or as
//! an etcd cluster, under everything that does not take a disk away.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::{Clock as _, Identity as _, NodeId, Port};
use steadfast::store::etcd::{EtcdOptions, EtcdStore};
use steadfast::store::{Limits, RaftOptions, RaftStore, Store};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::linearizability::{Linearizable, Register};
use steadfast_sim::check::{Checker, standard};
use steadfast_sim::etcd::{Member, MemberWire};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::handles::Handles;
use crate::settle::safety_ends;
use crate::store::{HISTORY, Habit, Registers, client};
use crate::weather;

/// The voters.
const NODES: u32 = 3;

/// How long a client waits for the store.
const LIMIT: Duration = Duration::from_secs(1);

/// After how long a node that could not start is started again.
const AGAIN: Duration = Duration::from_millis(100);

/// Whether a store takes something and still has it.
async fn keeps_what_is_put(node: NodeId, store: Store) -> bool {
    store.put("settled", node.to_string()).await.is_ok() && store.get("settled").await.is_ok()
}

/// Where members listen, and where their answers come in.
const MEMBER: Port = Port(2_379);
const ANSWERS: Port = Port(2_378);

/// How clients come by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Their own node's part of it is asked.
    Embedded,
    /// The same, but each node decides alone.
    Alone,
    /// Its parts are members of an etcd cluster, any of which is asked.
    Etcd,
}

/// Registers of a replicated store.
pub(crate) struct StoreRegisters {
    name: &'static str,
    story: &'static str,
    habit: Habit,
    way: Way,
}

impl StoreRegisters {
    /// With clients of this habit.
    pub(crate) const fn new(name: &'static str, story: &'static str, habit: Habit) -> Self {
        Self {
            name,
            story,
            habit,
            way: Way::Embedded,
        }
    }

    /// With nodes that reach the store in this way.
    pub(crate) const fn reached(mut self, way: Way) -> Self {
        self.way = way;
        self
    }
}

/// The registers of an etcd cluster.
pub(crate) const fn over_etcd() -> StoreRegisters {
    StoreRegisters {
        name: "etcd_registers",
        story: "clients of an etcd cluster whose members crash and are cut off; \
                every history of its registers has an order",
        habit: Habit::Honest,
        way: Way::Etcd,
    }
}

/// What a node's clients ask, and its member, if it is one of a cluster.
fn asked(
    node: &Node<SimRuntime>,
    raft: &RaftStore<SimRuntime>,
    way: Way,
) -> Result<(Store, Option<ChildSpec<SimRuntime>>), String> {
    if way != Way::Etcd {
        return Ok((raft.store(), None));
    }
    let runtime = node.runtime();
    let member = Member::child_spec(runtime, "member", raft.store(), MEMBER);
    let members = (1..=NODES).map(NodeId);
    let wire = MemberWire::open(runtime, members, MEMBER, ANSWERS);
    let wire = Arc::new(wire.map_err(|error| error.to_string())?);
    let store = EtcdStore::over(runtime.clone(), wire, EtcdOptions::default());
    Ok((store, Some(member)))
}

/// Starts a node's part of the store, and its clients.
async fn start(node: &Node<SimRuntime>, habit: Habit, way: Way) -> Result<(), String> {
    let voters = match way {
        Way::Embedded | Way::Etcd => (1..=NODES).map(NodeId).collect(),
        Way::Alone => vec![node.runtime().node()],
    };
    // A short history and a short log: snapshots are made and sent.
    let options = RaftOptions::new(voters)
        .limits(Limits::default().history_len_max(150))
        .snapshot_after(60, 20);
    let (child, raft) = RaftStore::child_spec(node.runtime(), "store", options);
    let (store, member) = asked(node, &raft, way)?;
    let store = store.within(LIMIT);
    let mut spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, Duration::from_secs(1))
        .child(child);
    if let Some(member) = member {
        spec = spec.child(member);
    }
    for name in ["a", "b"] {
        let store = store.clone();
        spec = spec.child(ChildSpec::worker(name, move |context| {
            let registers = Registers::new(store.clone(), habit);
            client(context, name.to_owned(), registers)
        }));
    }
    let started = Supervisor::start(node, "top", spec).await;
    started.map_err(|error| error.to_string())?;
    Handles::offer(node.runtime(), store);
    Ok(())
}

impl Scenario for StoreRegisters {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, NODES);
        plan.episodes = weather::of_replicas_and_disks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let (habit, way) = (self.habit, self.way);
        Box::pin(async move {
            // A node whose disk fails at its start is started again.
            while let Err(error) = start(&node, habit, way).await {
                node.runtime().note(error);
                node.runtime().sleep(AGAIN).await;
            }
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            Handles::works_somewhere(&world, keeps_what_is_put).await;
            Ok(())
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Linearizable::new(HISTORY, Register)));
        checkers
    }
}
