//! What one has who has entered a double barrier.

use std::fmt;
use std::time::Duration;

use super::assembly::Exit;
use super::error::{BarrierError, QueueError, ReleaseError};
use super::held::{Changed, Held};
use super::listening::heard;
use super::loss::LossCause;
use super::participation::{end_if_empty, look};
use super::patience::Patience;
use super::session::{HoldEnd, Session, Shared};
use super::site::Site;
use super::subject::Subject;
use super::subject_barrier::Part;
use crate::failure::Severity;
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{Operation, Revision, Transaction, WatchError};

/// Being inside a double barrier, with all who were expected. Dropping it leaves without
/// the others, in the background: nobody waits for this one any more.
#[must_use = "one who is inside stays there as long as this exists"]
pub struct Inside<R: Runtime> {
    held: Held<R>,
    barrier: Label,
    site: Site,
    generation: Revision,
}

impl<R: Runtime> Inside<R> {
    pub(super) const fn new(
        held: Held<R>,
        barrier: Label,
        site: Site,
        generation: Revision,
    ) -> Self {
        Self {
            held,
            barrier,
            site,
            generation,
        }
    }

    /// Which time this is that the barrier is entered: the same for all who are inside
    /// together, and higher than that of all before them.
    #[must_use]
    pub const fn generation(&self) -> Revision {
        self.generation
    }

    /// The session that is inside.
    #[must_use]
    pub const fn session(&self) -> &Session<R> {
        self.held.session()
    }

    /// Whether the others still wait for this one before they leave, by everything that
    /// is known here, this node's clock included.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.held.is_held()
    }

    /// Waits until the others do not wait for this one any more: its session has ended,
    /// or somebody removed its place from the store.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn lost(&self) -> LossCause {
        Box::pin(self.held.lost()).await
    }

    /// Says that this one is leaving, and waits until all others are leaving, or gone,
    /// for `within` at most, and for one [limit](crate::store::Store::limit) of the
    /// store more until its place is removed.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]: `TimedOut`, `Reset`, `SessionEnded` or `Removed`. Whoever
    /// got an error has left alone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves without the others.
    pub async fn leave(self, within: Duration) -> Result<(), BarrierError> {
        Box::pin(self.depart(within)).await
    }

    async fn depart(self, within: Duration) -> Result<(), BarrierError> {
        let session = self.session().clone();
        let shared = session.shared();
        let leaving = timeout(shared.runtime(), within, self.wait(shared));
        let outcome = match shared.unless_ended(leaving).await {
            Err(end) => Err(self.error(QueueError::Session(end))),
            Ok(Err(_)) => Err(self.error(QueueError::TimedOut { within })),
            Ok(Ok(outcome)) => outcome,
        };
        if let Err(error) = &outcome {
            let why = Label::from(format!("{error}"));
            shared.announce_all(self.subject(false).refused(shared.id(), &why));
            return outcome;
        }
        self.held.is_about(self.subject(true));
        match self.held.release().await {
            // All were leaving: what becomes of the place concerns nobody any more.
            Ok(()) | Err(ReleaseError::NotHeld | ReleaseError::Lost { .. }) => {}
            Err(ReleaseError::Unconfirmed(error)) => {
                shared.report(Severity::Warning, "leaving a barrier", error);
            }
        }
        end_if_empty(shared, &self.site, self.generation).await;
        Ok(())
    }

    /// Says that it is leaving, and waits until all are.
    async fn wait(&self, shared: &Shared<R>) -> Result<(), BarrierError> {
        let session = shared.id();
        let say = |key| Operation::put_leased(key, Site::says(true), session);
        let places = self.held.spots().iter().map(|spot| &spot.key);
        let leave = Transaction::when(self.held.still_held()).then(places.map(say));
        match self.held.change(leave, "leaving a barrier").await {
            Ok(Changed::Done) => {}
            Ok(Changed::NotHeld { .. } | Changed::SessionEnded) => {
                let end = match self.held.not_held() {
                    HoldEnd::Lost(LossCause::Session(end)) => QueueError::Session(end),
                    HoldEnd::Lost(LossCause::Removed) | HoldEnd::Released => QueueError::Removed,
                };
                return Err(self.error(end));
            }
            Err(error) => return Err(self.error(QueueError::Transact(error))),
        }
        let mut patience = Patience::new();
        loop {
            let assembly = look(shared, &self.barrier, &self.site, &mut patience).await?;
            let inside = match assembly.exit(self.generation) {
                Exit::Open => return Ok(()),
                Exit::Blocked(inside) => inside,
                Exit::Reset => {
                    let barrier = self.barrier.clone();
                    return Err(BarrierError::Reset { barrier });
                }
            };
            let matters = |change: &_| self.site.may_end_leaving(change, &inside);
            match heard(shared, self.site.range(), assembly.revision, matters).await {
                // Whatever the trouble is, another look says how things stand.
                Ok(()) | Err(WatchError::Compacted { .. }) => {}
                Err(error) => patience.pause(shared, "watching a barrier", error).await,
            }
        }
    }

    fn subject(&self, leaves: bool) -> Subject {
        Subject::Barrier(Part::Participant {
            barrier: self.barrier.clone(),
            generation: self.generation,
            leaves,
        })
    }

    fn error(&self, error: QueueError) -> BarrierError {
        BarrierError::of(error, self.barrier.clone())
    }
}

impl<R: Runtime> fmt::Debug for Inside<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside")
            .field("barrier", &self.barrier)
            .field("generation", &self.generation)
            .field("inside", &self.is_inside())
            .finish_non_exhaustive()
    }
}
