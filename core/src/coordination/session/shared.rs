//! What is true of a session.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use super::claims::Claims;
use super::hold::{Hold, HoldEnd};
use crate::coordination::election::Led;
use crate::coordination::latch::Latch;
use crate::coordination::loss::{LossCause, SessionEnd};
use crate::coordination::name::Keyspace;
use crate::coordination::patience::Patience;
use crate::coordination::withdrawal::Withdrawals;
use crate::event::{CoordinationEvent, Event, SessionEvent};
use crate::failure::Severity;
use crate::label::Label;
use crate::process::Node;
use crate::runtime::{Runtime, Timestamp};
use crate::store::{
    Compare, Key, LeaseError, LeaseHandle, LeaseId, LeaseState, Operation, Revision, Store,
    TransactError, Transaction, Value,
};

/// How a session is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// At once.
    Close,
    /// When its time has run out.
    Orphan,
}

/// Trouble with the store, with what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{coordinator}: {doing}: trouble with the {kind} store")]
struct Trouble<E: Error + 'static> {
    coordinator: Label,
    doing: &'static str,
    kind: &'static str,
    source: E,
}

/// What a coordinator gives to each of its sessions.
pub(in crate::coordination) struct Surroundings<R: Runtime> {
    pub(in crate::coordination) node: Node<R>,
    pub(in crate::coordination) store: Store,
    pub(in crate::coordination) coordinator: Label,
    pub(in crate::coordination) root: Label,
    pub(in crate::coordination) withdrawals: Arc<Withdrawals<R>>,
    /// How many observers there have been.
    pub(in crate::coordination) observers: AtomicU64,
    /// How many changes of counters there have been.
    pub(in crate::coordination) changes: AtomicU64,
}

impl<R: Runtime> Surroundings<R> {
    pub(in crate::coordination) fn announce(&self, event: CoordinationEvent) {
        self.node.announce(&Event::Coordination(event));
    }

    /// Reports trouble with the store as an incident.
    pub(in crate::coordination) fn report<E>(
        &self,
        severity: Severity,
        doing: &'static str,
        source: E,
    ) where
        E: Error + Send + 'static,
    {
        let trouble = Trouble {
            coordinator: self.coordinator.clone(),
            doing,
            kind: self.store.kind(),
            source,
        };
        self.node.failure(trouble).report(severity);
    }
}

/// One session.
pub(in crate::coordination) struct Shared<R: Runtime> {
    around: Arc<Surroundings<R>>,
    lease: LeaseHandle,
    delay: Duration,
    /// The key whose revision all requests of the session compare: with a new revision,
    /// whatever is still on its way comes to nothing.
    bar: Key,
    bar_revision: AtomicU64,
    attempts: AtomicU64,
    claims: Arc<Claims>,
    holds: Mutex<BTreeMap<u64, Arc<Hold>>>,
    leaderships: Mutex<BTreeMap<Label, Weak<Led<R>>>>,
    ended: Latch<SessionEnd>,
    pub(super) wish: Latch<Wish>,
    pub(super) removed: Latch<Result<(), LeaseError>>,
}

impl<R: Runtime> Shared<R> {
    pub(super) fn new(
        around: Arc<Surroundings<R>>,
        lease: LeaseHandle,
        delay: Duration,
        bar: Key,
        bar_revision: Revision,
    ) -> Self {
        Self {
            around,
            lease,
            delay,
            bar,
            bar_revision: AtomicU64::new(bar_revision.0),
            attempts: AtomicU64::new(0),
            claims: Arc::default(),
            holds: Mutex::default(),
            leaderships: Mutex::default(),
            ended: Latch::default(),
            wish: Latch::default(),
            removed: Latch::default(),
        }
    }

    pub(in crate::coordination) const fn id(&self) -> LeaseId {
        self.lease.lease()
    }

    /// What the coordinator gave it.
    pub(in crate::coordination) fn around(&self) -> &Surroundings<R> {
        &self.around
    }

    pub(in crate::coordination) fn runtime(&self) -> &R {
        self.around.node.runtime()
    }

    pub(in crate::coordination) fn store(&self) -> &Store {
        &self.around.store
    }

