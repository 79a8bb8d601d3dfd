//! Names that a replicated store gives away, under everything that does not take a disk
//! away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use steadfast::Label;
use steadfast::process::{Context, Node, ProcessId};
use steadfast::registry::consistent::{Consistent, ConsistentConfig, OnLoss};
use steadfast::registry::{Keys, Registration, Registry, RegistryError, Removal};
use steadfast::runtime::{Clock as _, Entropy as _, Incarnation, NodeId};
use steadfast::store::{Limits, RaftOptions, RaftStore};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::linearizability::{Linearizable, Register};
use steadfast_sim::check::{Checker, standard};
use steadfast_sim::history::{HistoryRecorder, RecordedCall, Value};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::handles::Handles;
use crate::settle::safety_ends;
use crate::weather;

/// The voters.
const NODES: u32 = 3;
/// The history that the players record, and its checker.
const HISTORY: &str = "names";
/// How many names there are.
const NAMES: u64 = 4;
/// The scope of all of them.
const SCOPE: &str = "services";
/// How long a change may take.
const LIMIT: Duration = Duration::from_secs(2);
/// The longest between two wishes of a player, in milliseconds.
const PAUSE_MAX: u64 = 150;
/// Longer than a run takes: names of a node that has crashed stay its own, so that every
/// change of a name is one that somebody has asked for.
const TTL: Duration = Duration::from_secs(600);

/// The story.
pub(crate) struct RegistryConsistent;

/// How the history writes who holds a name.
fn holder(node: NodeId, incarnation: Incarnation) -> Value {
    Value::from(u64::from(node.0) * 1_000 + u64::from(incarnation.0))
}

/// Somebody who takes names and lets go of them, and records it all.
struct Player {
    id: ProcessId,
    registry: Registry<SimRuntime>,
    recorder: HistoryRecorder,
    held: BTreeSet<Label>,
}

impl Player {
    /// A name changes from one holder to another, in the words of a register.
    fn asks(&self, name: &Label, from: Value, to: Value) -> RecordedCall {
        let process = self.id.node.to_string();
        let change: Value = (from, to).into();
        self.recorder
            .invoke(process, "cas", Some(name.as_str()), change)
    }

    fn me(&self) -> Value {
        holder(self.id.node, self.id.incarnation)
    }

    /// Asks for a name. One that it may have is one that it must let go of.
    async fn take(&mut self, name: &Label) {
        let call = self.asks(name, Value::Null, self.me());
        let wanted = Registration::new(SCOPE, name, self.id);
        match self.registry.register(wanted).await {
            Ok(registered) => {
                self.held.insert(name.clone());
                if registered.fresh {
                    call.ok(());
                } else {
                    // What nobody answered when it was asked for was granted.
                    call.ok(false);
                }
            }
            Err(RegistryError::AlreadyRegistered { .. }) => call.ok(false),
            Err(_) => {
                self.held.insert(name.clone());
                call.unknown();
            }
        }
    }

    /// Lets go of a name that it has, or may have.
    async fn let_go(&mut self, name: &Label) {
        let call = self.asks(name, self.me(), Value::Null);
        let removal = Removal::new(SCOPE, name).of(self.id);
        match self.registry.unregister(removal).await {
            Ok(_) => {
                self.held.remove(name);
                call.ok(());
            }
            // What nobody answered when it was asked for was not granted, or not yet.
            Err(RegistryError::NotRegistered { .. } | RegistryError::Changed { .. }) => {
                self.held.remove(name);
                call.failed();
            }
            Err(_) => call.unknown(),
        }
    }
}

async fn play(context: Context<SimRuntime>, registry: Registry<SimRuntime>) {
    let id = context.id();
    let runtime = context.runtime();
    let mut player = Player {
        id,
        registry,
        recorder: HistoryRecorder::of_node(runtime, HISTORY),
        held: BTreeSet::new(),
    };
    let names: Vec<Label> = (0..NAMES).map(|name| format!("n{name}").into()).collect();
    // What this node held before it crashed may go from here on.
    for before in 1..id.incarnation.0 {
        let before = holder(id.node, Incarnation(before));
        for name in &names {
            player.asks(name, before.clone(), Value::Null).unknown();
        }
    }
    let mut draw = runtime.stream(&format!("player {}", id.node));
    loop {
        let pause = Duration::from_millis(1 + draw.below(PAUSE_MAX));
        runtime.sleep(pause).await;
        let name = &names[draw.below(NAMES) as usize];
        if player.held.contains(name) {
            player.let_go(name).await;
        } else {
            player.take(name).await;
        }
    }
}

impl Scenario for RegistryConsistent {
    fn name(&self) -> &'static str {
        "registry_consistent"
    }

    fn story(&self) -> &'static str {
        "a replicated store gives names away; every history of a name has an order"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, NODES);
        plan.episodes = weather::of_replicas(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let runtime = node.runtime();
            let options = RaftOptions::new((1..=NODES).map(NodeId))
                .limits(Limits::default().history_len_max(150))
                .snapshot_after(60, 20);
            let (child, raft) = RaftStore::child_spec(runtime, "store", options);
            let store = raft.store().within(LIMIT / 2);
            let mut backend = None;
            let registry = Registry::with_backend(&node, HISTORY, |host| {
                let config = ConsistentConfig::default().ttl(TTL).on_loss(OnLoss::Tell);
                let made = Consistent::new(host, runtime, config).expect("it makes sense");
                backend.insert(made).clone()
            });
            let registry = registry.with_limit(LIMIT);
            let opened = registry.open_scope(SCOPE, Keys::Unique).await;
            opened.map_err(|error| error.to_string())?;
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(100, Duration::from_secs(1))
                .child(child);
            let top = Supervisor::start(&node, "top", spec).await;
            let top = top.map_err(|error| error.to_string())?;
            Handles::offer(runtime, registry.clone());
            // It has no session before a majority is there.
            let backend = backend.ok_or("it was made")?;
            let session = || backend.child_spec("session", store.clone());
            while let Err(error) = top.start_child(session()).await {
                if !node.is_alive(top.id()) {
                    return Err(error.to_string());
                }
                runtime.sleep(Duration::from_millis(100)).await;
            }
            let player =
                ChildSpec::worker("player", move |context| play(context, registry.clone()));
            let started = top.start_child(player).await;
            started.map(drop).map_err(|error| error.to_string())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(safety_ends(world))
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            Handles::works_somewhere(&world, answers).await;
            Ok(())
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = standard();
        checkers.push(Box::new(Linearizable::new(HISTORY, Register)));
        checkers
    }
}

/// Whether a registry asks its store, and is answered.
async fn answers(node: NodeId, registry: Registry<SimRuntime>) -> bool {
    let value = i64::from(node.0);
    registry.put_meta("settled", value).await.is_ok()
}
