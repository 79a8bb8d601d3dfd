//! One who wants to enter a double barrier: waiting for the others.

use std::sync::Arc;
use std::time::Duration;

use super::assembly::{Assembly, Standing};
use super::entering::Stage;
use super::error::{BarrierError, QueueError};
use super::held::Held;
use super::inside::Inside;
use super::listening::heard;
use super::patience::Patience;
use super::queue::Spot;
use super::session::{Hold, Session, Shared};
use super::site::{Participant, Site};
use super::subject::Subject;
use super::subject_barrier::Part;
use super::withdrawal::{Slot, Withdrawal};
use crate::failure::Severity;
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{Key, KeyRange, Read, ReadError, Revision, WatchError};

/// One who wants to enter.
///
/// Dropping it, at any point, withdraws it in the background.
pub(super) struct Participation<R: Runtime> {
    pub(super) session: Session<R>,
    pub(super) barrier: Label,
    pub(super) site: Site,
    pub(super) who: Participant,
    pub(super) expected: u64,
    slot: Option<Slot<R>>,
    /// The place that was asked for last, and its generation.
    pub(super) place: Option<(Revision, Key)>,
    pub(super) stage: Stage,
    /// How many others were counted when it was looked at last.
    pub(super) others: u64,
}

impl<R: Runtime> Participation<R> {
    /// One that has not asked for a place yet.
    pub(super) fn new(
        session: &Session<R>,
        barrier: &Label,
        site: Site,
        expected: u64,
    ) -> Result<Self, BarrierError> {
        let shared = session.shared();
        let failed = |error| BarrierError::of(error, barrier.clone());
        let ended = |end| failed(QueueError::Session(end));
        shared.check().map_err(ended)?;
        let slot = shared.withdrawals().reserve();
        let slot = slot.map_err(|limit| failed(QueueError::TooMany { limit }))?;
        let who = Participant {
            session: shared.id(),
            attempt: shared.next_attempt(),
        };
        Ok(Self {
            session: session.clone(),
            barrier: barrier.clone(),
            site,
            who,
            expected,
            slot: Some(slot),
            place: None,
            stage: Stage::Out,
            others: 0,
        })
    }

    /// Comes, and waits for all others.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws it.
    pub(super) async fn run(mut self, within: Duration) -> Result<Inside<R>, BarrierError> {
        let shared = self.session.shared().clone();
        let waiting = timeout(shared.runtime(), within, self.come(&shared));
        let outcome = match shared.unless_ended(waiting).await {
            Err(end) => Err(self.error(QueueError::Session(end))),
            Ok(Err(_)) => self.give_up(&shared, within).await,
            Ok(Ok(outcome)) => outcome,
        };
        self.settle(&shared, outcome)
    }

    /// Makes a hold of the place, and says what came of it.
    fn settle(
        mut self,
        shared: &Arc<Shared<R>>,
        outcome: Result<(), BarrierError>,
    ) -> Result<Inside<R>, BarrierError> {
        let (session, now) = (shared.id(), shared.runtime().now());
        let subject = Arc::new(self.subject());
        let passed = outcome.and_then(|()| match (self.stage, self.place.clone()) {
            (Stage::In(token), Some((generation, key))) => {
                let passed = subject.granted(session, token, Duration::ZERO, 0);
                let hold = Hold::new(self.who.attempt, subject.clone(), None, token, now);
                let hold = shared.hold(hold, passed);
                let hold = hold.map_err(|end| self.error(QueueError::Session(end)))?;
                Ok((hold, generation, key))
            }
            (Stage::In(_) | Stage::Out | Stage::Unknown, _) => Err(self.error(QueueError::Removed)),
        });
        let (hold, generation, key) = passed.inspect_err(|error| {
            let why = Label::from(format!("{error}"));
            shared.announce_all(subject.refused(session, &why));
        })?;
        self.stage = Stage::Out;
        let spot = Spot {
            line: self.site.places(generation),
            key,
            revocation: None,
        };
        let held = Held::new(self.session.clone(), hold, vec![spot], self.slot.take());
        let (barrier, site) = (self.barrier.clone(), self.site.clone());
        Ok(Inside::new(held, barrier, site, generation))
    }

