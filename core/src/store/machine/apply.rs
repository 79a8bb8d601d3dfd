//! The machine: applies proposals in their order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::{Applied, Command, LeaseChange, Proposal, Refusal, Response};
use super::evaluate;
use super::key_space::KeySpace;
use super::leases::Leases;
use super::sessions::{Known, Sessions};
use crate::store::bytes::Key;
use crate::store::entry::Revision;
use crate::store::error::ReadError;
use crate::store::lease::{Granted, LeaseId, Revoked};
use crate::store::limits::Limits;
use crate::store::range::KeyRange;
use crate::store::read::{Read, Reading};
use crate::store::transaction::{Done, Operation, Transacted, Transaction};
use crate::store::watch::Changes;

/// The whole state of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    limits: Limits,
    keys: KeySpace,
    leases: Leases,
    sessions: Sessions,
}

impl Machine {
    /// An empty store.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            keys: KeySpace::new(),
            leases: Leases::new(),
            sessions: Sessions::new(),
        }
    }

    /// Its bounds.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The newest revision.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.keys.revision()
    }

    /// The oldest revision that can be read and watched; [`Revision::NONE`] if all can.
    #[must_use]
    pub const fn compacted(&self) -> Revision {
        self.keys.compacted()
    }

    /// Applies one proposal, whose command keeps the rules of [`Limits`]. A refusal
    /// changes nothing but what sessions remember.
    pub fn apply(&mut self, proposal: Proposal) -> Applied {
        let before = self.revision();
        let mut leases = Vec::new();
        let known = match proposal.stamp {
            Some(stamp) => self.sessions.known(stamp),
            None => Known::Fresh,
        };
        let answer = match known {
            Known::Answered(answer) => answer,
            Known::Fresh => {
                let answer = self.act(proposal.command, &mut leases);
                if let Some(stamp) = proposal.stamp {
                    self.sessions.remember(stamp, answer.clone(), &self.limits);
                }
                answer
            }
        };
        Applied {
            answer,
            before,
            leases,
        }
    }

    /// Reads at the revision asked for, or now.
    ///
    /// # Errors
    ///
    /// [`ReadError::Compacted`], [`ReadError::Future`].
    pub fn read(&self, read: &Read) -> Result<Reading, ReadError> {
        evaluate::read(&self.keys, read, &self.limits)
    }

    /// What the first revision from `from` on that changed something in the range
    /// changed there. Nothing older than [`compacted`](Self::compacted) is known.
    #[must_use]
    pub fn next_changes(&self, range: &KeyRange, from: Revision) -> Option<Changes> {
        self.keys.next_changes(range, from)
    }

    /// Whether a revision changed something in the range.
    #[must_use]
    pub fn touches(&self, range: &KeyRange, revision: Revision) -> bool {
        self.keys.touches(range, revision)
    }

    /// All leases in order, with their times to live.
    pub fn leases(&self) -> impl Iterator<Item = (LeaseId, Duration)> {
        self.leases.iter()
    }

    /// The time to live of a lease, if it exists.
    #[must_use]
    pub fn lease_ttl(&self, lease: LeaseId) -> Option<Duration> {
        self.leases.ttl(lease)
    }

    /// The keys that go with a lease, in order.
    pub fn lease_keys(&self, lease: LeaseId) -> impl Iterator<Item = &Key> {
        self.leases.keys(lease)
    }

    fn act(
        &mut self,
        command: Command,
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Response, Refusal> {
        match command {
            Command::Transact(transaction) => self.transact(transaction).map(Response::Transacted),
            Command::Grant { lease, ttl } => {
                let granted = self.grant(lease, ttl)?;
                changes.push(LeaseChange::Granted(granted.lease, granted.ttl));
                Ok(Response::Granted(granted))
            }
            Command::Revoke(lease) => {
                let revoked = self.end(lease).ok_or(Refusal::LeaseNotFound(lease))?;
                changes.push(LeaseChange::Ended(lease));
                Ok(Response::Revoked(revoked))
            }
            Command::Expire(leases) => {
                let ended = leases
                    .into_iter()
                    .filter(|lease| self.end(*lease).is_some());
                changes.extend(ended.map(LeaseChange::Ended));
                Ok(Response::Expired(changes.len()))
            }
            Command::Compact(revision) => self.compact(revision),
            Command::OpenSession => Ok(Response::Opened(self.sessions.open(&self.limits))),
        }
    }

    fn transact(&mut self, transaction: Transaction) -> Result<Transacted, Refusal> {
        let now = self.revision();
        let mut compares = transaction.compares.iter();
        let succeeded = compares.all(|compare| evaluate::holds(&self.keys, compare, now));
        let operations = if succeeded {
            transaction.success
        } else {
            transaction.failure
        };
        self.check_puts(&operations)?;
        let mut writing = self.keys.write();
        let mut done = Vec::with_capacity(operations.len());
        for operation in operations {
            done.push(match operation {
                Operation::Put { key, value, lease } => {
                    let previous = writing.put(&key, value, lease);
                    let from = previous.as_ref().and_then(|entry| entry.lease);
                    self.leases.attach(&key, from, lease);
                    Done::Put { previous }
                }
                Operation::Delete(range) => {
                    let revision = writing.revision();
                    let found = writing.keys().entries_at(&range, revision);
                    let found: Vec<_> = found.collect();
                    for entry in &found {
                        writing.delete(&entry.key);
                        self.leases.attach(&entry.key, entry.lease, None);
                    }
                    Done::Deleted { count: found.len() }
                }
                Operation::Read(read) => {
                    let revision = writing.revision();
                    let keys = writing.keys();
                    Done::Read(evaluate::read_at(keys, &read, revision, &self.limits))
                }
            });
        }
        let revision = writing.finish();
        for done in &mut done {
            if let Done::Read(reading) = done {
                reading.revision = revision;
            }
        }
        self.keys.compact_to(&self.limits);
        Ok(Transacted {
            succeeded,
            revision,
            done,
        })
    }

    /// Whether every put can happen. Checked before the first, so that a transaction
    /// that is refused has changed nothing.
    fn check_puts(&self, operations: &[Operation]) -> Result<(), Refusal> {
        let mut bytes = self.keys.live_bytes();
        let mut puts = false;
        for operation in operations {
            if let Operation::Put { key, value, lease } = operation {
                if let Some(lease) = lease.filter(|lease| !self.leases.contains(*lease)) {
                    return Err(Refusal::LeaseNotFound(lease));
                }
                let replaced = self.keys.entry_at(key, self.revision());
                let freed = replaced.map_or(0, |entry| key.len() + entry.value.len());
                bytes = bytes.saturating_sub(freed) + key.len() + value.len();
                puts = true;
            }
        }
        let bytes_max = self.limits.bytes_max;
        if puts && bytes > bytes_max && bytes > self.keys.live_bytes() {
            return Err(Refusal::Full { bytes, bytes_max });
        }
        Ok(())
    }

    fn grant(&mut self, lease: Option<LeaseId>, ttl: Duration) -> Result<Granted, Refusal> {
        if let Some(lease) = lease.filter(|lease| self.leases.contains(*lease)) {
            return Err(Refusal::LeaseExists(lease));
        }
        if self.leases.len() >= self.limits.leases_max {
            return Err(Refusal::TooManyLeases(self.limits.leases_max));
        }
        let lease = lease.unwrap_or_else(|| self.leases.choose());
        let ttl = ttl.max(self.limits.lease_ttl_min);
        self.leases.insert(lease, ttl);
        Ok(Granted {
            lease,
            ttl,
            revision: self.revision(),
        })
    }

    /// Ends a lease; its keys go in one revision.
    fn end(&mut self, lease: LeaseId) -> Option<Revoked> {
        let keys = self.leases.remove(lease)?;
        let mut writing = self.keys.write();
        let gone = keys.iter().filter_map(|key| writing.delete(key));
        let deleted = gone.count();
        let revision = writing.finish();
        self.keys.compact_to(&self.limits);
        Some(Revoked { deleted, revision })
    }

    fn compact(&mut self, requested: Revision) -> Result<Response, Refusal> {
        let (compacted, current) = (self.compacted(), self.revision());
        if requested <= compacted {
            return Err(Refusal::Compacted {
                requested,
                compacted,
            });
        }
        if requested > current {
            return Err(Refusal::Future { requested, current });
        }
        self.keys.compact(requested);
        Ok(Response::Compacted)
    }
}
