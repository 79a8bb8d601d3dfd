//! The asking side: the wire of the etcd engine to simulated members.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use steadfast::runtime::{
    BindError, NodeId, Port, RequestError, RequestLimits, Requester, Runtime,
};
use steadfast::store::etcd::{Call, Wire, WireError, WireEvent, WireWatch};
use steadfast::store::{
    Granted, KeyRange, LeaseId, LeaseInfo, Read, Reading, Revision, Transacted, Transaction,
};

use super::rpc::{Ask, ConnectionId, Message, Reply, Told, WatchId, decode, encode};
use super::service::NEXT_WAIT;

/// How many requests wait for answers at once.
const IN_FLIGHT_MAX: usize = 4_096;

/// For how long a member is waited for to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);

/// For how long an answer is waited for. Callers give up long before.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// For how long what a watch tells is waited for: far longer than a member lets it wait.
const NEXT_LIMIT: Duration = NEXT_WAIT.saturating_mul(3);

/// Asks members of a simulated etcd cluster. Cheap to clone.
pub struct MemberWire<R: Runtime>(Arc<Asking<R>>);

struct Asking<R: Runtime> {
    requester: Requester<R>,
    members: Vec<NodeId>,
    port: Port,
    connections: Mutex<BTreeMap<usize, ConnectionId>>,
    serials: AtomicU64,
}

impl<R: Runtime> MemberWire<R> {
    /// A wire to `members`, which listen on `port`; their answers come in on `answers`.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    ///
    /// # Panics
    ///
    /// If there are no members.
    pub fn open(
        runtime: &R,
        members: impl IntoIterator<Item = NodeId>,
        port: Port,
        answers: Port,
    ) -> Result<Self, BindError> {
        let limits = RequestLimits::default().in_flight_max(IN_FLIGHT_MAX);
        let members: Vec<_> = members.into_iter().collect();
        assert!(!members.is_empty(), "a cluster has members");
        Ok(Self(Arc::new(Asking {
            requester: Requester::open(runtime, answers, limits)?,
            members,
            port,
            connections: Mutex::default(),
            serials: AtomicU64::new(1),
        })))
    }

    fn call<T: 'static>(
        &self,
        endpoint: usize,
        ask: Ask,
        told: fn(Told) -> Option<T>,
    ) -> Call<'_, T> {
        Box::pin(async move {
            let (_, answer) = self.0.call(endpoint, ask, CALL_LIMIT).await?;
            told(answer).ok_or_else(stray)
        })
    }
}

impl<R: Runtime> Asking<R> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, ConnectionId>> {
        // Nothing that can panic runs under this lock.
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever asks next opens another connection.
    fn forget(&self, endpoint: usize, connection: ConnectionId) {
        let mut connections = self.lock();
        if connections.get(&endpoint) == Some(&connection) {
            connections.remove(&endpoint);
        }
    }

    async fn connect(&self, endpoint: usize) -> Result<ConnectionId, WireError> {
        let message = encode(&Message::Connect);
        let asked = self.request(endpoint, message, CONNECT_LIMIT);
        let reason = match asked.await {
            Ok(Reply::Connected(connection)) => {
                self.lock().insert(endpoint, connection);
                return Ok(connection);
            }
            Ok(Reply::NotConnected | Reply::Done(_)) => "no answer of a member".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(WireError::NotTaken { reason })
    }

    async fn request(
        &self,
        endpoint: usize,
        message: Vec<u8>,
        limit: Duration,
    ) -> Result<Reply, RequestError> {
        let peer = self.members[endpoint % self.members.len()];
        let asked = self.requester.request(peer, self.port, message, limit);
        let answer = asked.await?;
        // Members answer with nothing else.
        decode(&answer).ok_or(RequestError::Declined { peer })
    }

    /// Asks on the connection to a member. Answers which one that was, too.
    async fn call(
        &self,
        endpoint: usize,
        ask: Ask,
        limit: Duration,
    ) -> Result<(ConnectionId, Told), WireError> {
        let known = self.lock().get(&endpoint).copied();
        let connection = match known {
            Some(connection) => connection,
            None => self.connect(endpoint).await?,
        };
        let told = self.call_on(endpoint, connection, ask, limit).await?;
        Ok((connection, told))
    }

    async fn call_on(
        &self,
        endpoint: usize,
        connection: ConnectionId,
        ask: Ask,
        limit: Duration,
    ) -> Result<Told, WireError> {
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        let message = encode(&Message::Call {
            connection,
            serial,
            ask,
        });
        match self.request(endpoint, message, limit).await {
            Ok(Reply::Done(done)) => done,
            Ok(Reply::Connected(_)) => Err(stray()),
            Ok(Reply::NotConnected) => {
                self.forget(endpoint, connection);
                let reason = "the member was restarted".to_owned();
                Err(WireError::NotTaken { reason })
            }
            Err(error) => {
                self.forget(endpoint, connection);
                Err(broken(&error))
            }
        }
    }
}

/// An answer to something else.
fn stray() -> WireError {
    let reason = "the member answered something else".to_owned();
    WireError::Lost { reason }
}

/// What is known of a request that was not answered.
fn broken(error: &RequestError) -> WireError {
    let reason = error.to_string();
    match error {
        RequestError::TooManyInFlight { .. }
        | RequestError::QueueFull { .. }
        | RequestError::TooLong { .. }
        | RequestError::Closed { .. } => WireError::NotTaken { reason },
        RequestError::TimedOut { .. }
        | RequestError::NoConnection { .. }
        | RequestError::Declined { .. }
        | _ => WireError::Lost { reason },
    }
}

macro_rules! told {
    ($kind:ident) => {
        |told| match told {
            Told::$kind(answer) => Some(answer),
            _ => None,
        }
    };
}

impl<R: Runtime> Wire for MemberWire<R> {
    fn endpoints(&self) -> usize {
        self.0.members.len()
    }