    async fn come(&mut self, shared: &Shared<R>) -> Result<(), BarrierError> {
        let mut known = Some(self.arrive(shared).await?);
        let Some((generation, place)) = self.place.clone() else {
            return Err(self.error(QueueError::Removed));
        };
        let mut patience = Patience::new();
        loop {
            let assembly = match known.take() {
                Some(assembly) => assembly,
                None => self.assembly(shared, &mut patience).await?,
            };
            self.others = assembly.others(generation, &place);
            if let Some(outcome) = self.outcome(assembly.standing(generation, &place)) {
                return outcome;
            }
            let range = KeyRange::key(self.site.generation());
            let matters = |change: &_| self.site.may_end_gathering(change);
            match heard(shared, range, assembly.revision, matters).await {
                // Whatever the trouble is, another look says how things stand.
                Ok(()) | Err(WatchError::Compacted { .. }) => {}
                Err(error) => patience.pause(shared, "watching a barrier", error).await,
            }
        }
    }

    /// What its standing comes to; `None` if it has to wait.
    pub(super) fn outcome(&self, standing: Standing) -> Option<Result<(), BarrierError>> {
        match standing {
            Standing::Gathering => None,
            Standing::Passed => Some(Ok(())),
            Standing::Reset => {
                let barrier = self.barrier.clone();
                Some(Err(BarrierError::Reset { barrier }))
            }
            Standing::Missing => Some(Err(self.error(QueueError::Removed))),
        }
    }

    /// How things stand. Trouble with the store is waited out.
    pub(super) async fn assembly(
        &self,
        shared: &Shared<R>,
        patience: &mut Patience,
    ) -> Result<Assembly, BarrierError> {
        look(shared, &self.barrier, &self.site, patience).await
    }

    pub(super) fn subject(&self) -> Subject {
        let place = self.place.as_ref();
        Subject::Barrier(Part::Participant {
            barrier: self.barrier.clone(),
            generation: place.map_or(Revision::NONE, |(generation, _)| *generation),
            leaves: false,
        })
    }

    pub(super) fn error(&self, error: QueueError) -> BarrierError {
        BarrierError::of(error, self.barrier.clone())
    }

    pub(super) fn corrupt(&self) -> BarrierError {
        let barrier = self.barrier.clone();
        BarrierError::Corrupt { barrier }
    }

    pub(super) fn incomplete(&self, within: Duration) -> BarrierError {
        BarrierError::Incomplete {
            barrier: self.barrier.clone(),
            within,
            arrived: self.others,
            expected: self.expected,
        }
    }
}

impl<R: Runtime> Drop for Participation<R> {
    fn drop(&mut self) {
        let token = match self.stage {
            Stage::Out => return,
            Stage::Unknown => None,
            Stage::In(token) => Some(token),
        };
        let (Some(slot), Some((_, key))) = (self.slot.take(), self.place.clone()) else {
            return;
        };
        let subject = Arc::new(self.subject());
        let session = self.session.shared().clone();
        session.announce_all(subject.withdrawn(session.id(), token));
        let keys = vec![key];
        slot.withdraw(Withdrawal {
            session,
            keys,
            token,
            subject,
        });
    }
}

/// How things stand at a double barrier. Trouble with the store is waited out.
pub(super) async fn look<R: Runtime>(
    shared: &Shared<R>,
    barrier: &Label,
    site: &Site,
    patience: &mut Patience,
) -> Result<Assembly, BarrierError> {
    loop {
        let barrier = barrier.clone();
        match shared.store().read(Read::new(site.range())).await {
            Ok(reading) => {
                let assembly = Assembly::of(site, &reading);
                return assembly.ok_or(BarrierError::Corrupt { barrier });
            }
            Err(ReadError::Unavailable(error)) => {
                patience.pause(shared, "reading a barrier", error).await;
            }
            Err(source) => return Err(BarrierError::Unreadable { barrier, source }),
        }
    }
}

/// A generation ends if nobody is left in it. One of which that fails is ended by the
/// next who comes.
pub(super) async fn end_if_empty<R: Runtime>(
    shared: &Shared<R>,
    site: &Site,
    generation: Revision,
) {
    let ended = shared.store().transact(site.end_if_empty(generation)).await;
    if let Err(error) = ended {
        shared.report(Severity::Warning, "ending a generation", error);
    }
}
