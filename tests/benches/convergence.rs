//! How long nodes that share a registry take to agree after a split, and what that and
//! their idleness cost.
//!
//! Half of the nodes cannot see the other half. Ten thousand names are registered, and
//! a hundred more on both sides; then all are told that they see each other. Who is in
//! the cluster is told by hand, so that the figures are the registry's alone. With
//! `--bench` up to a hundred nodes take part, without it five.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::membership::Member;
use steadfast::process::{Node, ProcessSpec};
use steadfast::registry::replicated::{
    ManualFeed, MemberNews, OnConflict, Replicated, ReplicatedConfig,
};
use steadfast::registry::{Backend as _, Keys, Registration, Registry};
use steadfast::runtime::{Identity as _, Incarnation, NodeId};
use steadfast::supervision::{Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::{Checker, Findings};
use steadfast_sim::trace::{Capture, NetEvent, Record, TraceEvent};
use steadfast_sim::{BoxFuture, Outcome, Plan, Scenario, SimRuntime, World, run_plan};

const NAMES: usize = 10_000;
const CONTESTED: usize = 100;
const SCOPE: &str = "names";
/// How long is looked at what idle nodes send.
const IDLE: Duration = Duration::from_secs(20);

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Messages and bytes that were sent.
#[derive(Default)]
struct Traffic {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    fn read(&self) -> (u64, u64) {
        let [messages, bytes] = [&self.messages, &self.bytes].map(|it| it.load(Ordering::Relaxed));
        (messages, bytes)
    }
}

/// Counts what is sent, and finds nothing wrong with it.
struct Counter(Arc<Traffic>);

impl Checker for Counter {
    fn name(&self) -> &'static str {
        "traffic"
    }

    fn observe(&mut self, record: &Record, _findings: &mut Findings) {
        if let TraceEvent::Net(NetEvent::Sent { len, .. }) = &record.event {
            self.0.messages.fetch_add(1, Ordering::Relaxed);
            self.0.bytes.fetch_add(u64::from(*len), Ordering::Relaxed);
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    time: Duration,
    messages: u64,
    bytes: u64,
    idle_messages: u64,
    idle_bytes: u64,
}

#[derive(Clone)]
struct Office {
    registry: Registry<SimRuntime>,
    backend: Replicated,
    feed: ManualFeed,
}

#[derive(Default)]
struct Offices(Mutex<BTreeMap<NodeId, Office>>);

struct Healing {
    nodes: u32,
    traffic: Arc<Traffic>,
    figures: Arc<Mutex<Figures>>,
}

async fn boot(node: Node<SimRuntime>) -> Result<(), String> {
    let runtime = node.runtime();
    let feed = ManualFeed::default();
    // A loser goes on without the name: here it holds others as well.
    let config = ReplicatedConfig::default().on_conflict(OnConflict::Tell);
    let mut made = None;
    let registry = Registry::with_backend(&node, "names", |host| {
        let backend = Replicated::new(host, runtime, config);
        let backend = backend.expect("the default makes sense");
        made = Some(backend.clone());
        backend
    });
    let backend = made.expect("the registry made its backend");
    let opened = registry.open_scope(SCOPE, Keys::Unique).await;
    opened.map_err(|error| error.to_string())?;
    let told = feed.clone();
    let driver = backend.child_spec("replication", move || told.reader());
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(driver);
    let top = Supervisor::start(&node, "top", spec).await;
    top.map_err(|error| error.to_string())?;
    let office = Office {
        registry,
        backend,
        feed,
    };
    let offices = runtime.board::<Offices>();
    let mut offices = offices.0.lock().unwrap_or_else(PoisonError::into_inner);
    offices.insert(runtime.node(), office);
    Ok(())
}

fn tell(offices: &[Office], members: impl Iterator<Item = u32>) {
    let incarnation = Incarnation(1);
    let member = |node| Member {
        node: NodeId(node),
        incarnation,
    };
    let members: Vec<_> = members.map(member).collect();
    for office in offices {
        office.feed.tell(MemberNews::All(members.clone()));
    }
}

/// Registers the share of a node, and the contested names on the first of each side.
async fn fill(world: &World, office: &Office, index: usize, nodes: usize) -> Result<(), String> {
    let id = NodeId(u32::try_from(index + 1).expect("few nodes"));
    let node = world.node(id).ok_or("the node is not up")?;
    let process = node.start(ProcessSpec::new("holder"), |_| std::future::pending::<()>());
    let process = process.map_err(|error| error.to_string())?;
    let own = (0..NAMES).filter(|number| number % nodes == index);
    let own = own.map(|number| format!("name/{number}"));
    let first = index == 0 || index == nodes / 2;
    let both = (0..CONTESTED).filter(|_| first);
    let names = own.chain(both.map(|number| format!("both/{number}")));
    let wanted = names.map(|name| Registration::new(SCOPE, name, process));
    let registered = office.registry.register_all(wanted.collect()).await;
    registered.map_err(|error| error.to_string())?;
    Ok(())
}

fn sees(office: &Office, entries: usize) -> bool {
    office.backend.health().entries == entries
}

fn agree(offices: &[Office]) -> bool {
    offices.iter().all(|office| sees(office, NAMES + CONTESTED))
        && (0..CONTESTED).all(|number| {
            let name = format!("both/{number}");
            let holders = offices
                .iter()
                .map(|it| it.backend.whereis(SCOPE, &name).ok());
            let mut holders: Vec<_> = holders.collect();
            holders.dedup();
            holders.len() == 1
        })
}

async fn measure(world: World, nodes: u32, traffic: Arc<Traffic>) -> Result<Figures, String> {
    let offices: Vec<Office> = {
        let board = world.board::<Offices>();
        let offices = board.0.lock().unwrap_or_else(PoisonError::into_inner);
        offices.values().cloned().collect()
    };
    let count = offices.len();
    if count != nodes as usize {
        return Err(format!("{count} of {nodes} nodes are up"));
    }
    let (left, right) = offices.split_at(count / 2);
    let half = nodes / 2;
    tell(left, 1..=half);
    tell(right, half + 1..=nodes);
    for (index, office) in offices.iter().enumerate() {
        fill(&world, office, index, count).await?;
    }
    let own =
        |side: usize| (0..NAMES).filter(move |number| (number % count < count / 2) == (side == 0));
    let [lefts, rights] = [0, 1].map(|side| own(side).count() + CONTESTED);
    let ready = || left.iter().all(|it| sees(it, lefts)) && right.iter().all(|it| sees(it, rights));
    if !world.until(LIMIT, ready).await {
        let seen = offices.iter().map(|it| it.backend.health().entries);
        let seen: Vec<_> = seen.collect();
        return Err(format!("the sides see {seen:?}, not {lefts} and {rights}"));
    }
    let (begun, before) = (world.time(), traffic.read());
    tell(&offices, 1..=nodes);
    if !world.until(LIMIT, || agree(&offices)).await {
        return Err("no agreement".to_owned());
    }
    let (agreed, between) = (world.time(), traffic.read());
    // What is still under way is not idleness.
    world.sleep(Duration::from_secs(3)).await;
    let idle = traffic.read();
    world.sleep(IDLE).await;
    let after = traffic.read();
    Ok(Figures {
        time: agreed - begun,
        messages: between.0 - before.0,
        bytes: between.1 - before.1,
        idle_messages: after.0 - idle.0,
        idle_bytes: after.1 - idle.1,
    })
}

impl Scenario for Healing {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn story(&self) -> &'static str {
        "two halves of a cluster that shared a registry meet again"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, self.nodes);
        plan.limits.safety = Duration::from_secs(60);
        plan.limits.records_max = 100_000_000;
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(boot(node))
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let (nodes, traffic) = (self.nodes, self.traffic.clone());
        let figures = self.figures.clone();
        Box::pin(async move {
            let measured = measure(world, nodes, traffic).await?;
            *figures.lock().unwrap_or_else(PoisonError::into_inner) = measured;
            Ok(())
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![Box::new(Counter(self.traffic.clone()))]
    }
}

fn row(nodes: u32) -> Result<String, String> {
    let scenario = Healing {
        nodes,
        traffic: Arc::default(),
        figures: Arc::default(),
    };
    let plan = scenario.plan(1);
    // A fresh thread, since the standard library seeds its maps once per thread.
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| run_plan(&scenario, &plan, Capture::Nothing));
        run.join().expect("a run never panics")
    });
    if run.report.outcome != Outcome::Passed {
        return Err(format!("{nodes} nodes: {:?}", run.report.outcome));
    }
    let figures = *scenario
        .figures
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if figures.time.is_zero() {
        return Err(format!("{nodes} nodes: nothing was measured in time"));
    }
    let trip = plan.topology.delay_min + plan.topology.delay_max;
    let seconds = f64::from(nodes) * IDLE.as_secs_f64();
    Ok(format!(
        "{nodes:>5} {:>9.1} {:>11.1} {:>9} {:>11} {:>15.1} {:>12.0}",
        figures.time.as_secs_f64() * 1_000.0,
        figures.time.as_secs_f64() / trip.as_secs_f64(),
        figures.messages,
        figures.bytes,
        figures.idle_messages as f64 / seconds,
        figures.idle_bytes as f64 / seconds,
    ))
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn main() -> ExitCode {
    let whole = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[u32] = if whole { &[3, 5, 25, 100] } else { &[3, 5] };
    println!("nodes   time/ms round trips  messages       bytes idle messages/s idle bytes/s");
    for nodes in sizes {
        match row(*nodes) {
            Ok(row) => println!("{row}"),
            Err(what) => {
                println!("{what}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
