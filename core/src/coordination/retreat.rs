//! Giving up at a double barrier: one step of the store, after which one is not counted,
//! or passes after all.

use std::sync::Arc;
use std::time::Duration;

use super::assembly::{Assembly, Entry, Standing};
use super::entering::Stage;
use super::error::{BarrierError, QueueError};
use super::insistence::Insistence;
use super::participation::{Participation, end_if_empty};
use super::patience::Patience;
use super::session::Shared;
use super::site::{Phase, Terms};
use super::token::FencingToken;
use crate::runtime::{Runtime, timeout};
use crate::store::{Compare, Key, Operation, Read, Revision, Transacted, Transaction};

impl<R: Runtime> Participation<R> {
    /// Its time has run out: takes it back that it came, unless all have come by then,
    /// with which it passes after all. Ends by the limit of one operation; what is not
    /// certain then happens in the background.
    pub(super) async fn give_up(
        &mut self,
        shared: &Arc<Shared<R>>,
        within: Duration,
    ) -> Result<(), BarrierError> {
        let limit = shared.store().limit();
        let retreat = timeout(shared.runtime(), limit, self.retreat(shared));
        match shared.unless_ended(retreat).await {
            Err(end) => Err(self.error(QueueError::Session(end))),
            Ok(Err(_)) | Ok(Ok(Ok(true))) => Err(self.incomplete(within)),
            Ok(Ok(Ok(false))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error),
        }
    }

    /// Whether it is certain that it is not counted; `false` if all are there with it.
    async fn retreat(&mut self, shared: &Shared<R>) -> Result<bool, BarrierError> {
        if self.stage == Stage::Unknown {
            shared.bar_late_requests().await;
            let assembly = self.assembly(shared, &mut Patience::new()).await?;
            if let Entry::Counted(..) = self.takes_in(&assembly) {
                self.announce_arrival(shared);
            }
        }
        let (Stage::In(token), Some((generation, place))) = (self.stage, self.place.clone()) else {
            return Ok(true);
        };
        let taken = self.take_back(shared, token, generation, &place).await?;
        let Some(others) = taken else {
            return Ok(false);
        };
        self.others = others;
        self.stage = Stage::Out;
        shared.announce_all(self.subject().withdrawn(shared.id(), Some(token)));
        if others == 0 {
            end_if_empty(shared, &self.site, generation).await;
        }
        Ok(true)
    }

    /// Removes its place if not all are there. Answers how many others are there then;
    /// `None` if all are.
    async fn take_back(
        &self,
        shared: &Shared<R>,
        token: FencingToken,
        generation: Revision,
        place: &Key,
    ) -> Result<Option<u64>, BarrierError> {
        let back = self.back(token, generation, place);
        let (mut insistence, mut patience) = (Insistence::default(), Patience::new());
        let taking = insistence.transact(shared, &mut patience, back, "giving up at a barrier");
        match taking.await {
            Ok(done) => self.taken(&done, generation, place, insistence.in_doubt),
            Err(error) => Err(self.error(QueueError::Transact(error))),
        }
    }

    fn back(&self, token: FencingToken, generation: Revision, place: &Key) -> Transaction {
        let terms = Terms {
            expected: self.expected,
            phase: Phase::Gathering,
        };
        let (key, read) = (self.site.generation(), Read::new(self.site.range()));
        let compares = [
            Compare::create_revision(place, token.0),
            Compare::create_revision(&key, generation),
            Compare::value(&key, terms.encode()),
        ];
        Transaction::when(compares)
            .then([Operation::delete(place), Operation::Read(read.clone())])
            .otherwise([Operation::Read(read)])
    }

    /// What the answer to [`back`](Self::back) says, if an earlier attempt may have come
    /// through.
    fn taken(
        &self,
        done: &Transacted,
        generation: Revision,
        place: &Key,
        in_doubt: bool,
    ) -> Result<Option<u64>, BarrierError> {
        let reading = done.readings().next();
        let assembly = reading.and_then(|reading| Assembly::of(&self.site, reading));
        let assembly = assembly.ok_or_else(|| self.corrupt())?;
        let standing = assembly.standing(generation, place);
        if done.succeeded || (in_doubt && standing == Standing::Missing) {
            return Ok(Some(assembly.others(generation, place)));
        }
        match self.outcome(standing) {
            Some(outcome) => outcome.map(|()| None),
            // The comparisons say otherwise: somebody else writes here.
            None => Err(self.corrupt()),
        }
    }
}
