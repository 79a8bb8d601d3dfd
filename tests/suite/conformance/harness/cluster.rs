//! Simulated clusters whose nodes are members of each other.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::event::{Event, MembershipEvent};
use steadfast::membership::{Member, Membership, MembershipConfig, PeerState};
use steadfast::process::Node;
use steadfast::runtime::{Incarnation, NodeId};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::trace::{Capture, Record, TraceEvent};
use steadfast_sim::{BoxFuture, Outcome, Plan, Run, Scenario, SimRuntime, World, run_plan};

type Drive = dyn Fn(World) -> BoxFuture<'static, Result<(), String>> + Send + Sync;
type Configure = dyn Fn(NodeId) -> MembershipConfig + Send + Sync;

/// Where the world finds the memberships and supervisors of its nodes.
#[derive(Default)]
pub(crate) struct Views(Mutex<BTreeMap<NodeId, View>>);

/// One node, from outside.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) membership: Membership<SimRuntime>,
    pub(crate) supervisor: SupervisorRef<SimRuntime>,
}

impl Views {
    pub(crate) fn of(&self, node: u32) -> View {
        let views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views
            .get(&NodeId(node))
            .expect("the node has booted")
            .clone()
    }

    fn put(&self, node: NodeId, view: View) {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views.insert(node, view);
    }
}

/// The name under which the driver runs.
pub(crate) const DRIVER: &str = "membership";

/// A cluster of one test, run once for each seed.
#[derive(Clone)]
pub(crate) struct Cluster {
    nodes: u32,
    configure: Arc<Configure>,
    episodes: Vec<Episode>,
    length: Duration,
    settle: Duration,
    drive: Arc<Drive>,
}

impl Cluster {
    /// Nodes that know `n1` as their seed and live by the fast preset.
    pub(crate) fn new(nodes: u32) -> Self {
        Self {
            nodes,
            configure: Arc::new(|_| MembershipConfig::fast("test").seeds([NodeId(1)])),
            episodes: Vec::new(),
            length: Duration::from_secs(10),
            settle: Duration::from_secs(30),
            drive: Arc::new(|_| Box::pin(std::future::ready(Ok(())))),
        }
    }

    /// How each node takes part.
    pub(crate) fn configured(
        mut self,
        configure: impl Fn(NodeId) -> MembershipConfig + Send + Sync + 'static,
    ) -> Self {
        self.configure = Arc::new(configure);
        self
    }

    /// How long the safety phase is.
    pub(crate) fn length(mut self, length: Duration) -> Self {
        self.length = length;
        self
    }

    /// What goes wrong, from when, and for how long.
    pub(crate) fn fault(
        mut self,
        fault: Fault,
        target: Target,
        from: Duration,
        duration: Option<Duration>,
    ) -> Self {
        self.episodes.push(Episode {
            fault,
            target,
            start: Start::At(from),
            duration,
        });
        self
    }

    /// What the test does while the cluster runs.
    pub(crate) fn drive<F>(mut self, drive: impl Fn(World) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.drive = Arc::new(move |world| Box::pin(drive(world)));
        self
    }

    /// Runs one seed on a fresh thread. It must pass, the standard checks included.
    #[track_caller]
    pub(crate) fn run(&self, seed: u64) -> History {
        let run = self.run_unjudged(seed);
        let report = &run.report;
        assert_eq!(
            report.outcome,
            Outcome::Passed,
            "seed {seed}: {:#?}",
            report.tail
        );
        History(run)
    }

    /// Runs one seed, whatever comes of it.
    pub(crate) fn run_unjudged(&self, seed: u64) -> Run {
        let plan = self.plan(seed);
        std::thread::scope(|scope| {
            let run = scope.spawn(|| run_plan(self, &plan, Capture::All));
            run.join().expect("a run does not panic")
        })
    }
}

impl Scenario for Cluster {
    fn name(&self) -> &'static str {
        "conformance_cluster"
    }

    fn story(&self) -> &'static str {
        "one case of the conformance suite with a cluster"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, self.nodes);
        plan.limits.safety = self.length;
        plan.limits.liveness = self.settle;
        plan.limits.records_max = 20_000_000;
        plan.episodes.clone_from(&self.episodes);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let config = (self.configure)(steadfast::runtime::Identity::node(node.runtime()));
        Box::pin(async move {
            let membership =
                Membership::new(node.runtime(), config).map_err(|error| error.to_string())?;
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(100, Duration::from_secs(1))
                .child(membership.child_spec(DRIVER));
            let supervisor = Supervisor::start(&node, "top", spec)
                .await
                .map_err(|error| error.to_string())?;
            let own = membership.own().node;
            let view = View {
                membership,
                supervisor,
            };
            node.runtime().board::<Views>().put(own, view);
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        (self.drive)(world)
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Whether each of the nodes sees all of them, alive and as they were started last, and
/// nobody else.
pub(crate) fn agree(world: &World, nodes: &[u32]) -> bool {
    let views = world.board::<Views>();
    let expected: Vec<_> = nodes
        .iter()
        .map(|node| {
            let node = NodeId(*node);
            let incarnation = world.incarnation(node).unwrap_or(Incarnation(0));
            (Member { node, incarnation }, PeerState::Alive)
        })
        .collect();
    nodes.iter().all(|node| {
        let members = views.of(*node).membership.members();
        let seen: Vec<_> = members
            .iter()
            .map(|peer| (peer.member, peer.state))
            .collect();
        seen == expected
    })
}

/// What happened in one run.
pub(crate) struct History(Run);

/// What one node said of the membership, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saying {
    pub(crate) at: Duration,
    pub(crate) observer: NodeId,
    pub(crate) event: MembershipEvent,
}

impl History {
    pub(crate) fn digest(&self) -> String {
        format!("{:?}", self.0.report.digest)
    }

    pub(crate) fn trace(&self) -> &[Record] {
        &self.0.trace
    }

    /// All that was said of the membership, in order.
    pub(crate) fn sayings(&self) -> Vec<Saying> {
        let said = self.0.trace.iter().filter_map(|record| {
            let TraceEvent::Core(Event::Membership(event)) = &record.event else {
                return None;
            };
            Some(Saying {
                at: Duration::from_nanos(record.time),
                observer: record.node.expect("a node says it"),
                event: event.clone(),
            })
        });
        said.collect()
    }
}
