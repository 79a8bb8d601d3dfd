//! Which transaction a change of a caller's needs, or why it cannot be.

use std::collections::BTreeMap;

use super::follow::Admits;
use super::job::{Job, Pending, Reply};
use super::row::{Row, encoded};
use super::view::View;
use crate::process::ProcessId;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::local::{may_change, revised, unknown_scope};
use crate::registry::operation::{Registration, Removal, Update, Updated};
use crate::store::{self, Compare, Operation, Transaction};

/// A change on its way, and the transaction that makes it.
pub(super) type Planned = (Transaction, Pending);

type Places = Vec<(store::Key, bool)>;

impl View {
    /// The transaction of a job; `None` if it could be answered without one.
    pub(super) fn plan(&mut self, job: Job, admits: Admits<'_>) -> Option<Planned> {
        match job {
            Job::Register { rows, reply } => match self.registering(&rows, admits) {
                Ok((transaction, places)) => {
                    for ((place, _), row) in places.iter().zip(&rows) {
                        let handle = (row.process, row.handle.clone());
                        self.handles.insert(place.clone(), handle);
                    }
                    let pending = Pending::Register {
                        rows,
                        places,
                        reply,
                    };
                    Some((transaction, pending))
                }
                Err(refused) => {
                    // Whoever asked may have gone.
                    drop(reply.send(Err(refused)));
                    None
                }
            },
            Job::Unregister { removal, reply } => {
                let planned = self.leaving_one(&removal);
                let (reply, (place, entry)) = answered(planned, reply)?;
                self.leaving.insert(place.clone());
                let create = self.rows.get(&place).map(|known| known.create);
                let create = create.unwrap_or(store::Revision::NONE);
                let transaction =
                    Transaction::when([Compare::create_revision(place.clone(), create)])
                        .then([Operation::delete(place.clone())]);
                let pending = Pending::Unregister {
                    place,
                    entry,
                    reply,
                };
                Some((transaction, pending))
            }
            Job::Update { update, reply } => self.updating(update, reply),
            Job::Field {
                field,
                value,
                reply,
            } => {
                let before = self.fields.get(&field).cloned();
                let place = self.naming.field(&field);
                let transaction = match value {
                    Some(value) => Transaction::of([Operation::put(place, encoded(&value))]),
                    None => Transaction::when([Compare::exists(place.clone())])
                        .then([Operation::delete(place)]),
                };
                Some((transaction, Pending::Field { before, reply }))
            }
        }
    }

    /// Whether this node takes changes.
    pub(super) fn serves(&self) -> Result<(), RegistryError> {
        let why = match (self.retired, &self.silent, self.driven) {
            (true, _, _) => "another backend has taken over".to_owned(),
            (false, Some(why), _) => format!("nothing has changed: {why}"),
            (false, None, false) => "nothing has changed: its driver does not run".to_owned(),
            (false, None, true) => return Ok(()),
        };
        Err(RegistryError::Unavailable { why: why.into() })
    }

    /// What can be said of a registration without the store.
    pub(super) fn check(
        &self,
        wanted: &Registration,
        admits: Admits<'_>,
    ) -> Result<Keys, RegistryError> {
        let process = wanted.process;
        let keys = self.keys(&wanted.key.scope)?;
        if process.node != self.me.0 {
            return Err(RegistryError::NotLocal { process });
        }
        self.may(&wanted.key, process, wanted.by)?;
        // A process of an earlier incarnation has ended with it.
        if !self.is_own(process) || !admits(process) {
            return Err(RegistryError::NoProcess { process });
        }
        self.serves()?;
        Ok(keys)
    }

    fn registering(
        &mut self,
        rows: &[Registration],
        admits: Admits<'_>,
    ) -> Result<(Transaction, Places), (usize, RegistryError)> {
        let session = self.session.ok_or_else(|| {
            let why = "nothing has changed: there is no session with the store".into();
            (0, RegistryError::Unavailable { why })
        })?;
        let mut compares = Vec::new();
        let mut puts: BTreeMap<store::Key, Row> = BTreeMap::new();
        let mut places = Places::new();
        let limit = self.config.entries_max;
        for (index, wanted) in rows.iter().enumerate() {
            let keys = self.check(wanted, admits).map_err(|error| (index, error))?;
            let mut row = Row {
                process: wanted.process,
                metadata: wanted.metadata.clone(),
                priority: wanted.priority,
            };
            let place = self.place_of(&wanted.key, keys);
            let before = puts.get(&place).or_else(|| {
                let known = self.rows.get(&place)?;
                known.shown?;
                Some(&known.row)
            });
            let again = before.filter(|before| before.process == row.process);
            if let (Some(before), None, true) = (before, again, puts.contains_key(&place)) {
                let (key, holder) = (wanted.key.clone(), before.process);
                return Err((index, RegistryError::AlreadyRegistered { key, holder }));
            }
            let fresh = again.is_none();
            if let Some(again) = again {
                row.priority = again.priority;
            }
            if fresh && self.own() + puts.len() >= limit {
                let what = "registrations of this node".into();
                return Err((index, RegistryError::LimitReached { what, limit }));
            }
            if keys == Keys::Unique && !puts.contains_key(&place) {
                let create = self.rows.get(&place).filter(|_| !fresh);
                compares.push(match create.map(|known| known.create) {
                    Some(create) => Compare::create_revision(place.clone(), create),
                    None => Compare::missing(place.clone()),
                });
            }
            puts.insert(place.clone(), row);
            places.push((place, fresh));
        }
        let reads: Vec<_> = compares
            .iter()
            .map(|compare| Operation::Read(store::Read::new(compare.range().clone())))
            .collect();
        let puts = puts.into_iter();
        let puts = puts.map(|(place, row)| Operation::put_leased(place, row.encoded(), session));
        let transaction = Transaction::when(compares).then(puts).otherwise(reads);
        Ok((transaction, places))
    }

