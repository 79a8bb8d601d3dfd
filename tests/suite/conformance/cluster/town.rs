//! A cluster with a shared registry, and what a case does with it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::membership::{Membership, MembershipConfig};
use steadfast::process::{Node, ProcessId, ProcessSpec};
use steadfast::registry::replicated::{OnConflict, Replicated, ReplicatedConfig, Resolver};
use steadfast::registry::{Keys, Registered, Registration, Registry, RegistryError, Removal};
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target, Trigger};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::conformance::harness::passes_in_simulation;

/// Makes the tests of the named cases, in simulation under several schedules.
macro_rules! cluster_cases {
    ($($case:ident: $setting:expr),+ $(,)?) => {
        mod simulation {
            use super::*;

            $(
                #[test]
                fn $case() {
                    $crate::conformance::cluster::town::passes(&$setting, super::$case);
                }
            )+
        }
    };
}
pub(super) use cluster_cases;

pub(super) const NAMES: &str = "names";
pub(super) const GROUPS: &str = "groups";
/// How long a cluster may take to agree.
pub(super) const AGREEMENT: Duration = Duration::from_secs(30);

/// What a case wants to be so.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    nodes: u32,
    faults: Vec<Episode>,
    resolver: Option<Resolver>,
    losers_live: bool,
}

/// So many nodes.
pub(super) fn nodes(nodes: u32) -> Setting {
    Setting {
        nodes,
        faults: Vec::new(),
        resolver: None,
        losers_live: false,
    }
}

impl Setting {
    /// What goes wrong when the case writes a note, and for how long.
    pub(super) fn on(mut self, note: &str, fault: Fault, target: Target, seconds: u64) -> Self {
        let event = Trigger::Note(note.into());
        let duration = (seconds > 0).then(|| Duration::from_secs(seconds));
        self.faults.push(Episode {
            fault,
            target,
            start: Start::On { event, count: 1 },
            duration,
        });
        self
    }

    /// What goes wrong at a time since the start, and for how long, in milliseconds.
    pub(super) fn at(mut self, start: u64, fault: Fault, target: Target, duration: u64) -> Self {
        self.faults.push(Episode {
            fault,
            target,
            start: Start::At(Duration::from_millis(start)),
            duration: Some(Duration::from_millis(duration)),
        });
        self
    }

    /// The nodes are parted when the case writes `split`, for so long.
    pub(super) fn split(self, left: &[u32], right: &[u32], seconds: u64) -> Self {
        let [left, right] = [left, right].map(|side| side.iter().copied().map(NodeId).collect());
        let cut = Fault::Cut { in_flight: true };
        self.on("split", cut, Target::Between { left, right }, seconds)
    }

    /// A node dies when the case writes `crash N`; for good if it takes no time.
    pub(super) fn crash(self, node: u32, seconds: u64) -> Self {
        let fault = Fault::Crash { wipe_disk: false };
        let note = format!("crash {node}");
        self.on(&note, fault, Target::Node(NodeId(node)), seconds)
    }

    /// Messages are lost, doubled and put behind each other for the first minute.
    pub(super) fn weather(mut self) -> Self {
        let probability = 0.05;
        let window = Duration::from_millis(50);
        for fault in [
            Fault::Drop { probability },
            Fault::Duplicate { probability },
            Fault::Reorder {
                probability,
                window,
            },
        ] {
            self.faults.push(Episode {
                fault,
                target: Target::All,
                start: Start::At(Duration::ZERO),
                duration: Some(Duration::from_secs(60)),
            });
        }
        self
    }

    pub(super) fn resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = Some(resolver);
        self
    }

    pub(super) const fn losers_live(mut self) -> Self {
        self.losers_live = true;
        self
    }
}

/// What runs on one node.
#[derive(Clone)]
pub(super) struct Office {
    pub(super) registry: Registry<SimRuntime>,
    pub(super) backend: Replicated,
    pub(super) membership: Membership<SimRuntime>,
    pub(super) top: SupervisorRef<SimRuntime>,
}

#[derive(Default)]
struct Offices(Mutex<BTreeMap<NodeId, Office>>);

/// The cluster, as a case sees it.
#[derive(Clone)]
pub(super) struct Town {
    pub(super) world: World,
    nodes: u32,
}

impl Town {
    pub(super) fn office(&self, node: u32) -> Office {
        let offices = self.world.board::<Offices>();
        let offices = offices.0.lock().unwrap_or_else(PoisonError::into_inner);
        offices[&NodeId(node)].clone()
    }

    pub(super) fn node(&self, node: u32) -> Node<SimRuntime> {
        self.world.node(NodeId(node)).expect("the node is up")
    }

    /// Starts a process that does nothing until it is asked to exit.
    pub(super) fn process(&self, node: u32) -> ProcessId {
        let started = self
            .node(node)
            .start(ProcessSpec::new("person"), |_context| {
                std::future::pending::<()>()
            });
        started.expect("the node takes processes")
    }

    /// Registers a fresh process.
    pub(super) async fn register(&self, node: u32, name: &str) -> Result<ProcessId, RegistryError> {
        let process = self.process(node);
        self.enter(node, Registration::new(NAMES, name, process))
            .await
            .map(|_| process)
    }

    pub(super) async fn enter(
        &self,
        node: u32,
        wanted: Registration,
    ) -> Result<Registered, RegistryError> {
        self.office(node).registry.register(wanted).await
    }

    pub(super) async fn unregister(&self, node: u32, name: &str) {
        let gone = self
            .office(node)
            .registry
            .unregister(Removal::new(NAMES, name))
            .await;
        assert!(gone.is_ok(), "{gone:?}");
    }

