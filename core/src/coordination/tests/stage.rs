//! A node with a store and a coordinator.

use std::sync::Arc;
use std::time::Duration;

use super::distant::Distant;
use crate::coordination::{Coordinator, CoordinatorOptions, Session, SessionOptions};
use crate::event::{CoordinationEvent, Event};
use crate::process::{Node, ProcessId, ProcessSpec};
use crate::runtime::Clock as _;
use crate::store::{Engine, KeyRange, LocalOptions, LocalStore, Read, Store};
use crate::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use crate::testing::TestRuntime;

pub(super) const TTL: Duration = Duration::from_secs(9);
pub(super) const LONG: Duration = Duration::from_secs(3_600);

pub(super) struct Stage {
    pub(super) node: Node<TestRuntime>,
    pub(super) supervisor: SupervisorRef<TestRuntime>,
    pub(super) store: Store,
    pub(super) coordinator: Coordinator<TestRuntime>,
}

impl Stage {
    pub(super) async fn new(node: Node<TestRuntime>) -> Self {
        Self::with(node, CoordinatorOptions::default()).await
    }

    pub(super) async fn with(node: Node<TestRuntime>, options: CoordinatorOptions) -> Self {
        Self::over(node, options, Store::clone).await
    }

    /// With a coordinator that sees the store through something.
    pub(super) async fn over(
        node: Node<TestRuntime>,
        options: CoordinatorOptions,
        through: impl FnOnce(&Store) -> Store,
    ) -> Self {
        let store = LocalStore::start(&node, "store", LocalOptions::default()).unwrap();
        let coordinator = Coordinator::new(&node, "coordination", through(&store), options);
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(coordinator.child_spec());
        let supervisor = Supervisor::start(&node, "app", spec).await.unwrap();
        Self {
            node,
            supervisor,
            store,
            coordinator,
        }
    }

    pub(super) async fn session(&self) -> Session<TestRuntime> {
        let options = SessionOptions::ttl(TTL);
        let mut session = self.coordinator.session(options).await;
        // From afar several attempts may be lost.
        for _ in 0..10 {
            if session.is_ok() {
                break;
            }
            session = self.coordinator.session(options).await;
        }
        session.unwrap()
    }

    pub(super) async fn pass(&self, time: Duration) {
        self.node.runtime().sleep(time).await;
    }

    /// Lets everything happen that can happen without time.
    pub(super) async fn quiet(&self) {
        self.pass(Duration::from_millis(1)).await;
    }

    /// The keys below the root, without those of the sessions themselves.
    pub(super) async fn places(&self) -> Vec<String> {
        let all = self.store.read(Read::new(KeyRange::prefix("steadfast/")));
        let all = all.await.unwrap().entries.into_iter();
        let all = all.map(|entry| entry.key.to_string());
        all.filter(|key| !key.starts_with("steadfast/session/"))
            .collect()
    }

    pub(super) fn facts(&self) -> Vec<CoordinationEvent> {
        let events = self.node.runtime().events().into_iter();
        let facts = events.filter_map(|event| match event {
            Event::Coordination(fact) => Some(fact),
            Event::Process(_)
            | Event::Supervision(_)
            | Event::Boot(_)
            | Event::Membership(_)
            | Event::Store(_)
            | Event::Registry(_)
            | Event::Failure(_) => None,
        });
        facts.collect()
    }

    /// Does something in a process of its own.
    pub(super) fn beside<F>(&self, work: F) -> ProcessId
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let started = self.node.start(ProcessSpec::new("beside"), |_| work);
        started.unwrap()
    }

    /// Stops everything, and checks that nothing was left and no failure dropped.
    pub(super) async fn finish(self) {
        let orderly = self.node.stop(Duration::from_secs(60)).await;
        assert!(orderly, "something had to be killed");
        self.node.runtime().assert_books_balance();
    }
}

/// Runs a story under several orders of tasks.
pub(super) fn story<F: Future<Output = ()>>(story: impl Fn(Stage) -> F) {
    for seed in 0..10 {
        crate::testing::run(seed, async |node| story(Stage::new(node).await).await);
    }
}

/// As [`story`], with the store far away, and so many of a hundred changes lost, or their
/// answers, or late.
pub(super) fn far_story<F: Future<Output = ()>>(lost: u64, story: impl Fn(Stage) -> F) {
    for seed in 0..10 {
        crate::testing::run(seed, async |node| {
            let between = |near| Arc::new(Distant::new(&node, near, lost)) as Arc<dyn Engine>;
            let far = |store: &Store| store.clone().wrapped(between);
            let stage = Stage::over(node.clone(), CoordinatorOptions::default(), far);
            story(stage.await).await;
        });
    }
}
