//! What a case about coordination is given.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::coordination::{Coordinator, CoordinatorOptions, Session, SessionOptions};
use steadfast::event::{CoordinationEvent, Event};
use steadfast::process::ProcessSpec;
use steadfast::runtime::{Elapsed, Runtime, timeout};
use steadfast::store::{KeyRange, Read, Store};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};

use super::engines::Engine;
use crate::conformance::harness::Bench;

/// How long a session lasts that is not renewed.
pub(super) const TTL: Duration = Duration::from_secs(2);

/// Longer than anything takes here.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A bench with a store, whose engine is under test, and a coordinator over it. Cheap to
/// clone.
pub(crate) struct Hall<R: Runtime> {
    pub(super) bench: Bench<R>,
    pub(super) store: Store,
    pub(super) coordinator: Coordinator<R>,
    pub(super) supervisor: SupervisorRef<R>,
}

impl<R: Runtime> Clone for Hall<R> {
    fn clone(&self) -> Self {
        Self {
            bench: self.bench.clone(),
            store: self.store.clone(),
            coordinator: self.coordinator.clone(),
            supervisor: self.supervisor.clone(),
        }
    }
}

impl<R: Runtime> Hall<R> {
    /// A hall whose store answers.
    pub(crate) async fn open(bench: Bench<R>, engine: Engine) -> Self {
        let (spec, store) = engine.store(&bench);
        let options = CoordinatorOptions::default();
        let coordinator = Coordinator::new(bench.node(), "coordination", store.clone(), options);
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .child(spec)
            .child(coordinator.child_spec());
        let supervisor = Supervisor::start(bench.node(), "hall", spec).await;
        let supervisor = supervisor.expect("the tree starts");
        let hall = Self {
            bench,
            store,
            coordinator,
            supervisor,
        };
        hall.answers().await;
        hall
    }

    /// Waits until the store answers: an engine may elect a leader first.
    pub(super) async fn answers(&self) {
        for _ in 0..100 {
            if self.store.get("any").await.is_ok() {
                return;
            }
            self.pass(Duration::from_millis(100)).await;
        }
        panic!("the store does not answer");
    }

    /// A participant.
    pub(super) async fn session(&self) -> Session<R> {
        let session = self.coordinator.session(SessionOptions::ttl(TTL)).await;
        session.expect("the store gives sessions")
    }

    /// So many participants.
    pub(super) async fn sessions<const N: usize>(&self) -> [Session<R>; N] {
        let mut sessions = Vec::new();
        for _ in 0..N {
            sessions.push(self.session().await);
        }
        sessions
            .try_into()
            .unwrap_or_else(|_| unreachable!("so many were made"))
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, time: Duration) {
        self.bench.pass(time).await;
    }

    /// Lets everything happen that needs no limit to run out: longer than a write takes
    /// on any engine, and much less than a session lasts.
    pub(super) async fn quiet(&self) {
        self.pass(TTL / 8).await;
    }

    /// Waits for something at most so long.
    pub(super) async fn within<F: Future>(
        &self,
        time: Duration,
        work: F,
    ) -> Result<F::Output, Elapsed> {
        timeout(self.bench.node().runtime(), time, work).await
    }

    /// The keys of the recipes, without those of the sessions themselves.
    pub(super) async fn places(&self) -> Vec<String> {
        let all = self
            .store
            .read(Read::new(KeyRange::prefix("steadfast/")))
            .await;
        let all = all.expect("the store answers").entries.into_iter();
        let all = all.map(|entry| entry.key.to_string());
        all.filter(|key| !key.starts_with("steadfast/session/"))
            .collect()
    }

    /// Complains unless every place has been given up.
    pub(super) async fn empty(&self) {
        self.quiet().await;
        assert_eq!(self.places().await, Vec::<String>::new());
    }

    /// What the recipes announced.
    pub(super) fn facts(&self) -> Vec<CoordinationEvent> {
        self.bench.since(Default::default(), |facts| {
            let facts = facts.iter().filter_map(|fact| match &fact.event {
                Event::Coordination(event) => Some(event.clone()),
                Event::Process(_)
                | Event::Supervision(_)
                | Event::Boot(_)
                | Event::Membership(_)
                | Event::Store(_)
                | Event::Registry(_)
                | Event::Failure(_) => None,
            });
            facts.collect()
        })
    }

    /// Does something in a process of its own.
    pub(super) fn beside<T, F>(&self, work: F) -> Later<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let later = Later(Arc::new(Mutex::new(None)));
        let left = later.0.clone();
        self.bench
            .start(ProcessSpec::new("beside"), |_| async move {
                let outcome = work.await;
                *left.lock().expect("no holder panics") = Some(outcome);
            });
        later
    }

    /// Waits until all of these have come to something, and gives what.
    pub(super) async fn all<T>(&self, waiting: impl IntoIterator<Item = Later<T>>) -> Vec<T> {
        let mut outcomes = Vec::new();
        for one in waiting {
            let mut steps = 0;
            outcomes.push(loop {
                if let Some(outcome) = one.take() {
                    break outcome;
                }
                steps += 1;
                assert!(steps < 1_000, "one waits without an end");
                self.pass(Duration::from_millis(50)).await;
            });
        }
        outcomes
    }
}

/// What something that goes on beside will come to.
pub(super) struct Later<T>(Arc<Mutex<Option<T>>>);

impl<T> Later<T> {
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().expect("no holder panics").take()
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.lock().expect("no holder panics").is_some()
    }
}
