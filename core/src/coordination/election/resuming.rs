//! Taking over a leadership that was saved.

use std::sync::Arc;

use super::leader::LeaderRecord;
use crate::coordination::error::QueueError;
use crate::coordination::held::{Held, Leaving};
use crate::coordination::kind::Share;
use crate::coordination::patience::Patience;
use crate::coordination::place::encode;
use crate::coordination::queue::Spot;
use crate::coordination::session::{Claim, Hold, Session};
use crate::coordination::subject::Subject;
use crate::coordination::withdrawal::Withdrawal;
use crate::event::{CoordinationEvent, ElectionEvent};
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{
    Compare, KeyRange, Operation, Reading, TransactError, Transacted, Transaction, Value,
};

/// A leadership that is to be under another session from here on.
pub(super) struct Resuming<'a, R: Runtime> {
    pub(super) session: &'a Session<R>,
    pub(super) election: &'a Label,
    pub(super) line: KeyRange,
    pub(super) record: &'a LeaderRecord,
    pub(super) value: Value,
}

impl<R: Runtime> Resuming<'_, R> {
    /// Takes it over; `None` if it is gone. Dropped on the way, it is removed in the
    /// background if it has been taken over.
    pub(super) async fn run(self, claim: Claim) -> Result<Option<Held<R>>, QueueError> {
        let shared = self.session.shared();
        shared.check().map_err(QueueError::Session)?;
        let slot = shared.withdrawals().reserve();
        let slot = slot.map_err(|limit| QueueError::TooMany { limit })?;
        let (term, key) = (self.record.term, self.record.key.clone());
        let subject = Arc::new(Subject::Election(self.election.clone()));
        let withdrawal = Withdrawal {
            session: shared.clone(),
            keys: vec![key.clone()],
            token: Some(term),
            subject: subject.clone(),
        };
        let mut leaving = Leaving::new(slot, withdrawal);
        let within = shared.store().limit();
        let taking = timeout(shared.runtime(), within, self.take_over());
        let taken = match shared.unless_ended(taking).await {
            Err(end) => return Err(QueueError::Session(end)),
            Ok(Err(_)) => return Err(QueueError::TimedOut { within }),
            Ok(Ok(taken)) => taken?,
        };
        if !taken {
            drop(leaving.done());
            return Ok(None);
        }
        let resumed = ElectionEvent::Resumed {
            election: self.election.clone(),
            session: shared.id(),
            term,
        };
        let resumed = CoordinationEvent::Election(resumed);
        let attempt = shared.next_attempt();
        let hold = Hold::new(attempt, subject, Some(claim), term, shared.runtime().now());
        let hold = shared.hold(hold, vec![resumed]);
        let hold = hold.map_err(QueueError::Session)?;
        let spot = Spot {
            line: self.line,
            key,
            revocation: None,
        };
        let session = self.session.clone();
        Ok(Some(Held::new(session, hold, vec![spot], leaving.done())))
    }

    /// Tries until the outcome is certain; whether it was still there.
    async fn take_over(&self) -> Result<bool, QueueError> {
        let shared = self.session.shared();
        let mut patience = Patience::new();
        let (term, key) = (self.record.term, &self.record.key);
        let value = encode(Share::ALL_OF_ONE, &self.value);
        loop {
            let same = Compare::create_revision(key, term.0);
            let found = [Operation::read(shared.bar_key()), Operation::read(key)];
            let put = Transaction::when([shared.bar(), same]);
            let put = put
                .then([Operation::put_leased(key, &value, shared.id())])
                .otherwise(found);
            let error = match shared.store().transact(put).await {
                Ok(done) if done.succeeded => return Ok(true),
                Ok(done) => match self.found(&done) {
                    Some(false) => return Ok(false),
                    Some(true) => continue,
                    None => TransactError::LeaseNotFound { lease: shared.id() },
                },
                Err(error) => error,
            };
            patience
                .after(shared, "resuming a leadership", error)
                .await?;
        }
    }

    /// Whether the leadership is still there; `None` if the session is gone.
    fn found(&self, done: &Transacted) -> Option<bool> {
        let mut found = done.readings().cloned().map(Reading::into_first);
        let (bar, place) = (found.next().flatten()?, found.next().flatten());
        self.session.shared().bar_found(bar.mod_revision);
        Some(place.is_some_and(|place| place.create_revision == self.record.term.0))
    }
}