    pub(super) fn holder(&self, node: u32, name: &str) -> Option<ProcessId> {
        let holder = self.office(node).registry.whereis(NAMES, name);
        holder.expect("the scope is open")
    }

    pub(super) fn up(&self) -> Vec<u32> {
        let all = 1..=self.nodes;
        all.filter(|node| self.world.is_up(NodeId(*node))).collect()
    }

    /// What all nodes see under a name, if they see the same.
    pub(super) fn common(&self, name: &str) -> Option<Option<ProcessId>> {
        let mut seen: Vec<_> = self
            .up()
            .iter()
            .map(|node| self.holder(*node, name))
            .collect();
        seen.dedup();
        (seen.len() == 1).then(|| seen[0])
    }

    /// Waits until all nodes see this under a name.
    pub(super) async fn agree(&self, name: &str, holder: Option<ProcessId>) {
        let agreed = self
            .world
            .until(AGREEMENT, || self.common(name) == Some(holder));
        assert!(
            agreed.await,
            "{name}: {:?}, not {holder:?}",
            self.seen(name)
        );
        self.audit();
    }

    /// Waits until all nodes see the same holder under a name, and answers it.
    pub(super) async fn agreed(&self, name: &str) -> ProcessId {
        let agreed = self
            .world
            .until(AGREEMENT, || matches!(self.common(name), Some(Some(_))));
        assert!(agreed.await, "{name}: {:?}", self.seen(name));
        self.common(name).flatten().expect("they agree")
    }

    fn seen(&self, name: &str) -> Vec<(u32, Option<ProcessId>)> {
        let up = self.up().into_iter();
        up.map(|node| (node, self.holder(node, name))).collect()
    }

    /// Waits until a node sees so many other members with all that they hold.
    pub(super) async fn meets(&self, node: u32, others: usize) {
        let met = self.world.until(AGREEMENT, || {
            let peers = self.office(node).backend.peers();
            let known = peers
                .iter()
                .filter(|peer| peer.up && peer.applied.is_some());
            known.count() == others
        });
        assert!(met.await, "{:?}", self.office(node).backend.peers());
    }

    /// Waits until all nodes that are up know each other.
    pub(super) async fn all_meet(&self) {
        let up = self.up();
        for node in &up {
            self.meets(*node, up.len() - 1).await;
        }
    }

    pub(super) async fn pass(&self, seconds: u64) {
        self.world.sleep(Duration::from_secs(seconds)).await;
    }

    /// Nothing that is stored twice disagrees, on any node.
    pub(super) fn audit(&self) {
        for node in self.up() {
            let complaints = self.office(node).registry.audit();
            assert!(complaints.is_empty(), "n{node}: {complaints:?}");
        }
    }
}

async fn boot(node: Node<SimRuntime>, world: Arc<Offices>, setting: Setting) -> Result<(), String> {
    let runtime = node.runtime();
    let config = MembershipConfig::fast("town").seeds((1..=setting.nodes.min(3)).map(NodeId));
    let membership = Membership::new(runtime, config).map_err(|e| e.to_string())?;
    let mut config = ReplicatedConfig::default().index("tier");
    if setting.losers_live {
        config = config.on_conflict(OnConflict::Tell);
    }
    config.resolver = setting.resolver;
    let mut made = None;
    let registry = Registry::with_backend(&node, "names", |host| {
        let backend = Replicated::new(host, runtime, config).expect("the default makes sense");
        made = Some(backend.clone());
        backend
    });
    let backend = made.expect("the registry made its backend");
    for (scope, keys) in [(NAMES, Keys::Unique), (GROUPS, Keys::Duplicate)] {
        let opened = registry.open_scope(scope, keys).await;
        opened.map_err(|e| e.to_string())?;
    }
    let members = membership.clone();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(10, Duration::from_secs(1))
        .child(membership.child_spec("membership"))
        .child(backend.child_spec("replication", move || members.subscribe()));
    let top = Supervisor::start(&node, "top", spec).await;
    let top = top.map_err(|e| e.to_string())?;
    let office = Office {
        registry,
        backend,
        membership,
        top,
    };
    let mut offices = world.0.lock().unwrap_or_else(PoisonError::into_inner);
    offices.insert(runtime.node(), office);
    Ok(())
}

/// A case as a scenario.
struct Case<C> {
    setting: Setting,
    case: C,
    /// Whether it was carried out to its end.
    finished: Arc<AtomicBool>,
}

/// Runs a case in simulation under several schedules, with the standard checks on.
pub(super) fn passes<C, F>(setting: &Setting, case: C)
where
    C: Fn(Town) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    passes_in_simulation(|| Case {
        setting: setting.clone(),
        case: case.clone(),
        finished: Arc::default(),
    });
}

impl<C, F> Scenario for Case<C>
where
    C: Fn(Town) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    fn name(&self) -> &'static str {
        "conformance_cluster"
    }

    fn story(&self) -> &'static str {
        "one case of the conformance suite on a cluster with a shared registry"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, self.setting.nodes);
        plan.limits.safety = Duration::from_secs(150);
        plan.episodes.clone_from(&self.setting.faults);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let offices = node.runtime().board::<Offices>();
        Box::pin(boot(node, offices, self.setting.clone()))
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let (case, finished) = (self.case.clone(), self.finished.clone());
        let nodes = self.setting.nodes;
        Box::pin(async move {
            let town = Town { world, nodes };
            town.all_meet().await;
            case(town).await;
            finished.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let finished = self.finished.load(Ordering::Acquire);
        let unfinished = "the case takes longer than the run";
        Box::pin(async move {
            // Who was crashed for good starts again here, and must have started to stop.
            world.sleep(Duration::from_secs(1)).await;
            finished.then_some(()).ok_or_else(|| unfinished.to_owned())
        })
    }
}
