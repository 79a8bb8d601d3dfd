//! The operations of a store, asked of a cluster.

use std::time::Duration;

use super::engine::{EtcdEngine, Failed, Place, Times, failed};
use super::watch::{Beginner, EtcdWatch};
use super::wire::{WireEvent, WireRefusal};
use crate::runtime::{Clock, Timestamp, timeout};
use crate::store::engine::{Engine, Pending};
use crate::store::entry::Revision;
use crate::store::error::{
    CompactError, LeaseError, ReadError, TransactError, Unavailable, WatchError,
};
use crate::store::lease::{Granted, LeaseId, LeaseInfo, Revoked};
use crate::store::limits::Limits;
use crate::store::range::KeyRange;
use crate::store::read::{Consistency, Read, Reading};
use crate::store::transaction::{Operation, Transacted, Transaction};
use crate::store::watch::{Watch, WatchFrom};

macro_rules! failures {
    ($($error:ty),+) => {$(
        impl From<Failed> for $error {
            fn from(found: Failed) -> Self {
                match found {
                    Failed::Unavailable(unavailable) => unavailable.into(),
                    Failed::Unknown(unknown) => unknown.into(),
                    Failed::Refused(refusal) => failed(&refusal).into(),
                }
            }
        }
    )+};
}

failures!(TransactError, LeaseError, CompactError);

/// What a request that changes nothing comes to: it never leaves anything open.
fn unanswered(found: Failed, limit: Duration) -> Unavailable {
    match found {
        Failed::Unavailable(unavailable) => unavailable,
        Failed::Unknown(unknown) => Unavailable::Unreachable {
            limit,
            reason: unknown.to_string(),
        },
        Failed::Refused(refusal) => failed(&refusal),
    }
}

/// The error of an operation on one lease.
fn of_lease(found: Failed, lease: LeaseId) -> LeaseError {
    match found {
        Failed::Refused(WireRefusal::LeaseNotFound) => LeaseError::NotFound { lease },
        Failed::Refused(WireRefusal::LeaseExists) => LeaseError::Exists { lease },
        failed @ (Failed::Unavailable(_) | Failed::Unknown(_) | Failed::Refused(_)) => {
            failed.into()
        }
    }
}

impl<C: Clock + Clone + Send + Sync + 'static> EtcdEngine<C> {
    /// The oldest revision that is left; the cluster tells it only to watches.
    async fn compacted(&self, deadline: Timestamp, limit: Duration) -> Result<Revision, Failed> {
        let begun = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
            wire.watch(endpoint, KeyRange::key("\0"), Revision::FIRST)
        });
        let mut watch = begun.await?;
        let told = std::future::poll_fn(|context| watch.poll_next(context));
        let rest = deadline.since(self.clock.now());
        match timeout(&self.clock, rest, told).await {
            Ok(Ok(WireEvent::Compacted(compacted))) => Ok(compacted),
            Ok(_) | Err(_) => Err(Unavailable::TimedOut { limit }.into()),
        }
    }

    /// Which lease a transaction was refused for.
    async fn missing_lease(
        &self,
        transaction: &Transaction,
        deadline: Timestamp,
        limit: Duration,
    ) -> Option<LeaseId> {
        let lists = [&transaction.success, &transaction.failure];
        let mut leases: Vec<LeaseId> = lists
            .into_iter()
            .flatten()
            .filter_map(|operation| match operation {
                Operation::Put { lease, .. } => *lease,
                Operation::Delete(_) | Operation::Read(_) => None,
            })
            .collect();
        leases.sort_unstable();
        leases.dedup();
        if leases.len() > 1 {
            for lease in &leases {
                let known = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
                    wire.lease_time_to_live(endpoint, *lease)
                });
                if known.await == Err(Failed::Refused(WireRefusal::LeaseNotFound)) {
                    return Some(*lease);
                }
            }
        }
        leases.first().copied()
    }

    async fn find(&self, mut read: Read, limit: Duration) -> Result<Reading, ReadError> {
        let deadline = self.deadline(limit);
        let wanted = read.limit.unwrap_or(usize::MAX);
        // The cluster takes zero for no limit at all.
        read.limit = Some(wanted.clamp(1, self.options.limits.read_len_max));
        let requested = read.revision.unwrap_or_default();
        let found = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
            wire.range(endpoint, read.clone())
        });
        let mut reading = match found.await {
            Ok(reading) => reading,
            Err(Failed::Refused(WireRefusal::Compacted)) => {
                let compacted = self.compacted(deadline, limit).await;
                let compacted = compacted.map_err(|found| unanswered(found, limit))?;
                return Err(ReadError::Compacted {
                    requested,
                    compacted,
                });
            }
            Err(Failed::Refused(WireRefusal::Future)) => {
                let current = self.current(deadline, limit).await;
                let current = current.map_err(|found| unanswered(found, limit))?;
                return Err(ReadError::Future { requested, current });
            }
            Err(other) => return Err(unanswered(other, limit).into()),
        };
        if wanted == 0 {
            reading.more = !reading.entries.is_empty();
            reading.entries.clear();
        }
        Ok(reading)
    }

    async fn run(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Result<Transacted, TransactError> {
        let deadline = self.deadline(limit);
        let done = self.ask(Times::Once, deadline, limit, |wire, endpoint| {
            wire.txn(endpoint, transaction.clone())
        });
        match done.await {
            Ok(transacted) => Ok(transacted),
            Err(Failed::Refused(WireRefusal::LeaseNotFound)) => {
                let missing = self.missing_lease(&transaction, deadline, limit).await;
                Err(match missing {
                    Some(lease) => TransactError::LeaseNotFound { lease },
                    None => failed(&WireRefusal::LeaseNotFound).into(),
                })
            }
            Err(Failed::Refused(WireRefusal::Full)) => {
                // The quota is the cluster's; how much there would be it does not say.
                let bytes_max = self.options.limits.bytes_max;
                Err(TransactError::Full {
                    bytes: bytes_max,
                    bytes_max,
                })
            }
            Err(other) => Err(other.into()),
        }
    }

    async fn begin(&self, from: WatchFrom, limit: Duration) -> Result<Watch, WatchError> {
        let deadline = self.deadline(limit);
        let watches_max = self.options.watches_max;
        let place = Place::take(&self.watches, watches_max);
        let place = place.ok_or(WatchError::TooMany { limit: watches_max })?;
        let late = |found| unanswered(found, limit);
        let next = match from.revision {
            Some(revision) => revision.max(Revision::FIRST),
            None => self.current(deadline, limit).await.map_err(late)?.next(),
        };
        let begun = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
            let begun = wire.watch(endpoint, from.range.clone(), next);
            Box::pin(async move { Ok((endpoint, begun.await?)) })
        });
        let (endpoint, first) = begun.await.map_err(late)?;
        let beginner = Beginner {
            clock: self.clock.clone(),
            wire: self.wire.clone(),
            endpoints: self.endpoints.clone(),
            options: self.options.clone(),
            range: from.range,
            next,
            place,
        };
        Ok(Watch::new(EtcdWatch::new(beginner, endpoint, first)))
    }

    /// Ends a lease. The cluster does not say how many keys went: they are counted just
    /// before, so that one which another client attaches or takes away meanwhile is
    /// counted as it was then.
    async fn end(&self, lease: LeaseId, limit: Duration) -> Result<Revoked, LeaseError> {
        let deadline = self.deadline(limit);
        let known = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
            wire.lease_time_to_live(endpoint, lease)
        });
        let known = known.await.map_err(|found| of_lease(found, lease))?;
        let ended = self.ask(Times::Once, deadline, limit, |wire, endpoint| {
            wire.lease_revoke(endpoint, lease)
        });
        let revision = ended.await.map_err(|found| of_lease(found, lease))?;
        Ok(Revoked {
            deleted: known.keys.len(),
            revision,
        })
    }

    async fn forget(&self, requested: Revision, limit: Duration) -> Result<(), CompactError> {
        let deadline = self.deadline(limit);
        let done = self.ask(Times::Once, deadline, limit, |wire, endpoint| {
            wire.compact(endpoint, requested)
        });
        match done.await {
            Err(Failed::Refused(WireRefusal::Compacted)) => {
                let compacted = self.compacted(deadline, limit).await;
                let compacted = compacted.map_err(|found| unanswered(found, limit))?;
                Err(CompactError::Compacted {
                    requested,
                    compacted,
                })
            }
            Err(Failed::Refused(WireRefusal::Future)) => {
                let current = self.current(deadline, limit).await;
                let current = current.map_err(|found| unanswered(found, limit))?;
                Err(CompactError::Future { requested, current })
            }
            other => Ok(other?),
        }
    }
}

