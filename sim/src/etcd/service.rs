//! What a member does for each request, by the rules of etcd.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use steadfast::runtime::{Runtime, timeout};
use steadfast::store::etcd::{WireError, WireEvent, WireRefusal};
use steadfast::store::{
    Change, Changes, CompactError, KeyRange, LeaseError, LeaseId, ReadError, Revision, Store,
    TransactError, Unavailable, Unknown, Watch, WatchError,
};

use super::connections::{Arrival, Connections};
use super::rpc::{Ask, ConnectionId, Message, Reply, Told, WatchId};

/// For how long a request waits for what a watch tells.
pub(super) const NEXT_WAIT: Duration = Duration::from_millis(500);

/// How many revisions one answer tells.
const REVISIONS_MAX: usize = 64;

/// How many bytes one answer tells, more only in one revision.
const BYTES_MAX: usize = 1 << 17;

/// A watch of a connection.
enum Watching {
    Goes(Watch),
    /// It is over, and says so when it is asked next.
    Over(WatchError),
}

/// What a member answers with.
pub(super) struct Service<R> {
    runtime: R,
    store: Store,
    connections: Mutex<Connections<Watching>>,
}

impl<R: Runtime> Service<R> {
    pub(super) const fn new(runtime: R, store: Store, first: u64) -> Self {
        Self {
            runtime,
            store,
            connections: Mutex::new(Connections::new(first)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections<Watching>> {
        // Nothing that can panic runs under this lock.
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what a message asks for; `None` for one that was delivered before.
    pub(super) async fn serve(&self, message: Message) -> Option<Reply> {
        let now = self.runtime.now();
        let (connection, serial, ask) = match message {
            Message::Connect => return Some(Reply::Connected(self.lock().connect(now))),
            Message::Call {
                connection,
                serial,
                ask,
            } => (connection, serial, ask),
        };
        let arrival = self.lock().arrive(connection, serial, now);
        match arrival {
            Arrival::New => Some(Reply::Done(self.work(connection, ask).await)),
            Arrival::Again => None,
            Arrival::NotConnected => Some(Reply::NotConnected),
        }
    }

    async fn work(&self, connection: ConnectionId, ask: Ask) -> Result<Told, WireError> {
        let store = &self.store;
        match ask {
            Ask::Range(read) => store.read(read).await.map(Told::Range).map_err(of_read),
            Ask::Transact(transaction) => {
                let done = store.transact(transaction).await;
                done.map(Told::Transacted).map_err(of_transaction)
            }
            Ask::Grant(lease, ttl) => {
                let ttl = Duration::from_secs(ttl.as_millis().div_ceil(1_000).max(1) as u64);
                let granted = match lease {
                    Some(lease) => store.grant_as(lease, ttl).await,
                    None => store.grant(ttl).await,
                };
                granted.map(Told::Granted).map_err(of_lease)
            }
            Ask::KeepAlive(lease) => {
                let kept = store.keep_alive(lease).await;
                kept.map(Told::KeptAlive).map_err(of_lease)
            }
            Ask::Revoke(lease) => {
                let revoked = store.revoke(lease).await;
                revoked
                    .map(|revoked| Told::Revoked(revoked.revision))
                    .map_err(of_lease)
            }
            Ask::TimeToLive(lease) => self.time_to_live(lease).await,
            Ask::Leases => store.leases().await.map(Told::Leases).map_err(of_read),
            Ask::Watch(range, from) => self.watch(connection, range, from).await,
            Ask::Next(watch) => self.next(connection, watch).await.map(Told::Next),
            Ask::Compact(revision) => {
                let compacted = store.compact(revision).await;
                compacted.map(|()| Told::Compacted).map_err(of_compaction)
            }
        }
    }

    async fn time_to_live(&self, lease: LeaseId) -> Result<Told, WireError> {
        let mut known = self.store.lease(lease).await.map_err(of_lease)?;
        // Told in whole seconds, and in no order.
        known.remaining = Duration::from_secs(known.remaining.as_secs());
        known.keys.reverse();
        Ok(Told::TimeToLive(known))
    }

    async fn watch(
        &self,
        connection: ConnectionId,
        range: KeyRange,
        from: Revision,
    ) -> Result<Told, WireError> {
        let watching = match self.store.watch_from(range, from).await {
            Ok(watch) => Watching::Goes(watch),
            Err(error @ WatchError::Compacted { .. }) => Watching::Over(error),
            Err(error) => return Err(not_taken(&error)),
        };
        let now = self.runtime.now();
        let begun = self.lock().begin(connection, watching, now);
        begun
            .map(Told::Watching)
            .ok_or_else(|| WireError::NotTaken {
                reason: "the connection has no room for another watch".to_owned(),
            })
    }

    async fn next(
        &self,
        connection: ConnectionId,
        number: WatchId,
    ) -> Result<WireEvent, WireError> {
        let taken = self.lock().take(connection, number);
        let mut watch = match taken {
            Some(Watching::Goes(watch)) => watch,
            Some(Watching::Over(error)) => return self.over(connection, number, &error),
            None => return Err(lost("there is no such watch, or it is being asked already")),
        };
        let mut told = Vec::new();
        let mut over = None;
        match timeout(&self.runtime, NEXT_WAIT, watch.next()).await {
            Ok(Ok(changes)) => {
                told.push(changes);
                over = more(&mut watch, &mut told).await;
            }
            Ok(Err(error)) => return self.over(connection, number, &error),
            Err(_) => {}
        }
        let event = if told.is_empty() {
            let position = watch.position().0;
            WireEvent::Progress(Revision(position.saturating_sub(1)))
        } else {
            WireEvent::Changes(told)
        };
        let watching = over.map_or(Watching::Goes(watch), Watching::Over);
        let now = self.runtime.now();
        self.lock().give_back(connection, number, watching, now);
        Ok(event)
    }

    /// A watch says that it is over.
    fn over(
        &self,
        connection: ConnectionId,
        number: WatchId,
        error: &WatchError,
    ) -> Result<WireEvent, WireError> {
        self.lock().end(connection, number);
        match error {
            WatchError::Compacted { compacted, .. } => Ok(WireEvent::Compacted(*compacted)),
            WatchError::Invalid(_)
            | WatchError::Unavailable(_)
            | WatchError::TooMany { .. }
            | _ => Err(lost(&error.to_string())),
        }
    }
}

/// Takes what else a watch has at hand. Answers why it is over, if it is.
async fn more(watch: &mut Watch, told: &mut Vec<Changes>) -> Option<WatchError> {
    let mut bytes = told.iter().map(size).sum::<usize>();
    while told.len() < REVISIONS_MAX && bytes < BYTES_MAX {
        let mut next = pin!(watch.next());
        let at_hand = std::future::poll_fn(|task| match next.as_mut().poll(task) {
            Poll::Ready(next) => Poll::Ready(Some(next)),
            Poll::Pending => Poll::Ready(None),
        });
        match at_hand.await? {
            Ok(changes) => {
                bytes += size(&changes);
                told.push(changes);
            }
            Err(error) => return Some(error),
        }
    }
    None
}

fn size(changes: &Changes) -> usize {
    let changes = changes.changes.iter();
    changes
        .map(|change| match change {
            Change::Put { entry, previous } => {
                let previous = previous.as_ref().map_or(0, |entry| entry.value.len());
                entry.key.len() + entry.value.len() + previous
            }
            Change::Deleted { key, previous } => {
                key.len() + previous.as_ref().map_or(0, |entry| entry.value.len())
            }
        })
        .sum()
}

fn lost(reason: &str) -> WireError {
    let reason = reason.to_owned();
    WireError::Lost { reason }
}

fn not_taken(error: &impl ToString) -> WireError {
    let reason = error.to_string();
    WireError::NotTaken { reason }
}

fn other(error: &impl ToString) -> WireError {
    let reason = error.to_string();
    WireRefusal::Other { reason }.into()
}

fn unavailable(error: &Unavailable) -> WireError {
    match error {
        Unavailable::Failed { .. } => other(error),
        Unavailable::NotRunning
        | Unavailable::NotLeader { .. }
        | Unavailable::TooManyInFlight { .. }
        | Unavailable::TimedOut { .. }
        | Unavailable::Unreachable { .. }
        | _ => not_taken(error),
    }
}

fn unknown(error: &Unknown) -> WireError {
    lost(&error.to_string())
}

fn of_read(error: ReadError) -> WireError {
    match error {
        ReadError::Unavailable(error) => unavailable(&error),
        ReadError::Compacted { .. } => WireRefusal::Compacted.into(),
        ReadError::Future { .. } => WireRefusal::Future.into(),
        error @ (ReadError::Invalid(_) | _) => other(&error),
    }
}

fn of_transaction(error: TransactError) -> WireError {
    match error {
        TransactError::Unavailable(error) => unavailable(&error),
        TransactError::Unknown(error) => unknown(&error),
        TransactError::LeaseNotFound { .. } => WireRefusal::LeaseNotFound.into(),
        TransactError::Full { .. } => WireRefusal::Full.into(),
        error @ (TransactError::Invalid(_) | _) => other(&error),
    }
}

fn of_lease(error: LeaseError) -> WireError {
    match error {
        LeaseError::Unavailable(error) => unavailable(&error),
        LeaseError::Unknown(error) => unknown(&error),
        LeaseError::NotFound { .. } => WireRefusal::LeaseNotFound.into(),
        LeaseError::Exists { .. } => WireRefusal::LeaseExists.into(),
        error @ (LeaseError::Invalid(_) | LeaseError::TooMany { .. } | _) => other(&error),
    }
}

fn of_compaction(error: CompactError) -> WireError {
    match error {
        CompactError::Unavailable(error) => unavailable(&error),
        CompactError::Unknown(error) => unknown(&error),
        CompactError::Compacted { .. } => WireRefusal::Compacted.into(),
        CompactError::Future { .. } => WireRefusal::Future.into(),
        error => other(&error),
    }
}
