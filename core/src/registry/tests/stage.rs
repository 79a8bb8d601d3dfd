//! What the claims are played on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::naive::{Faults, Naive};
use crate::event::{Event, RegistryEvent};
use crate::process::{Context, Node, ProcessId, ProcessSpec};
use crate::registry::{
    BackendSpec, Keys, Local, LocalOptions, Notice, Registration, Registry, RegistryConfig,
    Subscription,
};
use crate::testing::{self, TestRuntime};

pub(super) const SEEDS: u64 = 50;
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// A node with a registry that has the scopes `names` (unique) and `groups`.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) node: Node<TestRuntime>,
    pub(super) registry: Registry<TestRuntime>,
    pub(super) faults: Arc<Faults>,
}

/// Plays a story under many seeds, on each local backend in turn, and checks the
/// books afterwards.
pub(super) fn play<F: Future<Output = ()>>(story: impl Fn(Stage) -> F) {
    play_some(SEEDS, story);
}

/// As [`play`], under so many seeds.
pub(super) fn play_some<F: Future<Output = ()>>(seeds: u64, story: impl Fn(Stage) -> F) {
    play_on(seeds, story, |seed| match seed % 3 {
        0 => Kind::Naive,
        1 => Kind::Memory,
        _ => Kind::Partitioned,
    });
}

/// As [`play`], on the backend that fails on request.
pub(super) fn play_naive<F: Future<Output = ()>>(story: impl Fn(Stage) -> F) {
    play_on(SEEDS, story, |_| Kind::Naive);
}

/// Which backend a story is played on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Naive,
    Memory,
    Partitioned,
}

impl Kind {
    pub(super) fn spec(self, faults: Arc<Faults>) -> BackendSpec<TestRuntime> {
        let options = LocalOptions::new;
        match self {
            Self::Naive => BackendSpec::new(|_, host| Naive::with(host, faults)),
            Self::Memory => BackendSpec::new(move |node: &Node<TestRuntime>, host| {
                Local::memory(host, node.runtime(), options())
            }),
            Self::Partitioned => BackendSpec::new(move |node: &Node<TestRuntime>, host| {
                Local::partitioned(host, node.runtime(), options(), 3)
            }),
        }
    }
}

fn play_on<F: Future<Output = ()>>(
    seeds: u64,
    story: impl Fn(Stage) -> F,
    kind: impl Fn(u64) -> Kind,
) {
    for seed in 0..seeds {
        let events = testing::run(seed, |node| async {
            let stage = Stage::new(node, kind(seed)).await;
            let node = stage.node.clone();
            story(stage).await;
            node.stop(LIMIT).await;
            node.runtime().events()
        });
        testing::assert_books_balance(events);
    }
}

impl Stage {
    async fn new(node: Node<TestRuntime>, kind: Kind) -> Self {
        let faults = Arc::new(Faults::default());
        let config = RegistryConfig::new()
            .scope("names", Keys::Unique)
            .scope("groups", Keys::Duplicate);
        let backend = kind.spec(faults.clone());
        let registry = Registry::new_on(&node, "registry", backend, config);
        Self {
            registry: registry.await.unwrap(),
            node,
            faults,
        }
    }

    /// A process that waits for ever.
    pub(super) fn idler(&self) -> ProcessId {
        let spec = ProcessSpec::new("idler");
        let body = |_context| std::future::pending::<()>();
        self.node.start(spec, body).unwrap()
    }

    /// Ends a process and waits for it.
    pub(super) async fn end(&self, process: ProcessId) {
        self.node.kill(process);
        self.node.exited(process).await;
    }

    pub(super) async fn register(&self, scope: &str, name: &str, process: ProcessId) {
        let wanted = Registration::new(scope, name, process);
        self.registry.register(wanted).await.unwrap();
    }

    /// Runs some work beside the story.
    pub(super) fn beside<F>(&self, work: F) -> Beside<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.beside_as(|_own| work)
    }

    /// As [`beside`](Self::beside), for work that knows its process.
    pub(super) fn beside_as<W, F>(&self, work: W) -> Beside<F::Output>
    where
        W: FnOnce(ProcessId) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let result = Arc::new(Mutex::new(None));
        let place = result.clone();
        let body = |context: Context<TestRuntime>| {
            let work = work(context.id());
            async move {
                let output = work.await;
                *place.lock().unwrap() = Some(output);
            }
        };
        let process = self.node.start(ProcessSpec::new("beside"), body).unwrap();
        let node = self.node.clone();
        Beside {
            node,
            process,
            result,
        }
    }

    pub(super) fn facts(&self) -> Vec<RegistryEvent> {
        let events = self.node.runtime().events().into_iter();
        let facts = events.filter_map(|event| match event {
            Event::Registry(fact) => Some(fact),
            Event::Process(_)
            | Event::Supervision(_)
            | Event::Boot(_)
            | Event::Membership(_)
            | Event::Store(_)
            | Event::Coordination(_)
            | Event::Failure(_) => None,
        });
        facts.collect()
    }
}

/// Work beside a story.
pub(super) struct Beside<T> {
    node: Node<TestRuntime>,
    pub(super) process: ProcessId,
    result: Arc<Mutex<Option<T>>>,
}

impl<T> Beside<T> {
    /// Waits for what it comes to; `None` if it was killed.
    pub(super) async fn result(self) -> Option<T> {
        self.node.exited(self.process).await;
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.take()
    }
}

/// Everything that a subscription has to tell now.
pub(super) fn told(subscription: &mut Subscription) -> Vec<Notice> {
    std::iter::from_fn(|| subscription.try_next()).collect()
}