    fn range(&self, endpoint: usize, read: Read) -> Call<'_, Reading> {
        self.call(endpoint, Ask::Range(read), told!(Range))
    }

    fn txn(&self, endpoint: usize, transaction: Transaction) -> Call<'_, Transacted> {
        self.call(endpoint, Ask::Transact(transaction), told!(Transacted))
    }

    fn lease_grant(
        &self,
        endpoint: usize,
        lease: Option<LeaseId>,
        ttl: Duration,
    ) -> Call<'_, Granted> {
        self.call(endpoint, Ask::Grant(lease, ttl), told!(Granted))
    }

    fn lease_keep_alive(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Duration> {
        self.call(endpoint, Ask::KeepAlive(lease), told!(KeptAlive))
    }

    fn lease_revoke(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Revision> {
        self.call(endpoint, Ask::Revoke(lease), told!(Revoked))
    }

    fn lease_time_to_live(&self, endpoint: usize, lease: LeaseId) -> Call<'_, LeaseInfo> {
        self.call(endpoint, Ask::TimeToLive(lease), told!(TimeToLive))
    }

    fn lease_leases(&self, endpoint: usize) -> Call<'_, Vec<LeaseId>> {
        self.call(endpoint, Ask::Leases, told!(Leases))
    }

    fn watch(
        &self,
        endpoint: usize,
        range: KeyRange,
        from: Revision,
    ) -> Call<'_, Box<dyn WireWatch>> {
        let asking = self.0.clone();
        Box::pin(async move {
            let ask = Ask::Watch(range, from);
            let (connection, told) = asking.call(endpoint, ask, CALL_LIMIT).await?;
            let Told::Watching(watch) = told else {
                return Err(stray());
            };
            let watch: Box<dyn WireWatch> = Box::new(MemberWatch {
                asking,
                endpoint,
                connection,
                watch,
                next: None,
            });
            Ok(watch)
        })
    }

    fn compact(&self, endpoint: usize, revision: Revision) -> Call<'_, ()> {
        let told = |told| matches!(told, Told::Compacted).then_some(());
        self.call(endpoint, Ask::Compact(revision), told)
    }
}

impl<R: Runtime> fmt::Debug for MemberWire<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberWire")
            .field("members", &self.0.members)
            .finish_non_exhaustive()
    }
}

type Next = Pin<Box<dyn Future<Output = Result<Told, WireError>> + Send>>;

/// A watch on one connection.
struct MemberWatch<R: Runtime> {
    asking: Arc<Asking<R>>,
    endpoint: usize,
    connection: ConnectionId,
    watch: WatchId,
    next: Option<Next>,
}

impl<R: Runtime> WireWatch for MemberWatch<R> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WireEvent, WireError>> {
        let next = self.next.get_or_insert_with(|| {
            let asking = self.asking.clone();
            let (endpoint, connection, watch) = (self.endpoint, self.connection, self.watch);
            Box::pin(async move {
                let ask = Ask::Next(watch);
                asking.call_on(endpoint, connection, ask, NEXT_LIMIT).await
            })
        });
        let told = ready!(next.as_mut().poll(context));
        self.next = None;
        Poll::Ready(match told {
            Ok(Told::Next(event)) => Ok(event),
            Ok(_) => Err(stray()),
            Err(error) => Err(error),
        })
    }
}
