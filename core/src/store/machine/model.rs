//! A naive store: every revision is a whole copy of everything, and every question is
//! answered by looking at copies.

use std::collections::BTreeMap;

use super::command::{Command, Refusal, Response};
use crate::store::bytes::Key;
use crate::store::entry::{Entry, Revision};
use crate::store::lease::{Granted, LeaseId, Revoked};
use crate::store::range::KeyRange;
use crate::store::transaction::{
    Compare, Done, Operand, Operation, Relation, Transacted, Transaction,
};
use crate::store::watch::{Change, Changes};

type Copy = BTreeMap<Key, Entry>;

pub(super) struct Model {
    /// The copy of every revision, from the empty one on.
    copies: BTreeMap<Revision, Copy>,
    /// The order in which a revision changed its keys.
    changed: BTreeMap<Revision, Vec<Key>>,
    leases: BTreeMap<LeaseId, std::time::Duration>,
    compacted: Revision,
    chosen: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            copies: BTreeMap::from([(Revision::FIRST, Copy::new())]),
            changed: BTreeMap::new(),
            leases: BTreeMap::new(),
            compacted: Revision::NONE,
            chosen: 0,
        }
    }

    pub(super) fn revision(&self) -> Revision {
        *self.copies.keys().next_back().unwrap()
    }

    pub(super) const fn compacted(&self) -> Revision {
        self.compacted
    }

    pub(super) fn lease_keys(&self, lease: LeaseId) -> Vec<Key> {
        let now = self.now();
        let entries = now.values().filter(|entry| entry.lease == Some(lease));
        entries.map(|entry| entry.key.clone()).collect()
    }

    pub(super) fn leases(&self) -> Vec<LeaseId> {
        self.leases.keys().copied().collect()
    }

    pub(super) fn entries_at(&self, range: &KeyRange, revision: Revision) -> Vec<Entry> {
        let entries = self.copies[&revision].values();
        let inside = entries.filter(|entry| range.contains(&entry.key));
        inside.cloned().collect()
    }

    /// Everything that changed in the range from a revision on, without what was there
    /// before.
    pub(super) fn changes(&self, range: &KeyRange, from: Revision) -> Vec<Changes> {
        let mut all = Vec::new();
        for (revision, keys) in self.changed.range(from..) {
            let copy = &self.copies[revision];
            let keys = keys.iter().filter(|key| range.contains(key));
            let changes: Vec<_> = keys
                .map(|key| match copy.get(key) {
                    Some(entry) => Change::Put {
                        entry: entry.clone(),
                        previous: None,
                    },
                    None => Change::Deleted {
                        key: key.clone(),
                        previous: None,
                    },
                })
                .collect();
            if !changes.is_empty() {
                let revision = *revision;
                all.push(Changes { revision, changes });
            }
        }
        all
    }

    pub(super) fn apply(&mut self, command: Command) -> Result<Response, Refusal> {
        match command {
            Command::Transact(transaction) => self.transact(transaction).map(Response::Transacted),
            Command::Grant { lease, ttl } => {
                if let Some(lease) = lease.filter(|lease| self.leases.contains_key(lease)) {
                    return Err(Refusal::LeaseExists(lease));
                }
                let lease = lease.unwrap_or_else(|| {
                    loop {
                        self.chosen += 1;
                        if !self.leases.contains_key(&LeaseId(self.chosen)) {
                            break LeaseId(self.chosen);
                        }
                    }
                });
                self.leases.insert(lease, ttl);
                let revision = self.revision();
                Ok(Response::Granted(Granted {
                    lease,
                    ttl,
                    revision,
                }))
            }
            Command::Revoke(lease) => {
                let revoked = self.end(lease).ok_or(Refusal::LeaseNotFound(lease))?;
                Ok(Response::Revoked(revoked))
            }
            Command::Expire(leases) => {
                let ended = leases.into_iter().filter_map(|lease| self.end(lease));
                Ok(Response::Expired(ended.count()))
            }
            Command::Compact(requested) => {
                let (compacted, current) = (self.compacted, self.revision());
                if requested <= compacted {
                    return Err(Refusal::Compacted {
                        requested,
                        compacted,
                    });
                }
                if requested > current {
                    return Err(Refusal::Future { requested, current });
                }
                self.compacted = requested;
                Ok(Response::Compacted)
            }
            Command::OpenSession => panic!("the model knows no sessions"),
        }
    }

    fn now(&self) -> &Copy {
        &self.copies[&self.revision()]
    }

    fn commit(&mut self, copy: Copy, changed: Vec<Key>) -> Revision {
        if !changed.is_empty() {
            let revision = self.revision().next();
            self.copies.insert(revision, copy);
            self.changed.insert(revision, changed);
        }
        self.revision()
    }

    fn end(&mut self, lease: LeaseId) -> Option<Revoked> {
        self.leases.remove(&lease)?;
        let mut copy = self.now().clone();
        let keys: Vec<_> = copy
            .extract_if(.., |_, entry| entry.lease == Some(lease))
            .map(|(key, _)| key)
            .collect();
        let deleted = keys.len();
        let revision = self.commit(copy, keys);
        Some(Revoked { deleted, revision })
    }

    fn transact(&mut self, transaction: Transaction) -> Result<Transacted, Refusal> {
        let mut compares = transaction.compares.iter();
        let succeeded = compares.all(|compare| holds(self.now(), compare));
        let operations = if succeeded {
            transaction.success
        } else {
            transaction.failure
        };
        let next = self.revision().next();
        let mut copy = self.now().clone();
        let (mut changed, mut done) = (Vec::new(), Vec::new());
        for operation in operations {
            done.push(match operation {
                Operation::Put { key, value, lease } => {
                    if let Some(lease) = lease.filter(|lease| !self.leases.contains_key(lease)) {
                        return Err(Refusal::LeaseNotFound(lease));
                    }
                    let previous = copy.get(&key).cloned();
                    let entry = Entry {
                        key: key.clone(),
                        value,
                        create_revision: previous.as_ref().map_or(next, |e| e.create_revision),
                        mod_revision: next,
                        version: previous.as_ref().map_or(0, |e| e.version) + 1,
                        lease,
                    };
                    copy.insert(key.clone(), entry);
                    changed.push(key);
                    Done::Put { previous }
                }
                Operation::Delete(range) => {
                    let gone = copy.extract_if(.., |key, _| range.contains(key));
                    let gone: Vec<_> = gone.map(|(key, _)| key).collect();
                    let count = gone.len();
                    changed.extend(gone);
                    Done::Deleted { count }
                }
                Operation::Read(read) => {
                    let inside = copy.values().filter(|e| read.range.contains(&e.key));
                    let entries: Vec<_> = inside.cloned().collect();
                    Done::Read(crate::store::read::Reading {
                        revision: Revision::NONE,
                        count: entries.len(),
                        entries,
                        more: false,
                    })
                }
            });
        }
        let revision = self.commit(copy, changed);
        for done in &mut done {
            if let Done::Read(reading) = done {
                reading.revision = revision;
            }
        }
        Ok(Transacted {
            succeeded,
            revision,
            done,
        })
    }
}

