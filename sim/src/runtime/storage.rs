//! The storage of a simulated node.

use std::time::Duration;

use steadfast::Label;
use steadfast::runtime::{Clock, FileName, Storage, StorageError, StorageOperation};

use super::disk::SyncPoint;
use super::life::SimRuntime;
use super::state::State;
use crate::keyed::Key;
use crate::trace::{DiskEvent, TraceEvent};

/// How long an operation takes on a healthy disk.
const OPERATION_TIME: Duration = Duration::from_micros(50);

/// How long a sync takes on a healthy disk.
const SYNC_TIME: Duration = Duration::from_micros(500);

impl Storage for SimRuntime {
    async fn read(&self, file: &FileName) -> Result<Vec<u8>, StorageError> {
        let operation = StorageOperation::Read;
        let answer = self.on_disk(operation, file, |disk| match disk.sabotage() {
            Some(error) => Err(error),
            None => {
                let content = disk.state.node(disk.runtime.0.node).disk.read(file);
                let missing = || StorageError::NotFound { file: file.clone() };
                let content = content.map(<[u8]>::to_vec).ok_or_else(missing);
                content.map(|content| (content.len() as u64, content))
            }
        });
        self.sleep(OPERATION_TIME).await;
        answer
    }

    async fn append(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let operation = StorageOperation::Append;
        let answer = self.on_disk(operation, file, |disk| {
            let error = disk.sabotage().or_else(|| disk.full());
            let taken = match error {
                // A prefix may have been written.
                Some(_) => disk.key.with(1).below(data.len() as u64 + 1) as usize,
                None => data.len(),
            };
            if taken > 0 || error.is_none() {
                disk.state
                    .node_mut(disk.runtime.0.node)
                    .disk
                    .append(file, &data[..taken]);
            }
            error.map_or(Ok((data.len() as u64, ())), Err)
        });
        self.sleep(OPERATION_TIME).await;
        answer
    }

    async fn replace(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let operation = StorageOperation::Replace;
        let answer = self.on_disk(operation, file, |disk| {
            if let Some(error) = disk.sabotage().or_else(|| disk.full()) {
                return Err(error);
            }
            disk.state
                .node_mut(disk.runtime.0.node)
                .disk
                .replace(file, data);
            Ok((data.len() as u64, ()))
        });
        self.sleep(OPERATION_TIME).await;
        answer
    }

    async fn sync(&self, file: &FileName) -> Result<(), StorageError> {
        let point = self.begin_sync(file)?;
        // What is durable is decided at the end: a crash while the disk works may
        // find all of it not synced.
        self.sleep(SYNC_TIME).await;
        let operation = StorageOperation::Sync;
        self.on_disk(operation, file, |disk| {
            let error = disk.sabotage();
            let files = &mut disk.state.node_mut(disk.runtime.0.node).disk;
            match error {
                Some(error) => {
                    files.fail_sync(file, point);
                    Err(error)
                }
                None => Ok((files.finish_sync(file, point), ())),
            }
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        let answer = self.list_now(prefix);
        self.sleep(OPERATION_TIME).await;
        answer
    }

    async fn remove(&self, file: &FileName) -> Result<(), StorageError> {
        let operation = StorageOperation::Remove;
        let answer = self.on_disk(operation, file, |disk| {
            let error = disk.sabotage();
            // After an error the file may be there or not.
            if error.is_none() || disk.key.with(1).chance(0.5) {
                disk.state.node_mut(disk.runtime.0.node).disk.remove(file);
            }
            error.map_or(Ok((0, ())), Err)
        });
        self.sleep(OPERATION_TIME).await;
        answer
    }
}

/// One operation while it is done.
struct Operation<'a> {
    runtime: &'a SimRuntime,
    state: &'a mut State,
    now: u64,
    /// Decides what goes wrong with it.
    key: Key,
    what: StorageOperation,
    file: &'a str,
    name: Option<&'a FileName>,
}

impl Operation<'_> {
    /// The error of a failing disk, if it fails this operation.
    fn sabotage(&mut self) -> Option<StorageError> {
        let errors = self
            .state
            .node(self.runtime.0.node)
            .condition
            .disk_error
            .clone();
        let mut failed = false;
        for fault in errors {
            if self.key.with(fault.key).chance(fault.probability) {
                failed = true;
                self.state.mark_effective(self.now, fault.episode);
            }
        }
        failed.then(|| self.io("the disk failed"))
    }