    fn place_of(&mut self, key: &Key, keys: Keys) -> store::Key {
        match keys {
            Keys::Unique => self.naming.name(key),
            Keys::Duplicate => {
                self.joins += 1;
                let (node, incarnation, life) = self.me;
                self.naming.member(key, node, incarnation, life, self.joins)
            }
        }
    }

    fn updating(&self, update: Update, reply: Reply<Updated>) -> Option<Planned> {
        let Update {
            key,
            process,
            by,
            revision,
        } = update;
        let planned = self.keys(&key.scope).and_then(|keys| match keys {
            Keys::Unique => {
                let entry = self.owned(&key, process, by)?;
                let metadata = revised(&key, revision, &entry.metadata)?;
                Ok((entry, metadata))
            }
            Keys::Duplicate => {
                let why = "the metadata of a group's member stay as they were joined with";
                Err(unsupported("update", why))
            }
        });
        let (reply, (entry, metadata)) = answered(planned, reply)?;
        let before = entry.metadata.clone();
        let place = self.naming.name(&key);
        let known = self.rows.get(&place);
        let (Some(known), Some(session), true) = (known, self.session, metadata != before) else {
            let updated = Updated { entry, before };
            // Nothing changes. Whoever asked may have gone.
            drop(reply.send(Ok(updated)));
            return None;
        };
        let row = Row {
            metadata,
            ..known.row.clone()
        };
        let compare = Compare::create_revision(place.clone(), known.create);
        let put = Operation::put_leased(place.clone(), row.encoded(), session);
        let pending = Pending::Update {
            place,
            before,
            reply,
        };
        Some((Transaction::when([compare]).then([put]), pending))
    }

    /// Which registration of this node a removal means, and where it lies.
    fn leaving_one(&self, removal: &Removal) -> Result<(store::Key, Entry), RegistryError> {
        let key = &removal.key;
        match (self.keys(&key.scope)?, removal.process) {
            (Keys::Unique, process) => {
                let entry = self.owned(key, process, removal.by)?;
                Ok((self.naming.name(key), entry))
            }
            (Keys::Duplicate, None) => {
                let why = "a group is left by a process, and none was named";
                Err(unsupported("unregister", why))
            }
            (Keys::Duplicate, Some(process)) => {
                let key = key.clone();
                let joined = self.table.membership(self.table.probe(&key), process);
                let entry = joined.ok_or(RegistryError::NotJoined { key, process })?;
                self.may(&removal.key, process, removal.by)?;
                let held = self.held.get(&process).into_iter().flatten();
                let place = held.clone().find(|place| {
                    let known = self.rows.get(*place);
                    known.is_some_and(|known| {
                        known.key == removal.key && known.shown == Some(entry.revision)
                    })
                });
                let place = place.ok_or(RegistryError::NotLocal { process })?;
                Ok((place.clone(), entry))
            }
        }
    }

    /// The own registration of a unique name, if whoever asks may change it and it is
    /// held by whom they think.
    fn owned(
        &self,
        key: &Key,
        expected: Option<ProcessId>,
        by: Option<ProcessId>,
    ) -> Result<Entry, RegistryError> {
        let entry = self.table.entry(self.table.probe(key));
        let entry = entry.ok_or_else(|| RegistryError::NotRegistered { key: key.clone() })?;
        let process = entry.process;
        self.may(key, process, by)?;
        if expected.is_some_and(|expected| expected != process) {
            let (key, actual) = (key.clone(), entry.metadata);
            return Err(RegistryError::Changed { key, actual });
        }
        match self.is_own(process) {
            true => Ok(entry),
            false => Err(RegistryError::NotLocal { process }),
        }
    }

    pub(super) fn keys(&self, scope: &str) -> Result<Keys, RegistryError> {
        let found = self.table.scope(scope).map(|scope| scope.keys);
        found.ok_or_else(|| unknown_scope(scope))
    }

    /// In owner-only mode, only the holder may ask.
    fn may(
        &self,
        key: &Key,
        holder: ProcessId,
        by: Option<ProcessId>,
    ) -> Result<(), RegistryError> {
        may_change(self.config.owner_only, key, holder, by)
    }
}

/// Answers a job that cannot be.
fn answered<T, P>(planned: Result<P, RegistryError>, reply: Reply<T>) -> Option<(Reply<T>, P)> {
    match planned {
        Ok(planned) => Some((reply, planned)),
        Err(error) => {
            // Whoever asked may have gone.
            drop(reply.send(Err(error)));
            None
        }
    }
}

fn unsupported(operation: &str, why: &str) -> RegistryError {
    RegistryError::Unsupported {
        operation: operation.into(),
        why: why.into(),
    }
}
