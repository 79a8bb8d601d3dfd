//! Canonical traces of registries, short enough to read as documentation.

use std::time::Duration;

use steadfast::membership::{Membership, MembershipConfig};
use steadfast::process::{Context, ExitReason, Node};
use steadfast::registry::replicated::{Replicated, ReplicatedConfig};
use steadfast::registry::{
    BackendConfig, BackendSpec, Keys, Local, LocalOptions, Metadata, Registration, Registry,
    RegistryConfig, SwitchOptions,
};
use steadfast::runtime::{Clock as _, Identity as _, NodeId};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::trace::render::Domain;
use steadfast_sim::{SimRuntime, TestError, assert_trace_snapshot};

const SECOND: Duration = Duration::from_secs(1);

/// Where the test finds what a node has made.
type Made = std::sync::Mutex<Option<Registry<SimRuntime>>>;

async fn local(node: &Node<SimRuntime>) -> Result<Registry<SimRuntime>, TestError> {
    let config = RegistryConfig::new()
        .backend(BackendConfig::memory())
        .scope("agents", Keys::Unique);
    Ok(Registry::new(node, "names", config).await?)
}

async fn start(node: Node<SimRuntime>, spec: SupervisorSpec<SimRuntime>) -> Result<(), TestError> {
    Supervisor::start(&node, "top", spec).await?;
    Ok(())
}

fn spec() -> SupervisorSpec<SimRuntime> {
    SupervisorSpec::new(Strategy::OneForOne)
}

/// Asks for the name once it is time, says what it was told, and lives on.
async fn ask(
    context: Context<SimRuntime>,
    registry: Registry<SimRuntime>,
    at: Duration,
) -> ExitReason {
    context.runtime().sleep(at).await;
    let wanted = Registration::new("agents", "planner", context.id());
    match registry.register(wanted).await {
        Ok(_) => context.runtime().note("one has the name"),
        Err(error) => context.runtime().note(error.to_string()),
    }
    context.exit_requested().await
}

#[test]
fn three_race_for_one_name() {
    let trace = steadfast_sim::test("race")
        .nodes(1)
        .plan(|plan| plan.limits.safety = SECOND)
        .shows([Domain::Registry, Domain::Run, Domain::Process])
        .boot(|node| async move {
            let registry = local(&node).await?;
            let racers = ["one", "two", "three"];
            let spec = racers.into_iter().fold(spec(), |spec, racer| {
                let registry = registry.clone();
                let body = move |context| ask(context, registry.clone(), SECOND / 2);
                spec.child(ChildSpec::worker(racer, body))
            });
            start(node, spec).await
        })
        .story(1);
    assert_trace_snapshot!("race__three_race_for_one_name", trace);
}

/// Takes the name, and panics after a while; its successor lives.
async fn mortal(context: Context<SimRuntime>, registry: Registry<SimRuntime>) -> ExitReason {
    let before = registry.whereis("agents", "planner");
    let first = before == Ok(None) && context.id().local == 2;
    let about = Metadata::new().with("first", first);
    let wanted = Registration::new("agents", "planner", context.id()).metadata(about);
    if let Err(error) = registry.register(wanted).await {
        context.runtime().note(error.to_string());
    }
    if first {
        context.runtime().sleep(SECOND / 4).await;
        panic!("out of luck");
    }
    context.exit_requested().await
}

#[test]
fn a_successor_finds_its_name_free() {
    let trace = steadfast_sim::test("handover")
        .nodes(1)
        .plan(|plan| plan.limits.safety = SECOND)
        .shows([Domain::Registry, Domain::Process, Domain::Supervision])
        .boot(|node| async move {
            let registry = local(&node).await?;
            let body = move |context| mortal(context, registry.clone());
            start(node, spec().child(ChildSpec::worker("planner", body))).await
        })
        .story(1);
    assert_trace_snapshot!("handover__a_successor_finds_its_name_free", trace);
}

#[test]
fn a_backend_changes_and_nobody_notices() {
    let trace = steadfast_sim::test("migration")
        .nodes(1)
        .plan(|plan| plan.limits.safety = SECOND)
        .shows([Domain::Registry, Domain::Run])
        .boot(|node| async move {
            let registry = local(&node).await?;
            let made = node.runtime().board::<Made>();
            *made.lock().expect("nobody panicked") = Some(registry.clone());
            let body = move |context| ask(context, registry.clone(), SECOND / 4);
            start(node, spec().child(ChildSpec::worker("planner", body))).await
        })
        .trace(1, |world| async move {
            world.sleep(SECOND / 2).await;
            let made = world.board::<Made>();
            let registry = made.lock().expect("nobody panicked").clone();
            let registry = registry.ok_or("the node has started")?;
            let partitioned = BackendSpec::new(|node: &Node<SimRuntime>, host| {
                Local::partitioned(host, node.runtime(), LocalOptions::new(), 4)
            });
            let before = registry.whereis("agents", "planner")?;
            registry
                .switch_to(partitioned, SwitchOptions::within(SECOND))
                .await?;
            if registry.whereis("agents", "planner")? == before {
                world.note("the holder is the same");
            }
            Ok(())
        });
    assert_trace_snapshot!("migration__a_backend_changes_and_nobody_notices", trace);
}

/// A registry that both nodes share, and a process that asks for the name while they
/// do not hear each other.
async fn shared(node: Node<SimRuntime>) -> Result<(), TestError> {
    let runtime = node.runtime();
    let config = MembershipConfig::fast("traces").seeds([NodeId(1), NodeId(2)]);
    let membership = Membership::new(runtime, config)?;
    let mut driver = None;
    let registry = Registry::with_backend(&node, "names", |host| {
        let config = ReplicatedConfig::default();
        let backend = Replicated::new(host, runtime, config).expect("the default makes sense");
        let members = membership.clone();
        driver = Some(backend.child_spec("replication", move || members.subscribe()));
        backend
    });
    registry.open_scope("agents", Keys::Unique).await?;
    // Neither has heard of the other's claim, so neither is earlier: identity decides.
    let at = SECOND * 4 + SECOND / 10 * runtime.node().0;
    let body = move |context| ask(context, registry.clone(), at);
    let children = std::iter::once(membership.child_spec("membership"))
        .chain(driver)
        .chain([ChildSpec::worker("planner", body)]);
    let spec = children.fold(spec(), SupervisorSpec::child);
    start(node, spec).await
}

#[test]
fn a_split_heals_and_one_holder_is_left() {
    let trace = steadfast_sim::test("split")
        .nodes(2)
        .plan(|plan| plan.limits.safety = SECOND * 12)
        .shows([Domain::Registry, Domain::Fault, Domain::Membership])
        .faults(|_| {
            vec![Episode {
                fault: Fault::Cut { in_flight: false },
                target: Target::Between {
                    left: vec![NodeId(1)],
                    right: vec![NodeId(2)],
                },
                start: Start::At(SECOND),
                duration: Some(SECOND * 5),
            }]
        })
        .boot(shared)
        .story(1);
    assert_trace_snapshot!("split__a_split_heals_and_one_holder_is_left", trace);
}
