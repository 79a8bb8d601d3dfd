//! Watches that go on after their connection broke.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::engine::{Endpoints, Place, failed, given_up};
use super::store::EtcdOptions;
use super::wire::{Wire, WireError, WireEvent, WireWatch};
use crate::runtime::{Clock, Timestamp, timeout};
use crate::store::entry::Revision;
use crate::store::error::WatchError;
use crate::store::range::KeyRange;
use crate::store::watch::{Changes, WatchSource};

/// Which endpoint was asked, and what it answered.
type Begun = (usize, Result<Box<dyn WireWatch>, WireError>);
type Beginning = Pin<Box<dyn Future<Output = Begun> + Send>>;

enum Stage {
    /// An endpoint is asked; until then one is looked for.
    Beginning(Beginning, Timestamp),
    /// This endpoint tells what happens.
    Told(usize, Box<dyn WireWatch>),
}

/// A watch on whichever endpoint serves. Every connection begins at the first revision
/// of which nothing was told, so that nothing is missed and nothing told twice.
pub(super) struct EtcdWatch<C> {
    clock: C,
    wire: Arc<dyn Wire>,
    endpoints: Arc<Endpoints>,
    options: EtcdOptions,
    range: KeyRange,
    next: Revision,
    /// Whole revisions of one answer of the cluster.
    told: VecDeque<Changes>,
    stage: Stage,
    _place: Place,
}

/// What a watch begins with.
pub(super) struct Beginner<C> {
    pub(super) clock: C,
    pub(super) wire: Arc<dyn Wire>,
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) options: EtcdOptions,
    pub(super) range: KeyRange,
    pub(super) next: Revision,
    pub(super) place: Place,
}

impl<C: Clock + Clone + Send + Sync + 'static> EtcdWatch<C> {
    /// A watch whose first connection is there.
    pub(super) fn new(beginner: Beginner<C>, endpoint: usize, first: Box<dyn WireWatch>) -> Self {
        Self {
            clock: beginner.clock,
            wire: beginner.wire,
            endpoints: beginner.endpoints,
            options: beginner.options,
            range: beginner.range,
            next: beginner.next,
            told: VecDeque::new(),
            stage: Stage::Told(endpoint, first),
            _place: beginner.place,
        }
    }

    /// Begins anew, after a pause, at whichever endpoint is asked then. Gives up when
    /// nothing serves by `patience`.
    fn again(&mut self, patience: Timestamp) {
        let (clock, wire) = (self.clock.clone(), self.wire.clone());
        let (endpoints, range) = (self.endpoints.clone(), self.range.clone());
        let (next, attempt, pause) = (self.next, self.options.attempt, self.options.pause);
        let beginning = async move {
            clock.sleep(pause).await;
            let endpoint = endpoints.current(&*wire);
            let begun = wire.watch(endpoint, range, next);
            let begun = timeout(&clock, attempt, begun).await;
            let begun = begun.unwrap_or_else(|elapsed| {
                let reason = elapsed.to_string();
                Err(WireError::Lost { reason })
            });
            if begun.is_err() {
                endpoints.leave(endpoint, &*wire);
            }
            (endpoint, begun)
        };
        self.stage = Stage::Beginning(Box::pin(beginning), patience);
    }

    /// Takes over what one answer told.
    fn take(&mut self, event: WireEvent) -> Result<(), WatchError> {
        match event {
            WireEvent::Changes(changes) => {
                let next = self.next;
                let fresh = changes.into_iter().filter(|told| told.revision >= next);
                self.told.extend(fresh);
                Ok(())
            }
            // Only ever polled with everything told before handed on.
            WireEvent::Progress(revision) => {
                self.next = self.next.max(revision.next());
                Ok(())
            }
            WireEvent::Compacted(compacted) => Err(WatchError::Compacted {
                requested: self.next,
                compacted,
            }),
        }
    }

    /// A connection told something, or broke.
    fn heard(
        &mut self,
        endpoint: usize,
        heard: Result<WireEvent, WireError>,
    ) -> Result<(), WatchError> {
        match heard {
            Ok(event) => self.take(event),
            Err(WireError::Refused(refusal)) => Err(failed(&refusal).into()),
            Err(WireError::NotTaken { .. } | WireError::Lost { .. }) => {
                self.endpoints.leave(endpoint, &*self.wire);
                self.again(self.clock.now() + self.options.watch_patience);
                Ok(())
            }
        }
    }

    /// An endpoint answered that it tells from now on, or that it does not.
    fn begun(
        &mut self,
        endpoint: usize,
        begun: Result<Box<dyn WireWatch>, WireError>,
        patience: Timestamp,
    ) -> Result<(), WatchError> {
        match begun {
            Ok(watch) => {
                self.stage = Stage::Told(endpoint, watch);
                Ok(())
            }
            Err(WireError::Refused(refusal)) => Err(failed(&refusal).into()),
            Err(WireError::NotTaken { reason } | WireError::Lost { reason }) => {
                if self.clock.now() < patience {
                    self.again(patience);
                    return Ok(());
                }
                Err(given_up(self.options.watch_patience, Some(reason)).into())
            }
        }
    }
}

impl<C: Clock + Clone + Send + Sync + 'static> WatchSource for EtcdWatch<C> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes, WatchError>> {
        loop {
            if let Some(changes) = self.told.pop_front() {
                self.next = changes.revision.next();
                return Poll::Ready(Ok(changes));
            }
            let went_on = match &mut self.stage {
                Stage::Told(endpoint, watch) => {
                    let endpoint = *endpoint;
                    let heard = ready!(watch.poll_next(context));
                    self.heard(endpoint, heard)
                }
                Stage::Beginning(beginning, patience) => {
                    let patience = *patience;
                    let (endpoint, begun) = ready!(beginning.as_mut().poll(context));
                    self.begun(endpoint, begun, patience)
                }
            };
            if let Err(error) = went_on {
                return Poll::Ready(Err(error));
            }
        }
    }

    fn position(&self) -> Revision {
        self.next
    }
}
