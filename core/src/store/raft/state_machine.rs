//! The machine as consensus drives it: entries in order, snapshots.

use std::io::Cursor;
use std::sync::Arc;

use openraft::storage::RaftStateMachine;
use openraft::{
    AnyError, EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot, StorageIOError,
};

use super::ambient::current;
use super::consensus::{Entry, LogId, Membership, Meta, Reply, StoreFault, Types};
use super::facts::Facts;
use super::snapshot_file::{Saved, SnapshotFileError, SnapshotFiles};
use super::state::Shared;
use crate::process::reply::reply;
use crate::runtime::{Clock, Storage};
use crate::store::machine::{Machine, SnapshotError};

/// Applies what is committed.
pub(super) struct StateMachine<S> {
    runtime: S,
    shared: Shared,
    files: SnapshotFiles<S>,
    facts: Facts,
}

/// Why the state could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum OpenStateError {
    #[error(transparent)]
    File(#[from] SnapshotFileError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl<S> StateMachine<S>
where
    S: Clock + Storage + Clone + Send + Sync + 'static,
{
    /// Loads the newest snapshot into the shared state.
    pub(super) async fn open(
        runtime: S,
        shared: Shared,
        files: SnapshotFiles<S>,
        facts: Facts,
    ) -> Result<Self, OpenStateError> {
        let limits = shared.lock().machine.limits().clone();
        let (machine, applied, members) = match files.load().await? {
            Some(Saved { meta, state }) => {
                let machine = Machine::from_snapshot(&state)?;
                (machine, meta.last_log_id, meta.last_membership)
            }
            None => (Machine::new(limits), None, Membership::default()),
        };
        shared.install(machine, applied, members);
        Ok(Self {
            runtime,
            shared,
            files,
            facts,
        })
    }
}

fn fault(error: &(impl std::error::Error + 'static)) -> StoreFault {
    StorageIOError::write_snapshot(None, AnyError::new(error)).into()
}

impl<S> RaftStateMachine<Types> for StateMachine<S>
where
    S: Clock + Storage + Clone + Send + Sync + 'static,
{
    type SnapshotBuilder = Builder<S>;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, Membership), StoreFault> {
        let state = self.shared.lock();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Reply>, StoreFault>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        // Announced first: whoever is woken by it finds it told.
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            self.facts.applied(first.log_id, last.log_id);
        }
        let applied = entries.into_iter().map(|entry| match entry.payload {
            EntryPayload::Blank => self.shared.pass(entry.log_id, None),
            EntryPayload::Normal(batch) => {
                self.shared.apply(entry.log_id, batch, self.runtime.now())
            }
            EntryPayload::Membership(members) => {
                let members = Membership::new(Some(entry.log_id), members);
                self.shared.pass(entry.log_id, Some(members))
            }
        });
        Ok(applied.collect())
    }

    async fn get_snapshot_builder(&mut self) -> Builder<S> {
        let state = self.shared.lock();
        Builder {
            machine: Arc::new(state.machine.clone()),
            applied: state.applied,
            members: state.membership.clone(),
            files: self.files.clone(),
        }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StoreFault> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &Meta,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StoreFault> {
        let state = snapshot.into_inner();
        let machine = Machine::from_snapshot(&state).map_err(|error| fault(&error))?;
        let meta = meta.clone();
        let saved = Saved { meta, state };
        self.files
            .save(&saved)
            .await
            .map_err(|error| fault(&error))?;
        let Meta {
            last_log_id,
            last_membership,
            ..
        } = saved.meta;
        if let Some(last) = last_log_id {
            self.facts.installed(last);
        }
        self.shared.install(machine, last_log_id, last_membership);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StoreFault> {
        let saved = self.files.load().await.map_err(|error| fault(&error))?;
        Ok(saved.map(snapshot))
    }
}

fn snapshot(saved: Saved) -> Snapshot<Types> {
    Snapshot {
        meta: saved.meta,
        snapshot: Box::new(Cursor::new(saved.state)),
    }
}

/// The store ended while a snapshot was made.
#[derive(Debug, thiserror::Error)]
#[error("the store ended while a snapshot was made")]
struct Interrupted;

/// Makes a snapshot of the state at one position of the log.
pub(super) struct Builder<S> {
    machine: Arc<Machine>,
    applied: Option<LogId>,
    members: Membership,
    files: SnapshotFiles<S>,
}

impl<S> RaftSnapshotBuilder<Types> for Builder<S>
where
    S: Storage + Clone + Send + Sync + 'static,
{
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StoreFault> {
        let (giver, state) = reply();
        let machine = self.machine.clone();
        current().apart(Box::pin(async move {
            // Nobody waits for it any more if the store ends.
            drop(giver.send(machine.snapshot()));
        }));
        let state = state.await.ok_or_else(|| fault(&Interrupted))?;
        let saved = Saved {
            meta: Meta {
                last_log_id: self.applied,
                last_membership: self.members.clone(),
                snapshot_id: self.applied.map_or_else(String::new, |at| at.to_string()),
            },
            state,
        };
        self.files
            .save(&saved)
            .await
            .map_err(|error| fault(&error))?;
        Ok(snapshot(saved))
    }
}
