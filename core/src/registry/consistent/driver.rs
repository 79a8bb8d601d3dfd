//! Holds the session with the store, follows its watch, and carries out changes: the
//! only file of this folder that waits.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::conclude::awaited;
use super::error::ConsistencyError;
use super::job::Pending;
use super::store::Shared;
use super::view::Outcome;
use crate::failure::Severity;
use crate::label::Label;
use crate::process::{Context, ExitReason};
use crate::runtime::Runtime;
use crate::store::{
    self, Compare, KeepAlive, KeyRange, LeaseId, Operation, Read, Revision, Store, Transaction,
    Watch,
};

/// How long the driver may take to start.
pub(super) const START_LIMIT: Duration = Duration::from_secs(5);

/// How long the session may take to be closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How many deletions make one transaction.
const DELETED_AT_ONCE: usize = 64;

/// What is to be asked of the store next.
enum Work {
    /// What is to go, and since when it has been there.
    Delete(Vec<(store::Key, Revision)>),
    /// What is to be put under the session of now.
    Adopt(store::Key, Transaction),
    /// A change of a caller's.
    Change(Transaction, Pending),
}

struct Driver<'a, R: Runtime> {
    context: &'a Context<R>,
    shared: &'a Shared,
    store: Store,
}

/// The body of the driver's process.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    shared: Arc<Shared>,
    store: Store,
) -> ExitReason {
    let store = store.within(shared.config.answer_limit);
    let driver = Driver {
        context: &context,
        shared: &shared,
        store: store.clone(),
    };
    let reason = {
        let serving = driver.serve();
        let asked = context.exit_requested();
        match either(asked, serving).await {
            Either::One(reason) => reason,
            Either::Other(never) => match never {},
        }
    };
    driver.close().await;
    reason
}