    pub(in crate::coordination) fn withdrawals(&self) -> &Arc<Withdrawals<R>> {
        &self.around.withdrawals
    }

    pub(in crate::coordination) const fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }

    /// The keys of a recipe under a name.
    pub(in crate::coordination) fn keyspace(&self, recipe: &str, name: &Label) -> Keyspace {
        Keyspace::new(&self.around.root, recipe, name)
    }

    /// A number that no other attempt of this session has.
    pub(in crate::coordination) fn next_attempt(&self) -> u64 {
        self.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Until when the holder relies on it, by its own clock.
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self.lease.state() {
            LeaseState::Valid { until } => Some(until - self.delay),
            LeaseState::Ended(_) => None,
        }
    }

    /// When the store ends it on its own at the latest, by the holder's clock.
    pub(super) fn removal_deadline(&self) -> Timestamp {
        match self.lease.state() {
            LeaseState::Valid { until } => until,
            LeaseState::Ended(_) => self.runtime().now() + self.delay,
        }
    }

    /// Whether the session can be relied on now. One whose time has passed has ended.
    pub(in crate::coordination) fn check(&self) -> Result<(), SessionEnd> {
        if self.ended.get().is_none() {
            match (self.until(), self.lease.state()) {
                (Some(until), _) if self.runtime().now() < until => return Ok(()),
                // Its own process is about to say so.
                (_, LeaseState::Ended(end)) => self.end(end.into()),
                (_, LeaseState::Valid { .. }) => self.end(SessionEnd::Lapsed),
            }
        }
        Err(self.ended.get().unwrap_or(SessionEnd::Lapsed))
    }

    /// Ends it if its time has passed.
    pub(in crate::coordination) fn end_if_due(&self) {
        // Whoever needs the answer asks for it.
        self.check().unwrap_or(());
    }

    /// Why it ended, if it has.
    pub(in crate::coordination) const fn ended(&self) -> &Latch<SessionEnd> {
        &self.ended
    }

    /// The store says that its lease is gone. Answers how it ended, which may have been
    /// otherwise and before.
    pub(in crate::coordination) fn gone(&self) -> SessionEnd {
        self.end(SessionEnd::Gone);
        self.check().err().unwrap_or(SessionEnd::Gone)
    }

    /// Ends it, once: what is held is lost, then the session is over, then those who
    /// wait learn of it.
    pub(in crate::coordination) fn end(&self, end: SessionEnd) {
        let holds = {
            let mut holds = self.holds();
            if self.ended.get().is_some() {
                return;
            }
            // Nothing can be held from here on: `hold` looks under the same lock.
            let held = std::mem::take(&mut *holds);
            self.announce_ending(&held, end);
            self.ended.set(end);
            held
        };
        let cause = LossCause::Session(end);
        for hold in holds.into_values() {
            hold.end(HoldEnd::Lost(cause));
        }
    }

    fn announce_ending(&self, held: &BTreeMap<u64, Arc<Hold>>, end: SessionEnd) {
        let (session, now) = (self.id(), self.runtime().now());
        for hold in held.values() {
            let cause = LossCause::Session(end);
            let lost = hold
                .subject()
                .lost(session, hold.token(), hold.held(now), cause);
            self.announce_all(lost);
        }
        self.announce(SessionEvent::Ended { session, end });
    }

    /// Something is held from here on, unless the session has ended. `granted` is
    /// announced first.
    pub(in crate::coordination) fn hold(
        &self,
        hold: Hold,
        granted: Vec<CoordinationEvent>,
    ) -> Result<Arc<Hold>, SessionEnd> {
        self.check()?;
        let mut holds = self.holds();
        if let Some(end) = self.ended.get() {
            return Err(end);
        }
        self.announce_all(granted);
        let hold = Arc::new(hold);
        holds.insert(hold.key(), hold.clone());
        Ok(hold)
    }

    /// Ends one hold, once. Answers how it ended, if that was before.
    pub(in crate::coordination) fn end_hold(
        &self,
        hold: &Arc<Hold>,
        end: HoldEnd,
    ) -> Result<(), HoldEnd> {
        let mut holds = self.holds();
        if holds.remove(&hold.key()).is_none() {
            drop(holds);
            // Whoever removed it sets this next, if it has not yet.
            let ended = hold.ended.get();
            let session = self.ended.get().unwrap_or(SessionEnd::Lapsed);
            return Err(ended.unwrap_or(HoldEnd::Lost(LossCause::Session(session))));
        }
        let (session, token) = (self.id(), hold.token());
        let held = hold.held(self.runtime().now());
        let subject = hold.subject();
        self.announce_all(match end {
            HoldEnd::Released => subject.released(session, token, held),
            HoldEnd::Lost(cause) => subject.lost(session, token, held, cause),
        });
        drop(holds);
        hold.end(end);
        Ok(())
    }

    fn holds(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Hold>>> {
        // Observers must not panic, and nothing else under this lock can.
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session leads an election.
    pub(in crate::coordination) fn leads(&self, election: &Label, led: &Arc<Led<R>>) {
        let mut leaderships = self.leaderships();
        leaderships.retain(|_, led| led.strong_count() > 0);
        leaderships.insert(election.clone(), Arc::downgrade(led));
    }

    /// The last leadership of an election, if somebody still has it.
    pub(in crate::coordination) fn led(&self, election: &Label) -> Option<Arc<Led<R>>> {
        self.leaderships().get(election)?.upgrade()
    }

    fn leaderships(&self) -> MutexGuard<'_, BTreeMap<Label, Weak<Led<R>>>> {
        let leaderships = self.leaderships.lock();
        // Nothing that can panic runs under this lock.
        leaderships.unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that no other observer of the coordinator has.
    pub(in crate::coordination) fn next_observer(&self) -> u64 {
        self.around.observers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What `work` answers, unless the session ends first.
    pub(in crate::coordination) async fn unless_ended<F: Future>(
        &self,
        work: F,
    ) -> Result<F::Output, SessionEnd> {
        let mut work = pin!(work);
        let mut ended = pin!(self.ended.wait());
        std::future::poll_fn(|context| {
            if let Poll::Ready(end) = ended.as_mut().poll(context) {
                return Poll::Ready(Err(end));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// The comparison that every request of the session makes.
    pub(in crate::coordination) fn bar(&self) -> Compare {
        let revision = Revision(self.bar_revision.load(Ordering::Acquire));
        Compare::mod_revision(&self.bar, revision)
    }

    /// The key that it compares.
    pub(in crate::coordination) const fn bar_key(&self) -> &Key {
        &self.bar
    }

    /// The key was found at this revision; requests made from here on compare that.
    pub(in crate::coordination) fn bar_found(&self, revision: Revision) {
        self.bar_revision.fetch_max(revision.0, Ordering::AcqRel);
    }

    /// Makes sure that no request of this session that was sent before still happens.
    /// Completes once that is certain, or never if the session has ended.
    pub(in crate::coordination) async fn bar_late_requests(&self) {
        let mut patience = Patience::new();
        let raise = Operation::put_leased(&self.bar, Value::from(""), self.id());
        let raise = Transaction::when([Compare::exists(&self.bar)]).then([raise]);
        loop {
            match self.store().transact(raise.clone()).await {
                Ok(done) if done.succeeded => return self.bar_found(done.revision),
                Ok(_) | Err(TransactError::LeaseNotFound { .. }) => {
                    self.end(SessionEnd::Gone);
                    return std::future::pending().await;
                }
                Err(error) => patience.pause(self, "barring late requests", error).await,
            }
        }
    }

    pub(in crate::coordination) fn announce(&self, event: SessionEvent) {
        self.announce_all(vec![CoordinationEvent::Session(event)]);
    }

    pub(in crate::coordination) fn announce_all(&self, events: Vec<CoordinationEvent>) {
        for event in events {
            self.around.announce(event);
        }
    }

    /// Reports trouble with the store as an incident.
    pub(in crate::coordination) fn report<E>(
        &self,
        severity: Severity,
        doing: &'static str,
        source: E,
    ) where
        E: Error + Send + 'static,
    {
        self.around.report(severity, doing, source);
    }
}