fn holds(copy: &Copy, compare: &Compare) -> bool {
    let inside: Vec<_> = copy
        .values()
        .filter(|entry| compare.range.contains(&entry.key))
        .collect();
    if inside.is_empty() {
        return match &compare.operand {
            Operand::Value(_) => false,
            Operand::Version(version) => related(&0, version, compare.relation),
            Operand::CreateRevision(revision) | Operand::ModRevision(revision) => {
                related(&Revision(0), revision, compare.relation)
            }
            Operand::Lease(lease) => related(&None, lease, compare.relation),
        };
    }
    inside.into_iter().all(|entry| match &compare.operand {
        Operand::Value(value) => related(&entry.value, value, compare.relation),
        Operand::Version(version) => related(&entry.version, version, compare.relation),
        Operand::CreateRevision(revision) => {
            related(&entry.create_revision, revision, compare.relation)
        }
        Operand::ModRevision(revision) => related(&entry.mod_revision, revision, compare.relation),
        Operand::Lease(lease) => related(&entry.lease, lease, compare.relation),
    })
}

fn related<T: Ord>(found: &T, given: &T, relation: Relation) -> bool {
    match relation {
        Relation::Equal => found == given,
        Relation::NotEqual => found != given,
        Relation::Less => found < given,
        Relation::Greater => found > given,
    }
}
