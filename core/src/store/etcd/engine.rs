//! Endpoints, repetition, and what is certain.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::store::EtcdOptions;
use super::wire::{Call, Wire, WireError, WireRefusal};
use crate::runtime::{Clock, Timestamp, timeout};
use crate::store::entry::Revision;
use crate::store::error::{Unavailable, Unknown};
use crate::store::range::KeyRange;
use crate::store::read::Read;

/// Why a request came to nothing, or to nobody knows what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    Unavailable(Unavailable),
    Unknown(Unknown),
    Refused(WireRefusal),
}

impl From<Unavailable> for Failed {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// What a refusal that has no word of its own comes to.
pub(super) fn failed(refusal: &WireRefusal) -> Unavailable {
    let reason = refusal.to_string();
    Unavailable::Failed { reason }
}

/// What a search for an endpoint comes to that ended without one.
pub(super) fn given_up(limit: Duration, last: Option<String>) -> Unavailable {
    match last {
        Some(reason) => Unavailable::Unreachable { limit, reason },
        None => Unavailable::TimedOut { limit },
    }
}

/// One of a bounded number of places.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    /// A place, unless there are `limit` already.
    pub(super) fn take(places: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let before = places.fetch_add(1, Ordering::AcqRel);
        let place = Self(places.clone());
        (before < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Which endpoint is asked. All requests stay at one as long as it answers.
#[derive(Debug, Default)]
pub(super) struct Endpoints(AtomicUsize);

impl Endpoints {
    pub(super) fn current(&self, wire: &dyn Wire) -> usize {
        self.0.load(Ordering::Acquire) % wire.endpoints().max(1)
    }

    /// Goes on to the next one, unless another request did so already.
    pub(super) fn leave(&self, endpoint: usize, wire: &dyn Wire) {
        let next = (endpoint + 1) % wire.endpoints().max(1);
        let left = self
            .0
            .compare_exchange(endpoint, next, Ordering::AcqRel, Ordering::Acquire);
        match left {
            // Whoever loses finds what the winner chose.
            Ok(_) | Err(_) => {}
        }
    }
}

/// How often a request may reach a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// As often as it takes: it changes nothing, or the same again changes nothing.
    Any,
    /// Once: after a lost answer nobody can say what became of it.
    Once,
}

/// The engine. Holds no keys.
pub(super) struct EtcdEngine<C> {
    pub(super) clock: C,
    pub(super) wire: Arc<dyn Wire>,
    pub(super) options: EtcdOptions,
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) watches: Arc<AtomicUsize>,
    in_flight: Arc<AtomicUsize>,
}

impl<C: Clock + Clone + Send + Sync + 'static> EtcdEngine<C> {
    pub(super) fn new(clock: C, wire: Arc<dyn Wire>, options: EtcdOptions) -> Self {
        Self {
            clock,
            wire,
            options,
            endpoints: Arc::default(),
            watches: Arc::default(),
            in_flight: Arc::default(),
        }
    }

    pub(super) fn deadline(&self, limit: Duration) -> Timestamp {
        self.clock.now() + limit
    }

    fn place(&self) -> Result<Place, Unavailable> {
        let limit = self.options.in_flight_max;
        Place::take(&self.in_flight, limit).ok_or(Unavailable::TooManyInFlight { limit })
    }

    /// Asks one endpoint after the other until one answers.
    ///
    /// A request that may be taken once is asked again only while it certainly was not
    /// taken.
    pub(super) async fn ask<'a, T>(
        &'a self,
        times: Times,
        deadline: Timestamp,
        limit: Duration,
        call: impl Fn(&'a dyn Wire, usize) -> Call<'a, T> + Send + Sync,
    ) -> Result<T, Failed> {
        let _place = self.place()?;
        let mut last = None;
        loop {
            let rest = deadline.since(self.clock.now());
            if rest.is_zero() {
                return Err(given_up(limit, last).into());
            }
            let endpoint = self.endpoints.current(&*self.wire);
            let wait = match times {
                Times::Any => rest.min(self.options.attempt),
                Times::Once => rest,
            };
            let answer = timeout(&self.clock, wait, call(&*self.wire, endpoint)).await;
            let (unknown, reason) = match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(WireError::Refused(refusal))) => return Err(Failed::Refused(refusal)),
                Ok(Err(WireError::NotTaken { reason })) => (None, reason),
                Ok(Err(WireError::Lost { reason })) => {
                    let unknown = Unknown::ConnectionLost {
                        reason: reason.clone(),
                    };
                    (Some(unknown), reason)
                }
                Err(elapsed) => (Some(Unknown::TimedOut { limit }), elapsed.to_string()),
            };
            self.endpoints.leave(endpoint, &*self.wire);
            if let (Times::Once, Some(unknown)) = (times, unknown) {
                return Err(Failed::Unknown(unknown));
            }
            last = Some(reason);
            let rest = deadline.since(self.clock.now());
            self.clock.sleep(rest.min(self.options.pause)).await;
        }
    }

    /// The newest revision, seen by everything that was answered before.
    pub(super) async fn current(
        &self,
        deadline: Timestamp,
        limit: Duration,
    ) -> Result<Revision, Failed> {
        let read = Read::new(KeyRange::key("\0")).limit(1);
        let reading = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
            wire.range(endpoint, read.clone())
        });
        Ok(reading.await?.revision)
    }
}

impl<C> fmt::Debug for EtcdEngine<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdEngine")
            .field("wire", &self.wire)
            .finish_non_exhaustive()
    }
}
