//! The operations of a store, over consensus.

use std::task::{Context, Poll};
use std::time::Duration;

use super::engine::{Failed, RaftEngine};
use super::rpc::{Ask, Miss, Told};
use super::state::Shared;
use crate::runtime::Runtime;
use crate::store::engine::{Engine, Pending};
use crate::store::entry::Revision;
use crate::store::error::{
    CompactError, LeaseError, ReadError, TransactError, Unavailable, WatchError,
};
use crate::store::lease::{Granted, LeaseId, LeaseInfo, Revoked};
use crate::store::limits::Limits;
use crate::store::machine::Command;
use crate::store::read::{Consistency, Read, Reading};
use crate::store::settle;
use crate::store::transaction::{Transacted, Transaction};
use crate::store::watch::{Changes, Watch, WatchFrom, WatchSource};

macro_rules! failures {
    ($($error:ty),+) => {$(
        impl From<Failed> for $error {
            fn from(failed: Failed) -> Self {
                match failed {
                    Failed::Unavailable(unavailable) => unavailable.into(),
                    Failed::Unknown(unknown) => unknown.into(),
                }
            }
        }
    )+};
}

failures!(TransactError, LeaseError, CompactError);

/// The state of this node, which may be old.
fn serving(shared: &Shared) -> Result<std::sync::MutexGuard<'_, super::state::State>, Unavailable> {
    let state = shared.lock();
    if state.open {
        Ok(state)
    } else {
        Err(Unavailable::NotRunning)
    }
}

impl<R: Runtime> RaftEngine<R> {
    /// Asks the leader about a lease. The answer changes nothing that a caller could
    /// mistake, so that one that is lost is none.
    async fn about_lease<T>(
        &self,
        ask: fn(LeaseId) -> Ask,
        told: fn(Told) -> Result<Option<T>, Miss>,
        lease: LeaseId,
        limit: Duration,
    ) -> Result<T, LeaseError> {
        let deadline = self.runtime.now() + limit;
        let found = self.at_leader(|| ask(lease), told, deadline, limit).await?;
        found.ok_or(LeaseError::NotFound { lease })
    }
}

impl<R: Runtime> Engine for RaftEngine<R> {
    fn kind(&self) -> &'static str {
        "raft"
    }

    fn limits(&self) -> &Limits {
        &self.options.limits
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Box::pin(async move {
            if read.consistency == Consistency::Linearizable {
                self.caught_up(limit).await?;
            }
            serving(&self.shared)?.machine.read(&read)
        })
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Box::pin(async move {
            let command = Command::Transact(transaction);
            settle::transacted(self.propose(command, limit).await?)
        })
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        Box::pin(async move {
            let command = Command::Grant { lease, ttl };
            settle::granted(self.propose(command, limit).await?)
        })
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        let told = |told| {
            let Told::KeptAlive(kept) = told else {
                return Err(Miss::Unknown);
            };
            kept
        };
        Box::pin(self.about_lease(Ask::KeepAlive, told, lease, limit))
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        Box::pin(async move {
            let command = Command::Revoke(lease);
            settle::revoked(self.propose(command, limit).await?)
        })
    }

    fn lease(&self, lease: LeaseId, limit: Duration) -> Pending<'_, LeaseInfo, LeaseError> {
        let told = |told| {
            let Told::Lease(info) = told else {
                return Err(Miss::Unknown);
            };
            info
        };
        Box::pin(self.about_lease(Ask::Lease, told, lease, limit))
    }

    fn leases(&self, limit: Duration) -> Pending<'_, Vec<LeaseId>, ReadError> {
        Box::pin(async move {
            self.caught_up(limit).await?;
            let state = serving(&self.shared)?;
            Ok(state.machine.leases().map(|(lease, _)| lease).collect())
        })
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(async move {
            // So that what was answered before is in the past here, too.
            self.caught_up(limit).await?;
            let mut state = serving(&self.shared)?;
            let state = &mut *state;
            let limit = self.options.watches_max;
            let range = from.range;
            let number = state
                .watchers
                .begin(&state.machine, range, from.revision, limit)?;
            let shared = self.shared.clone();
            Ok(Watch::new(RaftWatch { shared, number }))
        })
    }

    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError> {
        Box::pin(async move {
            let command = Command::Compact(revision);
            settle::compacted(self.propose(command, limit).await?)
        })
    }
}

/// A watch of the machine of this node.
struct RaftWatch {
    shared: Shared,
    number: u64,
}

impl WatchSource for RaftWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes, WatchError>> {
        let mut state = match serving(&self.shared) {
            Ok(state) => state,
            Err(error) => return Poll::Ready(Err(error.into())),
        };
        let state = &mut *state;
        let found = state
            .watchers
            .take(&state.machine, self.number, context.waker());
        found.polled()
    }

    fn position(&self) -> Revision {
        let state = self.shared.lock();
        // It exists as long as this does.
        state.watchers.position(self.number).unwrap_or_default()
    }
}

impl Drop for RaftWatch {
    fn drop(&mut self) {
        self.shared.lock().watchers.end(self.number);
    }
}
