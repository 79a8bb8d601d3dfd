//! Entering lines: one step of the store, tried until its outcome is certain.

use super::error::QueueError;
use super::patience::Patience;
use super::place::encode;
use super::queue::{Request, Spot};
use super::session::Shared;
use super::token::FencingToken;
use crate::runtime::Runtime;
use crate::store::{Compare, Entry, Operation, Reading, TransactError, Transacted, Transaction};

/// What is known of the places of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// There are none, and there will be none.
    Out,
    /// Nobody can say. Only an answer that says so leads out of this.
    Unknown,
    /// They were entered.
    In(FencingToken),
}

/// What is known of how much there is, where the recipe leaves that open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capacity {
    /// What is stored is what the request says, as far as is known.
    Agreed,
    /// Something else is stored, or nothing, and nobody was in line: the request says
    /// how much there is from here on.
    ToBeSet,
}

/// What an attempt to enter came to.
pub(super) enum Attempt {
    /// The places exist; the lines, if they were read in the same step.
    In(FencingToken, Option<Vec<Reading>>),
    /// They do not, because of the lines or of something that is known better now.
    Out(Vec<Reading>),
}

impl<R: Runtime> Request<R> {
    /// Tries to enter all lines in one step, if the conditions hold.
    ///
    /// An attempt of unknown outcome is barred before the next one, which then finds the
    /// places or makes them; nothing that is still on its way can make them later.
    pub(super) async fn attempt(
        &mut self,
        shared: &Shared<R>,
        patience: &mut Patience,
        conditions: Vec<Compare>,
    ) -> Result<Attempt, QueueError> {
        loop {
            let enter = self.enter(shared, conditions.clone());
            // An earlier attempt may have entered, whatever becomes of this one.
            let before = std::mem::replace(&mut self.stage, Stage::Unknown);
            let error = match shared.store().transact(enter).await {
                Ok(done) => return self.entered(shared, &done),
                Err(error) => error,
            };
            self.stage = match &error {
                TransactError::Unknown(_) => Stage::Unknown,
                TransactError::LeaseNotFound { .. } => Stage::Out,
                TransactError::Invalid(_)
                | TransactError::Full { .. }
                | TransactError::Unavailable(_) => before,
            };
            patience.after(shared, "entering a line", error).await?;
        }
    }

    /// One step: if nothing is in the way, the places are put and the lines read. If
    /// something is, what could be is read: the bar, the own place, the capacity, the
    /// lines.
    fn enter(&self, shared: &Shared<R>, conditions: Vec<Compare>) -> Transaction {
        let session = shared.id();
        let value = encode(self.terms.share, &self.terms.payload);
        let put = |spot: &Spot| Operation::put_leased(&spot.key, &value, session);
        let read = |spot: &Spot| Operation::Read(self.reading(spot, None));
        let mut compares = vec![shared.bar()];
        compares.extend(self.spots.iter().map(|spot| Compare::missing(&spot.key)));
        compares.extend(conditions);
        let mut first = Vec::new();
        if let Some(key) = &self.terms.capacity {
            let capacity = self.terms.share.capacity.to_string();
            match self.capacity {
                Capacity::Agreed => compares.push(Compare::value(key, capacity)),
                Capacity::ToBeSet => {
                    let lines = self.spots.iter().map(|spot| spot.line.clone());
                    compares.extend(lines.map(Compare::empty));
                    first.push(Operation::put(key, capacity));
                }
            }
        }
        let own = self.spots.iter().map(|spot| &spot.key).take(1);
        let found = own.chain(&self.terms.capacity).map(Operation::read);
        Transaction::when(compares)
            .then(first)
            .then(self.spots.iter().map(put))
            .then(self.spots.iter().map(read))
            .otherwise([Operation::read(shared.bar_key())])
            .otherwise(found)
            .otherwise(self.spots.iter().map(read))
    }

    /// What the answer to [`enter`](Self::enter) says.
    fn entered(&mut self, shared: &Shared<R>, done: &Transacted) -> Result<Attempt, QueueError> {
        let mut readings: Vec<_> = done.readings().cloned().collect();
        if done.succeeded {
            let token = FencingToken(done.revision);
            self.stage = Stage::In(token);
            return Ok(Attempt::In(token, Some(readings)));
        }
        let singles = 2 + usize::from(self.terms.capacity.is_some());
        let lines = readings.split_off(singles.min(readings.len()));
        let mut found = readings.into_iter().map(Reading::into_first);
        let (bar, own) = (found.next().flatten(), found.next().flatten());
        if let Some(own) = own {
            // An earlier attempt, whose outcome was unknown, made it.
            let token = FencingToken(own.create_revision);
            self.stage = Stage::In(token);
            return Ok(Attempt::In(token, None));
        }
        self.stage = Stage::Out;
        let Some(bar) = bar else {
            return Err(QueueError::Session(shared.gone()));
        };
        shared.bar_found(bar.mod_revision);
        self.compare_capacity(found.next().flatten().as_ref(), &lines)?;
        Ok(Attempt::Out(lines))
    }

    fn compare_capacity(
        &mut self,
        found: Option<&Entry>,
        lines: &[Reading],
    ) -> Result<(), QueueError> {
        let wanted = self.terms.share.capacity;
        let found = found.map(|found| found.value.to_string());
        if self.terms.capacity.is_none() || found == Some(wanted.to_string()) {
            self.capacity = Capacity::Agreed;
            return Ok(());
        }
        if lines.iter().all(|line| line.count == 0) {
            self.capacity = Capacity::ToBeSet;
            return Ok(());
        }
        let found = found.and_then(|found| found.parse().ok()).unwrap_or(0);
        Err(QueueError::Capacity { found })
    }
}
