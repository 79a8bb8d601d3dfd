//! What callers on one node get of a replicated store.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::options::RaftOptions;
use super::rpc::{Ask, Miss, Told, decode, encode};
use super::running::Running;
use super::state::Shared;
use crate::runtime::{NodeId, RequestError, Requester, Runtime, Timestamp, timeout};
use crate::store::error::{Unavailable, Unknown};
use crate::store::machine::{Command, Proposal, Refusal, Response, SessionId, Stamp};

/// The session of one node: makes what it proposes happen at most once.
#[derive(Default)]
struct Session {
    id: Option<SessionId>,
    serials: u64,
    open: BTreeSet<u64>,
}

/// Why a request came to nothing, or to nobody knows what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    Unavailable(Unavailable),
    Unknown(Unknown),
}

impl From<Unavailable> for Failed {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// The engine on one node. It outlives the runs of its store.
pub(super) struct RaftEngine<R: Runtime> {
    pub(super) runtime: R,
    pub(super) options: RaftOptions,
    pub(super) shared: Shared,
    running: Mutex<Option<Running<R>>>,
    /// Opened once: requests in flight may outlive a run.
    pub(super) requester: Mutex<Option<Requester<R>>>,
    session: Mutex<Session>,
    in_flight: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place among the requests in flight.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A serial that is not answered yet. Dropping it withdraws what it stands for.
struct Serial<'a> {
    session: &'a Mutex<Session>,
    serial: u64,
}

impl Drop for Serial<'_> {
    fn drop(&mut self) {
        lock(self.session).open.remove(&self.serial);
    }
}

