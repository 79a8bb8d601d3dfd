//! Being counted at a double barrier: one step of the store, tried until its outcome is
//! certain.

use super::assembly::{Assembly, Entry, Opening};
use super::entering::Stage;
use super::error::BarrierError;
use super::participation::Participation;
use super::patience::Patience;
use super::session::Shared;
use super::site::{Phase, Site, Terms};
use crate::event::{BarrierEvent, CoordinationEvent};
use crate::runtime::Runtime;
use crate::store::{Compare, Operation, Read, Reading, TransactError, Transacted, Transaction};

impl<R: Runtime> Participation<R> {
    /// Comes to have a place. Answers how things stand with it.
    ///
    /// Of those who come at once one is let in after the other, each of them on the
    /// condition that nobody came since it looked. So the one that completes the number
    /// knows that it does, and says so in the step in which it comes.
    pub(super) async fn arrive(&mut self, shared: &Shared<R>) -> Result<Assembly, BarrierError> {
        let mut patience = Patience::new();
        let mut known = None;
        loop {
            let assembly = match known.take() {
                Some(assembly) => assembly,
                None => self.assembly(shared, &mut patience).await?,
            };
            let entry = self.takes_in(&assembly);
            let (barrier, expected) = (self.barrier.clone(), self.expected);
            known = match entry {
                Entry::Begin => self.step(shared, &mut patience, self.begin()).await?,
                Entry::End(generation) => {
                    let end = self.site.end(generation);
                    self.step(shared, &mut patience, end).await?
                }
                Entry::Enter(opening) => {
                    let enter = self.enter(shared, &opening);
                    let place = self.site.place(opening.generation, self.who);
                    self.place = Some((opening.generation, place));
                    self.stage = Stage::Unknown;
                    self.step(shared, &mut patience, enter).await?
                }
                Entry::Counted(..) => {
                    self.announce_arrival(shared);
                    return Ok(assembly);
                }
                Entry::Outlived(..) => return Err(BarrierError::Reset { barrier }),
                Entry::Full => return Err(BarrierError::TooMany { barrier, expected }),
                Entry::Mismatch { found } => {
                    return Err(BarrierError::Mismatch {
                        barrier,
                        expected,
                        found,
                    });
                }
            };
        }
    }

    /// Takes in how things stand when no request of unknown outcome is on its way.
    pub(super) fn takes_in(&mut self, assembly: &Assembly) -> Entry {
        let entry = assembly.entry(&self.site, self.who, self.expected);
        match &entry {
            Entry::Counted(generation, token) | Entry::Outlived(generation, token) => {
                let place = self.site.place(*generation, self.who);
                self.others = assembly.others(*generation, &place);
                self.place = Some((*generation, place));
                self.stage = Stage::In(*token);
            }
            Entry::Begin
            | Entry::End(_)
            | Entry::Enter(_)
            | Entry::Full
            | Entry::Mismatch { .. } => {
                self.others = assembly.gathered();
                self.stage = Stage::Out;
            }
        }
        entry
    }

    pub(super) fn announce_arrival(&self, shared: &Shared<R>) {
        let Some((generation, _)) = &self.place else {
            return;
        };
        let arrived = BarrierEvent::Arrived {
            barrier: self.barrier.clone(),
            session: shared.id(),
            generation: *generation,
            arrived: self.others + 1,
            expected: self.expected,
        };
        shared.announce_all(vec![CoordinationEvent::Barrier(arrived)]);
    }

    /// A generation begins, if none goes on: of several who want that, one does it.
    fn begin(&self) -> Transaction {
        let terms = Terms {
            expected: self.expected,
            phase: Phase::Gathering,
        };
        let key = self.site.generation();
        Transaction::when([Compare::missing(&key)]).then([Operation::put(&key, terms.encode())])
    }

    /// A place is put, if things stand as they were seen.
    fn enter(&self, shared: &Shared<R>, opening: &Opening) -> Transaction {
        let key = self.site.generation();
        let place = self.site.place(opening.generation, self.who);
        let others = opening.others.iter();
        let others = others.map(|(key, token)| Compare::create_revision(key, token.0));
        let mut compares = vec![shared.bar(), Compare::missing(&place)];
        compares.push(Compare::mod_revision(&key, opening.changed));
        compares.extend(others);
        Transaction::when(compares).then([
            Operation::put_leased(&place, Site::says(false), shared.id()),
            Operation::put(&key, opening.terms.encode()),
        ])
    }

    /// Tries one step, and answers how things stand afterwards; `None` if that is not
    /// known and another look is needed. What was of unknown outcome is barred then.
    async fn step(
        &mut self,
        shared: &Shared<R>,
        patience: &mut Patience,
        step: Transaction,
    ) -> Result<Option<Assembly>, BarrierError> {
        let read = Operation::Read(Read::new(self.site.range()));
        let step = step.then([read.clone()]);
        let step = step.otherwise([Operation::read(shared.bar_key()), read]);
        let error = match shared.store().transact(step).await {
            Ok(done) => return self.stepped(shared, &done).map(Some),
            Err(error) => error,
        };
        match &error {
            TransactError::Unknown(_) => {}
            TransactError::Invalid(_)
            | TransactError::LeaseNotFound { .. }
            | TransactError::Full { .. }
            | TransactError::Unavailable(_) => self.stage = Stage::Out,
        }
        let waited = patience.after(shared, "entering a barrier", error).await;
        waited.map_err(|error| self.error(error))?;
        Ok(None)
    }

    fn stepped(&self, shared: &Shared<R>, done: &Transacted) -> Result<Assembly, BarrierError> {
        let mut readings = done.readings();
        if !done.succeeded {
            let bar = readings.next().cloned().and_then(Reading::into_first);
            let Some(bar) = bar else {
                let (barrier, end) = (self.barrier.clone(), shared.gone());
                return Err(BarrierError::SessionEnded { barrier, end });
            };
            shared.bar_found(bar.mod_revision);
        }
        let assembly = readings.next();
        let assembly = assembly.and_then(|reading| Assembly::of(&self.site, reading));
        assembly.ok_or_else(|| self.corrupt())
    }
}
