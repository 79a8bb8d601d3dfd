//! Services that fail to start, fall over and feel unwell, with others that depend
//! on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::Label;
use steadfast::boot::{Boot as Services, BootRef, BootSpec, Health, HealthCheck, ServiceSpec};
use steadfast::event::HealthStatus;
use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{Clock as _, Identity as _, NodeId};
use steadfast::supervision::{Backoff, ChildSpec};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::{Cast, Cue, Farewell, play};
use crate::draw::Draw;
use crate::weather;

/// Name, phase and dependencies.
const SERVICES: [(&str, &str, &[&str]); 5] = [
    ("store", "infrastructure", &[]),
    ("telemetry", "infrastructure", &[]),
    ("config", "foundation", &["store"]),
    ("api", "application", &["config", "telemetry"]),
    ("jobs", "application", &["store", "api"]),
];

/// How a service feels at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mood {
    #[default]
    Well,
    Limited,
    Sick,
    /// Its check never answers.
    Silent,
    /// Its check panics.
    Angry,
}

#[derive(Default)]
struct State {
    moods: BTreeMap<(NodeId, Label), Mood>,
    /// How many of the next starts fail.
    refusals: BTreeMap<(NodeId, Label), u64>,
    boots: BTreeMap<NodeId, BootRef<SimRuntime>>,
}

/// What the plan has done to the services, on every node.
#[derive(Default)]
struct Wards(Mutex<State>);

impl Wards {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes one refusal, if any is left.
    fn refuses(&self, node: NodeId, service: &Label) -> bool {
        self.with(
            |state| match state.refusals.get_mut(&(node, service.clone())) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            },
        )
    }
}

async fn serve(context: Context<SimRuntime>, service: Label) -> ExitReason {
    let wards = context.runtime().board::<Wards>();
    if wards.refuses(context.id().node, &service) {
        return ExitReason::failed("told not to start");
    }
    let takes = Duration::from_millis(20);
    play(
        context,
        service,
        Farewell {
            takes,
            badly: false,
        },
    )
    .await
}

async fn examine(context: Context<SimRuntime>, service: Label) -> Result<Health, ExitReason> {
    let wards = context.runtime().board::<Wards>();
    let here = (context.id().node, service);
    match wards
        .with(|state| state.moods.get(&here).copied())
        .unwrap_or_default()
    {
        Mood::Well => Ok(Health::Good),
        Mood::Limited => Ok(Health::Degraded("it works with limits".into())),
        Mood::Sick => Err(ExitReason::failed("it feels sick")),
        Mood::Silent => std::future::pending().await,
        Mood::Angry => panic!("told to panic in a check"),
    }
}

fn spec() -> BootSpec<SimRuntime> {
    let mut spec = BootSpec::new(["infrastructure", "foundation", "application"])
        .intensity(10_000, Duration::from_secs(1))
        .backoff(Backoff {
            base: Duration::from_millis(5),
            factor: 2.0,
            cap: Duration::from_millis(200),
            jitter: 0.3,
            reset_after: Duration::from_secs(2),
        });
    for (name, phase, dependencies) in SERVICES {
        let service = Label::from(name);
        let examined = service.clone();
        let child = ChildSpec::worker(name, move |context| serve(context, service.clone()))
            .trap_exit(true)
            .acknowledged(Duration::from_secs(1));
        let check = HealthCheck::new(Duration::from_millis(100), move |context, _| {
            examine(context, examined.clone())
        })
        .limit(Duration::from_millis(50))
        .failures_to_unhealthy(2);
        spec = spec.service(
            ServiceSpec::new(phase, child)
                .depends_on(dependencies.iter().copied())
                .health(check),
        );
    }
    spec
}

/// Boot with failing dependencies and flapping health.
pub(super) struct Boot;

impl Scenario for Boot {
    fn name(&self) -> &'static str {
        "boot"
    }

    fn story(&self) -> &'static str {
        "services refuse to start, fall over and feel unwell; those that depend on them follow"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "boot");
        let mut plan = Plan::new(self.name(), seed, draw.between(1, 2) as u32);
        let count = draw.between(3, 25);
        let actions = [
            "panic", "fail", "refuse", "limit", "sicken", "silence", "anger", "cure", "restart",
        ];
        let services = SERVICES.len() as u64;
        let nodes = plan.topology.nodes;
        plan.operations = draw.operations(count, Duration::from_secs(9), nodes, &actions, services);
        plan.episodes = weather::of_nodes(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let runtime = node.runtime();
            let wards = runtime.board::<Wards>();
            let id = runtime.node();
            if runtime.incarnation().0 == 1 {
                // The first boot may fail a few times before it succeeds.
                let mut draw = Draw::new(plan.seed, "first boot");
                let (name, ..) = SERVICES[draw.between(0, SERVICES.len() as u64 - 1) as usize];
                let refusals = draw.between(0, 3);
                wards.with(|state| state.refusals.insert((id, name.into()), refusals));
            }
            loop {
                match Services::start(&node, "services", spec()).await {
                    Ok(boot) => {
                        wards.with(|state| state.boots.insert(id, boot));
                        return Ok(());
                    }
                    // A failed boot has left nothing behind and can be tried again.
                    Err(_) => runtime.sleep(Duration::from_millis(50)).await,
                }
            }
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let wards = world.board::<Wards>();
            let cast = world.board::<Cast>();
            for operation in &world.plan().operations {
                world.sleep_until(operation.at).await;
                let (name, ..) = SERVICES[operation.value as usize % SERVICES.len()];
                let here = (operation.node, Label::from(name));
                let mood = match &*operation.action {
                    "refuse" => {
                        wards.with(|state| state.refusals.insert(here, 1 + operation.value));
                        cast.cue(operation.node, name, Cue::Panic);
                        continue;
                    }
                    "restart" => {
                        let boot = wards.with(|state| state.boots.get(&operation.node).cloned());
                        if let Some(boot) = boot {
                            // It may be in the middle of a restart, which is an answer too.
                            let limit = Duration::from_secs(2);
                            drop(boot.restart_service(name, limit).await);
                        }
                        continue;
                    }
                    "limit" => Mood::Limited,
                    "sicken" => Mood::Sick,
                    "silence" => Mood::Silent,
                    "anger" => Mood::Angry,
                    "cure" => Mood::Well,
                    action => {
                        if let Some(cue) = Cue::parse(action, 0) {
                            cast.cue(operation.node, name, cue);
                        }
                        continue;
                    }
                };
                wards.with(|state| state.moods.insert(here, mood));
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let wards = world.board::<Wards>();
            wards.with(|state| {
                state.moods.clear();
                state.refusals.clear();
            });
            let healthy = |node: &NodeId| {
                let boot = wards.with(|state| state.boots.get(node).cloned());
                boot.is_some_and(|boot| boot.status().overall() == HealthStatus::Healthy)
            };
            while !world.core().iter().all(healthy) {
                world.sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        })
    }
}
