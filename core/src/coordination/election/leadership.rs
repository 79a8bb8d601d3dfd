//! What a leader has.

use std::fmt;
use std::sync::Arc;

use super::leader::LeaderRecord;
use crate::coordination::error::{ElectionError, ReleaseError};
use crate::coordination::held::{Changed, Held};
use crate::coordination::kind::Share;
use crate::coordination::loss::LossCause;
use crate::coordination::session::{HoldEnd, Session};
use crate::coordination::token::FencingToken;
use crate::event::{CoordinationEvent, ElectionEvent};
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::{Operation, Transaction, Value};

/// What the handles of one leadership share.
pub(in crate::coordination) struct Led<R: Runtime> {
    election: Label,
    pub(super) held: Held<R>,
}

impl<R: Runtime> Led<R> {
    pub(super) const fn new(election: Label, held: Held<R>) -> Self {
        Self { election, held }
    }
}

/// A leadership. Cheap to clone; dropping the last clone resigns in the background.
///
/// It can be lost while it exists, with its session. The leader learns it from
/// [`lost`](Self::lost), or by asking [`is_leading`](Self::is_leading), at least a
/// session's [delay](crate::coordination::SessionOptions::delay) before another one can
/// lead, as long as the clocks of leader and store run at nearly the same pace. A leader
/// that does not look, or is paused, learns nothing: give the [`term`](Self::term) to
/// whatever is led.
#[must_use = "a leader leads as long as its leadership exists"]
pub struct Leadership<R: Runtime>(Arc<Led<R>>);

impl<R: Runtime> Clone for Leadership<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> Leadership<R> {
    pub(super) const fn new(led: Arc<Led<R>>) -> Self {
        Self(led)
    }

    /// Its term: strictly higher than that of every leader of this election before it.
    #[must_use]
    pub fn term(&self) -> FencingToken {
        self.0.held.token()
    }

    /// The session that leads.
    #[must_use]
    pub fn session(&self) -> &Session<R> {
        self.0.held.session()
    }

    /// Whether it leads now, by everything that is known here, this node's clock
    /// included.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.0.held.is_held()
    }

    /// Waits until the leadership is lost: its session has ended, or somebody removed
    /// its place from the store. Never completes once it is resigned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn lost(&self) -> LossCause {
        Box::pin(self.0.held.lost()).await
    }

    /// What to save in order to go on after a restart.
    #[must_use]
    pub fn record(&self) -> Option<LeaderRecord> {
        let spot = self.0.held.spots().first()?;
        Some(LeaderRecord {
            key: spot.key.clone(),
            term: self.term(),
        })
    }

    /// Says something else of itself, which observers see next.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`]; `NotLeader` if it leads no more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it is said.
    pub async fn proclaim(&self, value: impl Into<Value>) -> Result<(), ElectionError> {
        let value = value.into();
        Box::pin(self.say(value)).await
    }

    async fn say(&self, value: Value) -> Result<(), ElectionError> {
        let (held, election) = (&self.0.held, self.0.election.clone());
        if let Some(end) = held.ended() {
            return Err(ElectionError::not_leader(election, end));
        }
        let put = held.put(Share::ALL_OF_ONE, &value);
        match held.change(put, "proclaiming").await {
            Ok(Changed::Done) => {
                let proclaimed = ElectionEvent::Proclaimed {
                    election,
                    session: self.session().id(),
                    term: self.term(),
                };
                let proclaimed = CoordinationEvent::Election(proclaimed);
                self.session().shared().announce_all(vec![proclaimed]);
                Ok(())
            }
            Ok(Changed::NotHeld { .. } | Changed::SessionEnded) => {
                Err(ElectionError::not_leader(election, held.not_held()))
            }
            Err(source) => Err(ElectionError::Refused { election, source }),
        }
    }

    /// Does something in the store only if it still leads then: the check and the
    /// operations are one step, so that no other leader can be in between.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`]; `NotLeader` if it leads no more, and nothing happened. An
    /// unknown outcome is `Refused`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it is done.
    pub async fn transact(
        &self,
        operations: impl IntoIterator<Item = Operation>,
    ) -> Result<crate::store::Transacted, ElectionError> {
        let (held, election) = (&self.0.held, self.0.election.clone());
        if let Some(end) = held.ended() {
            return Err(ElectionError::not_leader(election, end));
        }
        let guarded = Transaction::when(held.still_held()).then(operations);
        match self.session().store().transact(guarded).await {
            Ok(done) if done.succeeded => Ok(done),
            Ok(_) => Err(ElectionError::not_leader(election, held.not_held())),
            Err(source) => Err(ElectionError::Refused { election, source }),
        }
    }

    /// Lets go, and waits until the store has confirmed it, for the
    /// [limit](crate::store::Store::limit) of one operation at most. Whoever is next
    /// leads then. Resigning from what is led no more harms nobody.
    ///
    /// # Errors
    ///
    /// See [`ReleaseError`]. It leads no more in any case.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future resigns in the background.
    pub async fn resign(&self) -> Result<(), ReleaseError> {
        Box::pin(self.0.held.release()).await
    }
}

impl ElectionError {
    fn not_leader(election: Label, end: HoldEnd) -> Self {
        let cause = match end {
            HoldEnd::Released => None,
            HoldEnd::Lost(cause) => Some(cause),
        };
        Self::NotLeader { election, cause }
    }
}

impl<R: Runtime> fmt::Debug for Leadership<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leadership")
            .field("election", &self.0.election)
            .field("term", &self.term())
            .field("leading", &self.is_leading())
            .finish_non_exhaustive()
    }
}
