//! What a change came to, once the store has answered and the view has followed.

use std::collections::BTreeMap;

use super::job::{Batch, Pending};
use super::row::{Row, decoded};
use super::view::{Outcome, View};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::error::RegistryError;
use crate::registry::operation::{Registered, Registration, Updated};
use crate::store::{self, Revision, TransactError, Transacted};

type Answered = Result<Transacted, TransactError>;

/// Up to where the view has to follow before an answer may be given: then whoever is
/// answered sees what the answer says.
pub(super) fn awaited(answer: &Answered) -> Revision {
    match answer {
        Ok(done) if done.succeeded => done.revision,
        Ok(done) => {
            let entries = found(done).map(|entry| entry.mod_revision);
            entries.max().unwrap_or(Revision::NONE)
        }
        Err(_) => Revision::NONE,
    }
}

fn found(done: &Transacted) -> impl Iterator<Item = &store::Entry> {
    done.readings().flat_map(|reading| &reading.entries)
}

impl View {
    /// Answers whoever waits for a change.
    pub(super) fn conclude(
        &mut self,
        registry: &Label,
        pending: Pending,
        answer: Answered,
    ) -> Outcome {
        let mut out = Outcome::default();
        // Whoever asked may have gone: then nobody is told, and it can be looked up.
        match pending {
            Pending::Register {
                rows,
                places,
                reply,
            } => {
                let batch = self.registered(registry, &rows, &places, answer, &mut out);
                drop(reply.send(batch));
            }
            Pending::Unregister {
                place,
                entry,
                reply,
            } => {
                // One that may still happen is known to have been asked for.
                let may_come = matches!(&answer, Err(TransactError::Unknown(_)));
                let gone = settled(answer, "unregister").and_then(|done| {
                    let key = entry.key.clone();
                    done.then_some(entry)
                        .ok_or(RegistryError::NotRegistered { key })
                });
                if gone.is_err() && !may_come {
                    self.leaving.remove(&place);
                }
                drop(reply.send(gone));
            }
            Pending::Update {
                place,
                before,
                reply,
            } => {
                let done = settled(answer, "update").and_then(|_| {
                    let known = self.rows.get(&place);
                    let entry = known.and_then(super::view::Known::entry);
                    entry.ok_or_else(|| RegistryError::Unavailable {
                        why: "the registration went meanwhile".into(),
                    })
                });
                drop(reply.send(done.map(|entry| Updated { entry, before })));
            }
            Pending::Field { before, reply } => {
                let done = settled(answer, "a value of the registry");
                drop(reply.send(done.map(|_| before)));
            }
        }
        out
    }

    fn registered(
        &mut self,
        registry: &Label,
        rows: &[Registration],
        places: &[(store::Key, bool)],
        answer: Answered,
        out: &mut Outcome,
    ) -> Batch {
        let done = match answer {
            Ok(done) => done,
            Err(error) => {
                let certain = !matches!(error, TransactError::Unknown(_));
                if certain {
                    self.forget_handles(places);
                }
                return Err((0, refusal(error, "register")));
            }
        };
        if done.succeeded {
            let rows = rows.iter().zip(places).enumerate();
            let given = rows.map(|(index, (row, (place, fresh)))| {
                let process = row.process;
                let entry = self.rows.get(place).and_then(super::view::Known::entry);
                // It has ended meanwhile, and its registration is on its way out.
                let entry = entry.ok_or((index, RegistryError::NoProcess { process }))?;
                let fresh = *fresh;
                Ok(Registered { entry, fresh })
            });
            return given.collect();
        }
        self.forget_handles(places);
        let holders: BTreeMap<_, _> = found(&done)
            .filter_map(|entry| Some((&entry.key, decoded::<Row>(&entry.value)?.process)))
            .collect();
        for (index, (row, (place, _))) in rows.iter().zip(places).enumerate() {
            let holder = holders.get(place).copied();
            if let Some(holder) = holder.filter(|holder| *holder != row.process) {
                self.refused(registry, row, holder, out);
                let key = row.key.clone();
                return Err((index, RegistryError::AlreadyRegistered { key, holder }));
            }
        }
        let why = "nothing has changed: a name was let go of at the same time".into();
        Err((0, RegistryError::Unavailable { why }))
    }

    fn refused(
        &mut self,
        registry: &Label,
        row: &Registration,
        holder: ProcessId,
        out: &mut Outcome,
    ) {
        self.counts.refused += 1;
        // Only what this node sees is a fact of it.
        if self.table.holder(self.table.probe(&row.key)) == Some(holder) {
            out.after = Some(RegistryEvent::NameRefused {
                registry: registry.clone(),
                key: row.key.clone(),
                process: row.process,
                holder,
            });
        }
    }

    fn forget_handles(&mut self, places: &[(store::Key, bool)]) {
        for (place, _) in places {
            self.handles.remove(place);
        }
    }
}

/// Whether a transaction happened.
fn settled(answer: Answered, operation: &str) -> Result<bool, RegistryError> {
    match answer {
        Ok(done) => Ok(done.succeeded),
        Err(error) => Err(refusal(error, operation)),
    }
}

/// What a caller is told of a transaction that failed.
fn refusal(error: TransactError, operation: &str) -> RegistryError {
    match error {
        TransactError::Invalid(why) => RegistryError::Unsupported {
            operation: operation.into(),
            why: why.to_string().into(),
        },
        TransactError::Unknown(why) => RegistryError::Unavailable {
            why: format!("it may have happened: {why}").into(),
        },
        error @ (TransactError::Unavailable(_)
        | TransactError::LeaseNotFound { .. }
        | TransactError::Full { .. }) => RegistryError::Unavailable {
            why: format!("nothing has changed: {error}").into(),
        },
    }
}