    /// The error of a full disk.
    fn full(&mut self) -> Option<StorageError> {
        let full = self
            .state
            .node(self.runtime.0.node)
            .condition
            .disk_full
            .clone();
        for episode in &full {
            self.state.mark_effective(self.now, *episode);
        }
        let file = self.name?.clone();
        let operation = self.what;
        (!full.is_empty()).then_some(StorageError::Full { operation, file })
    }

    fn io(&self, reason: &str) -> StorageError {
        StorageError::Io {
            operation: self.what,
            file: self.file.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Records what came of the operation.
    fn account<T>(&mut self, answer: Result<(u64, T), StorageError>) -> Result<T, StorageError> {
        let (operation, file) = (self.what, Label::from(self.file));
        let (event, answer) = match answer {
            Ok((len, answer)) => {
                let event = DiskEvent::Done {
                    operation,
                    file,
                    len,
                };
                (event, Ok(answer))
            }
            Err(error) => {
                let reason = error.to_string().into();
                let event = DiskEvent::Failed {
                    operation,
                    file,
                    reason,
                };
                (event, Err(error))
            }
        };
        let node = Some(self.runtime.0.node);
        self.state.record(self.now, node, TraceEvent::Disk(event));
        answer
    }
}

impl SimRuntime {
    /// Does one operation on a file and records it.
    fn on_disk<T>(
        &self,
        what: StorageOperation,
        file: &FileName,
        work: impl FnOnce(&mut Operation<'_>) -> Result<(u64, T), StorageError>,
    ) -> Result<T, StorageError> {
        self.with_disk(what, file.as_str(), Some(file), work)
    }

    fn list_now(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        self.with_disk(StorageOperation::List, prefix, None, |disk| {
            if let Some(error) = disk.sabotage() {
                return Err(error);
            }
            let files = disk.state.node(disk.runtime.0.node).disk.list(prefix);
            Ok((files.len() as u64, files))
        })
    }

    fn begin_sync(&self, file: &FileName) -> Result<SyncPoint, StorageError> {
        let life = &self.0;
        let mut state = life.shared.lock();
        if !life.is_alive() {
            return Err(self.dead(StorageOperation::Sync, file.as_str()));
        }
        Ok(state.node_mut(life.node).disk.begin_sync(file))
    }

    fn with_disk<T>(
        &self,
        what: StorageOperation,
        file: &str,
        name: Option<&FileName>,
        work: impl FnOnce(&mut Operation<'_>) -> Result<(u64, T), StorageError>,
    ) -> Result<T, StorageError> {
        let life = &self.0;
        let now = life.shared.now();
        let mut state = life.shared.lock();
        if !life.is_alive() {
            return Err(self.dead(what, file));
        }
        let disk = &mut state.node_mut(life.node).disk;
        let ordinal = match name {
            Some(name) => disk.next_operation(name),
            None => disk.next_list(file),
        };
        let key = Key::new(state.seed, "disk")
            .with(u64::from(life.node.0))
            .with_text(file)
            .with(ordinal);
        let mut operation = Operation {
            runtime: self,
            state: &mut state,
            now,
            key,
            what,
            file,
            name,
        };
        let answer = work(&mut operation);
        operation.account(answer)
    }

    fn dead(&self, operation: StorageOperation, file: &str) -> StorageError {
        StorageError::Io {
            operation,
            file: file.to_owned(),
            reason: format!("{}.{} is dead", self.0.node, self.0.incarnation),
        }
    }
}
