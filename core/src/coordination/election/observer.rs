//! Following every change of leader.

use std::fmt;

use super::leader::Sighting;
use super::view::View;
use crate::coordination::error::ElectionError;
use crate::coordination::patience::Patience;
use crate::coordination::session::Session;
use crate::event::{CoordinationEvent, ElectionEvent};
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::{KeyRange, Read, ReadError, Watch, WatchError};

/// Follows who leads. It runs only while it is asked for the next sighting.
pub struct Observer<R: Runtime> {
    session: Session<R>,
    election: Label,
    range: KeyRange,
    number: u64,
    view: View,
    /// Whether everything is to be read before the next change.
    stale: bool,
    watch: Option<Watch>,
}

impl<R: Runtime> Observer<R> {
    pub(super) fn new(session: &Session<R>, election: Label, range: KeyRange) -> Self {
        Self {
            session: session.clone(),
            election,
            range,
            number: session.shared().next_observer(),
            view: View::default(),
            stale: true,
            watch: None,
        }
    }

    /// Waits for the next sighting: at first of how things stand, then of every change
    /// of the leader or of what it says of itself. Trouble with the store is waited out.
    ///
    /// An observer that is asked too seldom, so that the store has forgotten changes
    /// that it has not seen, goes on with how things stand then.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`]: `SessionEnded` once its session has, or `Unreadable` if
    /// the store refuses for good. A retry goes on.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no sighting.
    pub async fn next(&mut self) -> Result<Sighting, ElectionError> {
        let shared = self.session.shared().clone();
        let seen = shared.unless_ended(Box::pin(self.advance())).await;
        let seen = seen.map_err(|end| ElectionError::SessionEnded {
            election: self.election.clone(),
            end,
        })??;
        let observed = ElectionEvent::Observed {
            election: self.election.clone(),
            observer: self.number,
            term: seen.leader.as_ref().map(|leader| leader.term),
            revision: seen.revision,
        };
        shared.announce_all(vec![CoordinationEvent::Election(observed)]);
        Ok(seen)
    }

    async fn advance(&mut self) -> Result<Sighting, ElectionError> {
        let shared = self.session.shared().clone();
        let mut patience = Patience::new();
        loop {
            if self.stale {
                match shared.store().read(Read::new(self.range.clone())).await {
                    Ok(reading) => {
                        self.stale = false;
                        self.watch = None;
                        if let Some(seen) = self.view.read(&reading) {
                            return Ok(seen);
                        }
                    }
                    Err(ReadError::Unavailable(error)) => {
                        patience
                            .pause(&shared, "observing an election", error)
                            .await;
                        continue;
                    }
                    Err(source) => {
                        let election = self.election.clone();
                        return Err(ElectionError::Unreadable { election, source });
                    }
                }
            }
            match self.changed().await {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => {}
                Err(WatchError::Compacted { .. }) => self.stale = true,
                Err(error) => {
                    self.watch = None;
                    patience
                        .pause(&shared, "observing an election", error)
                        .await;
                }
            }
        }
    }

    /// Takes over the next change.
    async fn changed(&mut self) -> Result<Option<Sighting>, WatchError> {
        let watch = match &mut self.watch {
            Some(watch) => watch,
            None => {
                let from = self.view.revision().next();
                let store = self.session.store();
                let watch = store.watch_from(self.range.clone(), from).await?;
                self.watch.insert(watch)
            }
        };
        let changes = watch.next().await?;
        Ok(self.view.change(&changes))
    }
}

impl<R: Runtime> fmt::Debug for Observer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("election", &self.election)
            .field("revision", &self.view.revision())
            .finish_non_exhaustive()
    }
}