impl<C: Clock + Clone + Send + Sync + 'static> Engine for EtcdEngine<C> {
    fn kind(&self) -> &'static str {
        "etcd"
    }

    fn limits(&self) -> &Limits {
        &self.options.limits
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Box::pin(self.find(read, limit))
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Box::pin(self.run(transaction, limit))
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        Box::pin(async move {
            let deadline = self.deadline(limit);
            let granted = self.ask(Times::Once, deadline, limit, |wire, endpoint| {
                wire.lease_grant(endpoint, lease, ttl)
            });
            let named = lease.unwrap_or(LeaseId(0));
            granted.await.map_err(|found| of_lease(found, named))
        })
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        Box::pin(async move {
            let deadline = self.deadline(limit);
            let renewed = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
                wire.lease_keep_alive(endpoint, lease)
            });
            renewed.await.map_err(|found| of_lease(found, lease))
        })
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        Box::pin(self.end(lease, limit))
    }

    fn lease(&self, lease: LeaseId, limit: Duration) -> Pending<'_, LeaseInfo, LeaseError> {
        Box::pin(async move {
            let deadline = self.deadline(limit);
            let known = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
                wire.lease_time_to_live(endpoint, lease)
            });
            let mut known = known.await.map_err(|found| of_lease(found, lease))?;
            known.keys.sort_unstable();
            Ok(known)
        })
    }

    fn leases(&self, limit: Duration) -> Pending<'_, Vec<LeaseId>, ReadError> {
        Box::pin(async move {
            let deadline = self.deadline(limit);
            // A member lists what it has; a linearizable read of the same member first
            // brings it up to date.
            let read = Read::new(KeyRange::key("\0")).consistency(Consistency::Linearizable);
            let listed = self.ask(Times::Any, deadline, limit, |wire, endpoint| {
                let read = read.clone();
                Box::pin(async move {
                    wire.range(endpoint, read).await?;
                    wire.lease_leases(endpoint).await
                })
            });
            let mut leases = listed.await.map_err(|found| unanswered(found, limit))?;
            leases.sort_unstable();
            Ok(leases)
        })
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(self.begin(from, limit))
    }

    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError> {
        Box::pin(self.forget(revision, limit))
    }
}
