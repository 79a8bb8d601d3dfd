//! The registry behind its facade.

use steadfast::Label;
use steadfast::process::{Context, Node, ProcessId, ProcessSpec};
use steadfast::registry::{Keys, Local, LocalOptions, Registration, Registry};
use steadfast::runtime::tokio::TokioRuntime;
use steadfast::runtime::{Incarnation, NodeId};

use crate::names::{Name, SCOPE};

/// Which backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Partitioned,
}

/// A node with a registry.
#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) node: Node<TokioRuntime>,
    pub(crate) registry: Registry<TokioRuntime>,
}

/// An executor with two threads.
pub(crate) fn executor() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.worker_threads(2).enable_all().build();
    built.expect("threads can be started")
}

/// An identity that no process has.
pub(crate) fn process(number: u32) -> ProcessId {
    ProcessId {
        node: NodeId(1),
        incarnation: Incarnation(1),
        local: u64::from(number) + 1,
    }
}

impl Ours {
    /// With an open scope and no name.
    pub(crate) async fn new(kind: Kind) -> Self {
        let runtime = TokioRuntime::builder(NodeId(1)).build();
        let node = Node::new(runtime.expect("it is built inside of an executor"));
        let entropy = node.runtime().clone();
        let options = LocalOptions::new();
        let registry = Registry::with_backend(&node, "names", |host| match kind {
            Kind::Memory => Local::memory(host, &entropy, options),
            Kind::Partitioned => Local::partitioned(host, &entropy, options, 8),
        });
        let opened = registry.open_scope(SCOPE, Keys::Unique).await;
        opened.expect("there is room for a scope");
        Self { node, registry }
    }

    /// With so many names, all of one process.
    pub(crate) async fn filled(kind: Kind, count: u32) -> Self {
        let ours = Self::new(kind).await;
        let holder = ours.idler();
        let scope = Label::from(SCOPE);
        for number in 0..count {
            ours.register(&scope, number, holder).await;
        }
        ours
    }

    pub(crate) async fn register(&self, scope: &Label, number: u32, holder: ProcessId) {
        let wanted = Registration::new(scope, Name::of(number).as_str(), holder);
        let registered = self.registry.register(wanted).await;
        registered.expect("the name is free");
    }

    /// A process that waits for ever.
    pub(crate) fn idler(&self) -> ProcessId {
        let body = |_: Context<TokioRuntime>| std::future::pending::<()>();
        let started = self.node.start(ProcessSpec::new("idler"), body);
        started.expect("the node is open")
    }
}
