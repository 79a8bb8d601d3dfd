//! The asking side.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::envelope::{Correlation, Header, Kind};
use super::error::RequestError;
use super::pending::{Outcome, Pending};
use crate::runtime::{
    BindError, Clock, Identity, Inbox, Incarnation, Network, NodeId, Port, timeout,
};

/// Below this a probe interval would be a busy loop.
const PROBE_INTERVAL_MIN: Duration = Duration::from_millis(1);

/// What a requester may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLimits {
    /// How many requests may wait for answers at the same time. Also the capacity of
    /// the inbox for answers. 1,024 if not set.
    pub in_flight_max: usize,
    /// How often the peer of a waiting request is probed. One second if not set; at
    /// least one millisecond.
    pub probe_interval: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            in_flight_max: 1_024,
            probe_interval: Duration::from_secs(1),
        }
    }
}

impl RequestLimits {
    /// Sets [`in_flight_max`](Self::in_flight_max).
    #[must_use]
    pub const fn in_flight_max(mut self, in_flight_max: usize) -> Self {
        self.in_flight_max = in_flight_max;
        self
    }

    /// Sets [`probe_interval`](Self::probe_interval).
    #[must_use]
    pub const fn probe_interval(mut self, probe_interval: Duration) -> Self {
        self.probe_interval = probe_interval;
        self
    }
}

/// What a requester has dropped so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// Answers to requests that had ended, or were answered before.
    pub late: u64,
    /// Messages that are no answers.
    pub garbage: u64,
}

/// Sends requests and sorts their answers. Cheap to clone; the port is free again
/// once the last clone is dropped.
pub struct Requester<N> {
    network: N,
    port: Port,
    limits: RequestLimits,
    desk: Arc<Desk>,
}

impl<N: Clone> Clone for Requester<N> {
    fn clone(&self) -> Self {
        Self {
            network: self.network.clone(),
            port: self.port,
            limits: self.limits,
            desk: self.desk.clone(),
        }
    }
}

impl<N> Requester<N>
where
    N: Identity + Clock + Network + Clone,
{
    /// A requester that receives its answers on `port`.
    ///
    /// # Errors
    ///
    /// See [`BindError`]; `NoCapacity` also if no request may be in flight.
    pub fn open(network: &N, port: Port, limits: RequestLimits) -> Result<Self, BindError> {
        let inbox = network.bind(port, limits.in_flight_max)?;
        // Numbers begin at the time, so that an earlier requester on this port has
        // used lower ones and its late answers are not taken for ours.
        let desk = Desk::open(inbox, network.incarnation(), network.now().0);
        Ok(Self {
            network: network.clone(),
            port,
            limits,
            desk,
        })
    }

    /// Asks `peer` on `port`, and waits for the answer for at most `limit`.
    ///
    /// # Errors
    ///
    /// See [`RequestError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request: its place is free at once and its
    /// answer, should one come, is dropped. The peer may still handle it.
    pub async fn request(
        &self,
        peer: NodeId,
        port: Port,
        payload: Vec<u8>,
        limit: Duration,
    ) -> Result<Vec<u8>, RequestError> {
        let deadline = self.network.now() + limit;
        let mut ticket = self.begin(peer)?;
        let sent = self.header(Kind::Request, ticket.number).encode(&payload);
        drop(payload);
        self.network.send(peer, port, sent)?;
        loop {
            let rest = deadline.since(self.network.now());
            let wait = rest.min(self.limits.probe_interval.max(PROBE_INTERVAL_MIN));
            match timeout(&self.network, wait, &mut ticket).await {
                Ok(Outcome::Answered(answer)) => return Ok(answer),
                Ok(Outcome::Declined) => return Err(RequestError::Declined { peer }),
                Ok(Outcome::Closed) => return Err(self.closed()),
                Err(_) if self.network.now() >= deadline => {
                    return Err(RequestError::TimedOut { peer, limit });
                }
                Err(_) => self.probe(peer, port, ticket.number)?,
            }
        }
    }

    /// How many requests wait for answers.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.desk.lock().pending.len()
    }

    /// What was dropped so far.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        let state = self.desk.lock();
        RequestCounts {
            late: state.pending.late,
            garbage: state.pending.garbage,
        }
    }

    fn begin(&self, peer: NodeId) -> Result<Ticket<'_>, RequestError> {
        let mut state = self.desk.lock();
        if state.pending.len() >= self.limits.in_flight_max {
            let limit = self.limits.in_flight_max;
            return Err(RequestError::TooManyInFlight { limit });
        }
        match state.pending.begin(peer) {
            Some(number) => Ok(Ticket {
                desk: &self.desk,
                number,
            }),
            None => Err(self.closed()),
        }
    }

    fn probe(&self, peer: NodeId, port: Port, number: u64) -> Result<(), RequestError> {
        let probe = self.header(Kind::Probe, number).encode(&[]);
        match self.network.send(peer, port, probe).map_err(Into::into) {
            // The peer is slow, not gone; the limit of the request still holds.
            Err(RequestError::QueueFull { .. }) => Ok(()),
            result => result,
        }
    }

    fn header(&self, kind: Kind, number: u64) -> Header {
        Header {
            kind,
            correlation: Correlation {
                port: self.port,
                incarnation: self.network.incarnation(),
                number,
            },
        }
    }

    fn closed(&self) -> RequestError {
        RequestError::Closed {
            node: self.network.node(),
        }
    }
}

impl<N> fmt::Debug for Requester<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requester")
            .field("port", &self.port)
            .field("in_flight", &self.desk.lock().pending.len())
            .finish_non_exhaustive()
    }
}

/// One request in flight. Dropping it withdraws the request.
struct Ticket<'a> {
    desk: &'a Desk,
    number: u64,
}

impl Future for Ticket<'_> {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.desk.lock();
        let outcome = state.pending.outcome(self.number, context.waker());
        outcome.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.desk.lock().pending.withdraw(self.number);
    }
}

struct State {
    inbox: Inbox,
    pending: Pending,
}

/// Where answers are sorted.
struct Desk {
    state: Mutex<State>,
    bell: Waker,
}

impl Desk {
    fn open(inbox: Inbox, incarnation: Incarnation, first: u64) -> Arc<Self> {
        let pending = Pending::new(incarnation, first);
        let desk = Arc::new_cyclic(|desk: &Weak<Self>| Self {
            state: Mutex::new(State { inbox, pending }),
            bell: Waker::from(Arc::new(Bell(desk.clone()))),
        });
        desk.sort();
        desk
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes every message that has arrived, and leaves the bell for the next.
    fn sort(&self) {
        let mut context = Context::from_waker(&self.bell);
        let mut wakers = Vec::new();
        {
            let mut state = self.lock();
            let State { inbox, pending } = &mut *state;
            loop {
                match pin!(inbox.receive()).poll(&mut context) {
                    Poll::Ready(Some(message)) => wakers.extend(pending.take(message)),
                    Poll::Ready(None) => {
                        wakers.extend(pending.close());
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Rung by the inbox. Weak, because the inbox keeps the bell and the desk the inbox.
struct Bell(Weak<Desk>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if let Some(desk) = self.0.upgrade() {
            desk.sort();
        }
    }
}
