//! How a registry is opened for a story.

use std::sync::Arc;

use steadfast::process::Node;
use steadfast::registry::{
    BackendSpec, Keys, Local, LocalOptions, Registry, RegistryConfig, RegistryError, SharedHost,
};
use steadfast::runtime::Identity as _;
use steadfast::supervision::ChildSpec;
use steadfast_sim::SimRuntime;

use super::desk::Desk;
use crate::draw::Draw;

/// The registry of every story.
pub(crate) const NAMES: &str = "names";
/// A scope of unique names that stays.
pub(crate) const SERVICES: &str = "services";
/// A scope of groups that stays.
pub(crate) const GROUPS: &str = "groups";
/// A scope of unique names that is cleared now and then.
pub(crate) const TEST: &str = "test";
/// A scope whose name begins like that of the one that is cleared.
pub(crate) const TESTS: &str = "test/other";

/// Makes the registry of a node.
pub(crate) type Make = fn(&Node<SimRuntime>, &Setup) -> Result<Opened, String>;

/// Gives a node its registry.
#[derive(Clone, Copy)]
pub(crate) enum Open {
    /// One that has no processes of its own.
    Bare(Make),
    /// One with a configuration, and with the processes that this needs.
    Configured(fn(&Node<SimRuntime>, &Setup) -> Result<Configured, String>),
}

/// How a registry with processes of its own is made.
pub(crate) struct Configured {
    pub(crate) backend: BackendSpec<SimRuntime>,
    pub(crate) config: RegistryConfig,
    /// To be started before the registry.
    pub(crate) children: Vec<ChildSpec<SimRuntime>>,
    /// The backend that an operation's value switches to.
    pub(crate) switches: Switches,
}

/// The backends that a registry can switch to, by the value of an operation.
pub(crate) type Switches = Arc<dyn Fn(u64) -> BackendSpec<SimRuntime> + Send + Sync>;

impl Open {
    /// Makes it, and lets the workload know what it can switch to.
    pub(super) async fn registry(
        self,
        node: &Node<SimRuntime>,
        setup: &Setup,
    ) -> Result<Opened, String> {
        let make = match self {
            Self::Bare(make) => return make(node, setup),
            Self::Configured(make) => make,
        };
        let made = make(node, setup)?;
        let runtime = node.runtime();
        let desk = runtime.board::<Desk>();
        desk.offer(runtime.node(), made.switches);
        let registry = Registry::new_on(node, NAMES, made.backend, made.config);
        let registry = registry.await.map_err(|e| e.to_string())?;
        let mut children = made.children;
        children.push(registry.child_spec());
        Ok(Opened { registry, children })
    }
}

/// A registry, and the children that it needs, to be started before all others.
pub(crate) struct Opened {
    pub(crate) registry: Registry<SimRuntime>,
    pub(crate) children: Vec<ChildSpec<SimRuntime>>,
}

impl From<Registry<SimRuntime>> for Opened {
    fn from(registry: Registry<SimRuntime>) -> Self {
        let children = Vec::new();
        Self { registry, children }
    }
}

/// What is drawn from the seed about the registry of a run, the same on all nodes.
#[derive(Clone)]
pub(crate) struct Setup {
    /// How many nodes the run has.
    pub(crate) nodes: u32,
    /// Whether a loser of a conflict goes on without the name.
    pub(crate) losers_live: bool,
    /// How many partitions it has; one is the `memory` backend.
    pub(crate) partitions: usize,
    /// Whether only a holder may change what it holds.
    pub(crate) owner_only: bool,
    /// Which fields have an index.
    pub(crate) indexed: Vec<&'static str>,
    /// How many changes are queued for one watcher, where this is configured.
    pub(crate) watch_capacity: usize,
}

impl Setup {
    /// The setup that belongs to a seed.
    pub(crate) fn of(seed: u64, nodes: u32) -> Self {
        let mut draw = Draw::new(seed, "registry");
        let indexes: [&[&str]; 3] = [&[], &["tier"], &["roles", "tier"]];
        Self {
            partitions: draw.one_of(&[1, 1, 2, 3, 8]),
            owner_only: draw.chance(0.3),
            indexed: draw.one_of(&indexes).to_vec(),
            nodes,
            losers_live: draw.chance(0.5),
            watch_capacity: draw.one_of(&[2, 4, 16, 1_024]),
        }
    }

    /// The local backend that is drawn.
    pub(crate) fn backend(&self, node: &Node<SimRuntime>, host: SharedHost) -> Local {
        let (runtime, options) = (node.runtime(), self.options());
        match self.partitions {
            1 => Local::memory(host, runtime, options),
            partitions => Local::partitioned(host, runtime, options, partitions),
        }
    }

    /// The options of a local backend.
    pub(crate) fn options(&self) -> LocalOptions {
        let mut options = LocalOptions::new();
        for field in &self.indexed {
            options = options.indexed(*field);
        }
        if self.owner_only {
            options = options.owner_only();
        }
        options
    }
}

/// The local backend that the setup names.
pub(crate) fn local(node: &Node<SimRuntime>, setup: &Setup) -> Result<Opened, String> {
    let backend = |host| setup.backend(node, host);
    Ok(Registry::with_backend(node, NAMES, backend).into())
}

/// Opens the scopes of the stories.
pub(crate) async fn open_scopes(registry: &Registry<SimRuntime>) -> Result<(), RegistryError> {
    for scope in [SERVICES, TEST, TESTS] {
        registry.open_scope(scope, Keys::Unique).await?;
    }
    registry.open_scope(GROUPS, Keys::Duplicate).await
}
