//! The registry that a replicated store decides for: what a minority is told, and in which
//! order everything happened.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use steadfast::process::{Node, ProcessId, ProcessSpec};
use steadfast::registry::consistent::{Consistent, ConsistentConfig};
use steadfast::registry::{Keys, Registration, Registry, RegistryError};
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::store::{RaftOptions, RaftStore};
use steadfast::supervision::{Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::trace::Capture;
use steadfast_sim::{Outcome, SimRuntime, TestError, World, run_plan};

const SECOND: Duration = Duration::from_secs(1);
/// How long a change may take.
const LIMIT: Duration = Duration::from_secs(3);
const NODES: u32 = 3;

/// Where the case finds the registries.
type Made = Mutex<BTreeMap<NodeId, Registry<SimRuntime>>>;

async fn boot(node: Node<SimRuntime>) -> Result<(), TestError> {
    let runtime = node.runtime();
    let options = RaftOptions::new((1..=NODES).map(NodeId));
    let (child, raft) = RaftStore::child_spec(runtime, "store", options);
    let mut config = ConsistentConfig::default();
    config.answer_limit = SECOND;
    let mut made = None;
    let registry = Registry::with_backend(&node, "names", |host| {
        let backend = Consistent::new(host, runtime, config).expect("the limits make sense");
        made.insert(backend).clone()
    });
    let registry = registry.with_limit(LIMIT);
    registry.open_scope("services", Keys::Unique).await?;
    let session = made.ok_or("it was made")?;
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(child)
        .child(session.child_spec("session", raft.store()));
    Supervisor::start(&node, "top", spec).await?;
    let all = runtime.board::<Made>();
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.insert(runtime.node(), registry);
    Ok(())
}

/// Registers a fresh process of a node.
async fn register(world: &World, node: u32, name: &str) -> Result<ProcessId, RegistryError> {
    let node = NodeId(node);
    let all = world.board::<Made>();
    let registry = {
        let all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all[&node].clone()
    };
    let idle = |_context| std::future::pending::<()>();
    let process = registry.node().start(ProcessSpec::new("holder"), idle);
    let process = process.expect("the node takes processes");
    let wanted = Registration::new("services", name, process);
    registry.register(wanted).await.map(|_| process)
}

#[test]
fn b35_a_minority_is_refused_in_time_and_the_majority_goes_on() {
    let cut = Episode {
        fault: Fault::Cut { in_flight: true },
        target: Target::Between {
            left: vec![NodeId(1), NodeId(2)],
            right: vec![NodeId(3)],
        },
        start: Start::At(SECOND * 3),
        duration: Some(SECOND * 5),
    };
    steadfast_sim::test("b35")
        .nodes(NODES)
        .seeds(0..2)
        .plan(|plan| plan.limits.safety = SECOND * 20)
        .faults(move |_| vec![cut.clone()])
        .boot(boot)
        .run(|world| async move {
            let before = register(&world, 3, "before").await?;
            world.sleep_until(SECOND * 4).await;
            let asked = world.time();
            let refused = register(&world, 3, "k").await;
            assert!(
                matches!(refused, Err(RegistryError::Unavailable { .. })),
                "{refused:?}"
            );
            assert!(world.time() <= asked + LIMIT);
            // A leader on the wrong side has to be replaced first.
            let mut holder = register(&world, 1, "k").await;
            while holder.is_err() && world.time() < SECOND * 7 {
                holder = register(&world, 1, "k").await;
            }
            let holder = holder?;
            let key = steadfast::registry::Key::new("services", "k");
            let taken = RegistryError::AlreadyRegistered { key, holder };
            assert_eq!(register(&world, 2, "k").await, Err(taken.clone()));
            world.sleep_until(SECOND * 12).await;
            assert_eq!(register(&world, 3, "k").await, Err(taken));
            // What the minority held is its own still.
            let key = steadfast::registry::Key::new("services", "before");
            let taken = RegistryError::AlreadyRegistered {
                key,
                holder: before,
            };
            assert_eq!(register(&world, 1, "before").await, Err(taken));
            Ok(())
        });
}

#[test]
fn b36_every_history_of_a_name_has_an_order() {
    for seed in 0..2 {
        let catalogue = steadfast_scenarios::catalogue();
        let mut stories = catalogue.into_iter();
        let story = stories.find(|story| story.name() == "registry_consistent");
        let story = story.expect("the catalogue has it");
        let plan = story.plan(seed);
        let outcome = std::thread::scope(|scope| {
            let run = scope.spawn(|| run_plan(&*story, &plan, Capture::Nothing));
            run.join().expect("a run never panics").report.outcome
        });
        assert_eq!(outcome, Outcome::Passed, "seed {seed}");
    }
}