impl<R: Runtime> Driver<'_, R> {
    /// One session after the other.
    async fn serve(&self) -> Infallible {
        loop {
            let clock = self.context.runtime().clone();
            let granted = KeepAlive::grant(&self.store, clock, self.shared.config.ttl).await;
            let keep = match granted {
                Ok(keep) => keep,
                Err(error) => {
                    self.complain(error.to_string());
                    self.pause().await;
                    continue;
                }
            };
            let lease = keep.handle().lease();
            self.shared.step(|view| {
                view.session_begun(lease);
                ((), Outcome::default())
            });
            let work = either(self.follow(), self.perform());
            let end = match either(keep.run(), work).await {
                Either::One(end) => end,
                Either::Other(Either::One(never) | Either::Other(never)) => match never {},
            };
            let entries = self.shared.step(|view| {
                let entries = view.own();
                // What is wanted under a session that is over cannot be had.
                view.queue.clear();
                (entries, view.session_lost())
            });
            let registry = self.shared.host.registry().clone();
            let error = ConsistencyError::SessionLost {
                registry,
                entries,
                end,
            };
            self.report(error);
        }
    }

    /// Lets the session go: everything that this node held is free.
    async fn close(&self) {
        let session = self.shared.step(|view| {
            view.driven = false;
            view.queue.clear();
            let session = view.session;
            let mut outcome = view.session_lost();
            // The stop was asked for: whoever stops the registry says what becomes of
            // those who used it.
            outcome.exits.clear();
            (session, outcome)
        });
        if let Some(lease) = session {
            // If it fails, the time of the lease runs out.
            drop(self.store.within(CLOSE_LIMIT).revoke(lease).await);
        }
    }

    /// Follows everything of the registry, anew whenever the watch ends.
    async fn follow(&self) -> Infallible {
        loop {
            let why = match self.read_all().await {
                Ok(mut watch) => {
                    self.context.ready();
                    loop {
                        match watch.next().await {
                            Ok(changes) => self.take(&changes),
                            Err(error) => break error.to_string(),
                        }
                    }
                }
                Err(why) => why,
            };
            self.complain(why);
            self.pause().await;
        }
    }

    fn take(&self, changes: &store::Changes) {
        let admits = |process| self.shared.host.admits(process);
        self.shared.step(|view| ((), view.apply(changes, &admits)));
    }

    /// Reads everything at one revision, and watches from there.
    async fn read_all(&self) -> Result<Watch, String> {
        let range = self.shared.lock().naming.all();
        let page = self.store.limits().read_len_max;
        let read = Read::new(range.clone()).limit(page);
        let mut reading = self.store.read(read).await.map_err(|e| e.to_string())?;
        let revision = reading.revision;
        let mut all = BTreeMap::new();
        loop {
            let more = reading.more;
            let found = reading.entries.into_iter();
            let found = found.filter(|entry| range.contains(&entry.key));
            let before = all.len();
            all.extend(found.map(|entry| (entry.key.clone(), entry)));
            let last = all.last_key_value().map(|(key, _)| key.to_vec());
            let (true, Some(mut next)) = (more && all.len() > before, last) else {
                break;
            };
            next.push(0);
            let read = Read::new(KeyRange::since(next)).at(revision).limit(page);
            reading = self.store.read(read).await.map_err(|e| e.to_string())?;
        }
        let watch = self.store.watch_from(range, revision.next()).await;
        let watch = watch.map_err(|e| e.to_string())?;
        let admits = |process| self.shared.host.admits(process);
        self.shared.step(|view| {
            let outcome = view.resync(&all, revision, &admits);
            view.driven = true;
            view.silent = None;
            ((), outcome)
        });
        Ok(watch)
    }

    /// Carries out what is to be done, one thing after the other.
    async fn perform(&self) -> Infallible {
        loop {
            match poll_fn(|task| self.poll_work(task.waker())).await {
                Work::Delete(doomed) => self.delete(doomed).await,
                Work::Adopt(place, transaction) => {
                    let answer = self.store.transact(transaction).await;
                    if answer.is_err() {
                        self.pause().await;
                        continue;
                    }
                    self.reached(awaited(&answer)).await;
                    self.shared.step(|view| {
                        view.orphans.remove(&place);
                        ((), Outcome::default())
                    });
                }
                Work::Change(transaction, pending) => {
                    let answer = self.store.transact(transaction).await;
                    self.reached(awaited(&answer)).await;
                    let registry = self.shared.host.registry().clone();
                    self.shared
                        .step(|view| ((), view.conclude(&registry, pending, answer)));
                }
            }
        }
    }

    /// Deletions first, so that whoever asks for a name of the dead comes after them;
    /// then what a crash left under another session; then callers in their order.
    fn poll_work(&self, waker: &Waker) -> Poll<Work> {
        let mut view = self.shared.lock();
        if view.driven {
            if !view.doomed.is_empty() {
                let doomed = view.doomed.iter().take(DELETED_AT_ONCE);
                let doomed = doomed.map(|(place, create)| (place.clone(), *create));
                return Poll::Ready(Work::Delete(doomed.collect()));
            }
            while let (Some(place), Some(session)) = (view.orphans.first().cloned(), view.session) {
                let known = view.rows.get(&place);
                let known = known.filter(|known| known.lease != Some(session));
                if let Some(known) = known.filter(|known| known.shown.is_some()) {
                    let transaction = adopted(&place, known.create, known.row.encoded(), session);
                    return Poll::Ready(Work::Adopt(place, transaction));
                }
                view.orphans.remove(&place);
            }
            let admits = |process| self.shared.host.admits(process);
            while let Some(job) = view.queue.pop_front() {
                if !job.is_awaited() {
                    continue;
                }
                if let Some((transaction, pending)) = view.plan(job, &admits) {
                    return Poll::Ready(Work::Change(transaction, pending));
                }
            }
        }
        view.waker = Some(waker.clone());
        Poll::Pending
    }

    /// Deletes what is still what was meant; together if it is all, or else one by one.
    async fn delete(&self, doomed: Vec<(store::Key, Revision)>) {
        let mut all = vec![doomed];
        while let Some(some) = all.pop() {
            let compares = some.iter();
            let compares =
                compares.map(|(place, create)| Compare::create_revision(place.clone(), *create));
            let deletes = some.iter();
            let deletes = deletes.map(|(place, _)| Operation::delete(place.clone()));
            let transaction = Transaction::when(compares).then(deletes);
            let answer = self.store.transact(transaction).await;
            match &answer {
                // They are still doomed, and asked for again.
                Err(_) => self.pause().await,
                Ok(done) if done.succeeded => self.reached(done.revision).await,
                Ok(_) => {
                    if some.len() > 1 {
                        all.extend(some.into_iter().map(|one| vec![one]));
                        continue;
                    }
                }
            }
            if answer.is_ok() {
                self.shared.step(|view| {
                    for (place, create) in &some {
                        if view.doomed.get(place) == Some(create) {
                            view.doomed.remove(place);
                        }
                    }
                    ((), Outcome::default())
                });
            }
        }
    }

    async fn reached(&self, revision: Revision) {
        poll_fn(|task| self.shared.poll_reached(revision, task.waker())).await;
    }

    async fn pause(&self) {
        let pause = self.shared.config.retry;
        self.context.runtime().sleep(pause).await;
    }

    /// The store does not serve. Said once until it does.
    fn complain(&self, why: String) {
        let why = Label::from(why);
        let first = self.shared.step(|view| {
            let first = view.silent.is_none();
            view.silent = Some(why.clone());
            (first, Outcome::default())
        });
        if first {
            let registry = self.shared.host.registry().clone();
            self.report(ConsistencyError::StoreSilent { registry, why });
        }
    }

    fn report(&self, error: ConsistencyError) {
        self.context.node().failure(error).report(Severity::Warning);
    }
}

fn adopted(
    place: &store::Key,
    create: Revision,
    value: store::Value,
    session: LeaseId,
) -> Transaction {
    Transaction::when([Compare::create_revision(place.clone(), create)])
        .then([Operation::put_leased(place.clone(), value, session)])
}

impl<R: Runtime> Drop for Driver<'_, R> {
    fn drop(&mut self) {
        let mut view = self.shared.lock();
        view.driven = false;
    }
}

enum Either<A, B> {
    One(A),
    Other(B),
}

/// What the first of two answers; the other one is dropped.
async fn either<A: Future, B: Future>(one: A, other: B) -> Either<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|task| {
        if let Poll::Ready(answer) = one.as_mut().poll(task) {
            return Poll::Ready(Either::One(answer));
        }
        other.as_mut().poll(task).map(Either::Other)
    })
    .await
}