impl<R: Runtime> RaftEngine<R> {
    pub(super) fn new(runtime: R, options: RaftOptions) -> Self {
        Self {
            shared: Shared::new(options.limits.clone()),
            runtime,
            options,
            running: Mutex::new(None),
            requester: Mutex::new(None),
            session: Mutex::default(),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn open(&self, running: Running<R>) {
        *lock(&self.running) = Some(running);
        self.shared.set_open(true);
    }

    pub(super) fn close(&self) {
        let running = lock(&self.running).take();
        self.shared.set_open(false);
        // The last handle of consensus may run destructors; not under the lock.
        drop(running);
    }

    pub(super) fn running(&self) -> Result<Running<R>, Unavailable> {
        lock(&self.running).clone().ok_or(Unavailable::NotRunning)
    }

    fn place(&self) -> Result<Place<'_>, Unavailable> {
        let limit = self.options.in_flight_max;
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let place = Place(&self.in_flight);
        if before >= limit {
            return Err(Unavailable::TooManyInFlight { limit });
        }
        Ok(place)
    }

    /// Makes a command happen at most once, however often it has to be asked for.
    pub(super) async fn propose(
        &self,
        command: Command,
        limit: Duration,
    ) -> Result<Result<Response, Refusal>, Failed> {
        let _place = self.place()?;
        let deadline = self.runtime.now() + limit;
        let session = self.session(deadline, limit).await?;
        let (serial, answered) = self.next_serial(session)?;
        let stamp = Some(Stamp {
            session,
            serial: serial.serial,
            answered,
        });
        let proposal = Proposal { stamp, command };
        let answer = self.propose_until(&proposal, deadline, limit).await;
        if answer == Ok(Err(Refusal::SessionForgotten)) {
            let mut current = lock(&self.session);
            if current.id == Some(session) {
                current.id = None;
            }
        }
        answer
    }

    /// The session of this node; opens one if there is none.
    async fn session(&self, deadline: Timestamp, limit: Duration) -> Result<SessionId, Failed> {
        if let Some(session) = lock(&self.session).id {
            return Ok(session);
        }
        let proposal = Proposal::from(Command::OpenSession);
        // A session that was opened in vain is forgotten in time.
        let opened = self.propose_until(&proposal, deadline, limit).await;
        match opened {
            Ok(Ok(Response::Opened(opened))) => {
                let mut session = lock(&self.session);
                // Another request may have opened one meanwhile.
                if session.id.is_none() {
                    session.id = Some(opened);
                    session.serials = 0;
                    session.open.clear();
                }
                Ok(session.id.unwrap_or(opened))
            }
            // What was to be proposed was not.
            Ok(_) | Err(Failed::Unknown(_)) => Err(Unavailable::TimedOut { limit }.into()),
            Err(unavailable) => Err(unavailable),
        }
    }

    fn next_serial(&self, id: SessionId) -> Result<(Serial<'_>, u64), Unavailable> {
        let mut session = lock(&self.session);
        if session.id != Some(id) {
            return Err(Unavailable::NotRunning);
        }
        session.serials += 1;
        let serial = session.serials;
        session.open.insert(serial);
        let answered = session.open.first().map_or(0, |oldest| oldest - 1);
        let session = &self.session;
        Ok((Serial { session, serial }, answered))
    }

    async fn propose_until(
        &self,
        proposal: &Proposal,
        deadline: Timestamp,
        limit: Duration,
    ) -> Result<Result<Response, Refusal>, Failed> {
        let ask = || Ask::Propose(proposal.clone());
        let told = |told| {
            let Told::Proposed(answer) = told else {
                return Err(Miss::Unknown);
            };
            answer
        };
        self.at_leader(ask, told, deadline, limit).await
    }

    /// Asks whoever leads, again and again, until it answers.
    pub(super) async fn at_leader<T>(
        &self,
        ask: impl Fn() -> Ask + Send + Sync,
        told: impl Fn(Told) -> Result<T, Miss> + Send + Sync,
        deadline: Timestamp,
        limit: Duration,
    ) -> Result<T, Failed> {
        let mut unknown = false;
        let mut hint = None;
        let mut busy = false;
        loop {
            let running = match self.running() {
                Ok(running) => running,
                Err(_) if unknown => return Err(Failed::Unknown(Unknown::Stopped)),
                Err(error) => return Err(error.into()),
            };
            let rest = deadline.since(self.runtime.now());
            match self.attempt(&running, ask(), rest).await.and_then(&told) {
                Ok(answer) => return Ok(answer),
                Err(Miss::NotLeader(leader)) => hint = leader,
                Err(Miss::Unknown) => unknown = true,
                Err(Miss::Busy) => busy = true,
            }
            let rest = deadline.since(self.runtime.now());
            if rest.is_zero() {
                break;
            }
            self.pause(running, rest.min(self.options.heartbeat)).await;
        }
        Err(if unknown {
            Failed::Unknown(Unknown::TimedOut { limit })
        } else if busy {
            Unavailable::TimedOut { limit }.into()
        } else {
            Unavailable::NotLeader {
                node: self.runtime.node(),
                leader: hint.map(NodeId),
            }
            .into()
        })
    }

    /// Waits before another attempt, no longer than until another node leads.
    async fn pause(&self, running: Running<R>, limit: Duration) {
        let mut metrics = running.raft.server_metrics();
        let before = metrics.borrow_and_update().current_leader;
        // A handle of consensus must not outlive its run.
        drop(running);
        let led = async {
            // Once its run has ended, nothing more is told of who leads.
            while metrics.changed().await.is_ok() {
                let leader = metrics.borrow_and_update().current_leader;
                if leader.is_some() && leader != before {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        // Either way there is another attempt.
        timeout(&self.runtime, limit, led).await.unwrap_or(());
    }

    async fn attempt(&self, running: &Running<R>, ask: Ask, rest: Duration) -> Result<Told, Miss> {
        let leader = running.leader().ok_or(Miss::NotLeader(None))?;
        if leader == running.me() {
            let served = running.serve(ask);
            return match timeout(&self.runtime, rest, served).await {
                Ok(Some(told)) => Ok(told),
                Ok(None) | Err(_) => Err(Miss::Unknown),
            };
        }
        // A leader that is gone, or a message that was lost, must not take all the time
        // there is: whatever is asked can be asked again.
        let limit = rest.min(self.options.election);
        let asked = encode(&ask);
        let answer = running
            .requester
            .request(NodeId(leader), self.options.port, asked, limit);
        match answer.await {
            Ok(answer) => decode(&answer).ok_or(Miss::Unknown),
            // The caller, who is told what is known at the end, answers for it.
            Err(error) => {
                let error = running.node.failure(error).give_back();
                let unsent = matches!(
                    error,
                    RequestError::TooManyInFlight { .. }
                        | RequestError::QueueFull { .. }
                        | RequestError::TooLong { .. }
                        | RequestError::Closed { .. }
                );
                Err(if unsent { Miss::Busy } else { Miss::Unknown })
            }
        }
    }

    /// Waits until this node has everything that had been answered when this began.
    pub(super) async fn caught_up(&self, limit: Duration) -> Result<(), Unavailable> {
        let _place = self.place()?;
        let deadline = self.runtime.now() + limit;
        let late = || Unavailable::TimedOut { limit };
        let told = |told| {
            let Told::ReadIndex(index) = told else {
                return Err(Miss::Unknown);
            };
            index
        };
        let index = self
            .at_leader(|| Ask::ReadIndex, told, deadline, limit)
            .await;
        let index = index.map_err(|failed| match failed {
            Failed::Unavailable(unavailable) => unavailable,
            Failed::Unknown(Unknown::Stopped) => Unavailable::NotRunning,
            Failed::Unknown(_) => late(),
        })?;
        let rest = deadline.since(self.runtime.now());
        match timeout(&self.runtime, rest, self.shared.applied(index)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unavailable::NotRunning),
            Err(_) => Err(late()),
        }
    }
}

impl<R: Runtime> fmt::Debug for RaftEngine<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaftEngine")
            .field("node", &self.runtime.node())
            .finish_non_exhaustive()
    }
}
