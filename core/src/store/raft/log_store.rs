//! The log and the vote, in memory for reading and in a file for surviving.

use std::fmt::{Debug, Formatter};
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader, StorageIOError};

use super::consensus::{Entry, LogId, StoreFault, Types, Vote};
use super::facts::{Facts, told};
use super::record::{Content, Damaged, Record, replay};
use crate::runtime::{FileName, Storage, StorageError};

/// How many bytes of entries one read answers, more than one entry only if it has room.
const READ_BYTES_MAX: usize = 1 << 18;

/// A file is written anew when it has grown over twice its content and this, in bytes.
const SLACK_BYTES: usize = 1 << 16;

/// Why the log could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum OpenLogError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// The log of one node. All writes are synced before they are answered.
pub(super) struct LogStore<S> {
    storage: S,
    file: FileName,
    content: Arc<Mutex<Content>>,
    file_len: usize,
    /// Records that are written along with the next that must be.
    unwritten: Vec<u8>,
    /// Why a write failed. Nothing is written behind what may be half there.
    broken: Option<StorageError>,
    facts: Facts,
}

impl<S: Storage + Sync> LogStore<S> {
    /// Opens the log; cuts the torn end of a write that was never answered, and makes the
    /// rest durable.
    pub(super) async fn open(
        storage: S,
        file: FileName,
        facts: Facts,
    ) -> Result<Self, OpenLogError> {
        let bytes = match storage.read(&file).await {
            Ok(bytes) => bytes,
            Err(StorageError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let (content, kept) = replay(&bytes)?;
        // Also if nothing is torn: what an earlier run failed to sync can be read and
        // still be lost.
        if !bytes.is_empty() {
            storage.replace(&file, &bytes[..kept]).await?;
            storage.sync(&file).await?;
        }
        Ok(Self {
            storage,
            file,
            content: Arc::new(Mutex::new(content)),
            file_len: kept,
            unwritten: Vec::new(),
            broken: None,
            facts,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last entry, also if it is only in a snapshot any more.
    pub(super) fn last(&self) -> Option<LogId> {
        self.lock().last()
    }

    /// Announces what was found, with the last entry that is in a snapshot.
    pub(super) fn announce(&self, snapshot: Option<LogId>) {
        let (vote, entries) = {
            let content = self.lock();
            let entries = content.entries.values().map(told).collect();
            (content.vote, entries)
        };
        self.facts.opened(vote, snapshot, entries);
    }

    /// Adds to the file what is not written; it is durable once this answers.
    async fn write(&mut self) -> Result<(), StorageError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let bytes = std::mem::take(&mut self.unwritten);
        let written = self.storage.append_synced(&self.file, &bytes).await;
        self.broken = written.as_ref().err().cloned();
        self.file_len += bytes.len();
        written
    }

    /// Takes a record that can be lost until the next that is written.
    fn note(&mut self, record: Record) {
        record.encode(&mut self.unwritten);
        self.lock().take(record);
    }

    async fn record(&mut self, record: Record) -> Result<(), StorageError> {
        self.note(record);
        self.write().await
    }

    /// Writes the file anew if most of it is of no use any more.
    async fn tidy(&mut self) -> Result<(), StorageError> {
        let bytes = self.lock().encode();
        if self.file_len > 2 * bytes.len() + SLACK_BYTES {
            let mut replaced = self.storage.replace(&self.file, &bytes).await;
            if replaced.is_ok() {
                replaced = self.storage.sync(&self.file).await;
            }
            self.broken = replaced.as_ref().err().cloned();
            self.unwritten.clear();
            self.file_len = bytes.len();
            return replaced;
        }
        Ok(())
    }
}

fn write_fault(error: &StorageError) -> StoreFault {
    StorageIOError::write_logs(openraft::AnyError::new(error)).into()
}

/// Reads what a [`LogStore`] holds.
pub(super) struct LogReader(Arc<Mutex<Content>>);

impl LogReader {
    fn entries(&self, range: impl RangeBounds<u64>, bytes_max: usize) -> Vec<Entry> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = range.start_bound().cloned();
        let end = range.end_bound().cloned();
        if is_empty(start, end) {
            return Vec::new();
        }
        let mut bytes = 0;
        let found = content.entries.range((start, end));
        let fitting = found.take_while(|(_, entry)| {
            let first = bytes == 0;
            bytes += size(entry);
            first || bytes <= bytes_max
        });
        fitting.map(|(_, entry)| entry.clone()).collect()
    }
}

fn is_empty(start: Bound<u64>, end: Bound<u64>) -> bool {
    let first = match start {
        Bound::Included(start) => start,
        Bound::Excluded(start) => start + 1,
        Bound::Unbounded => 0,
    };
    match end {
        Bound::Included(end) => end < first,
        Bound::Excluded(end) => end <= first,
        Bound::Unbounded => false,
    }
}

/// How long an entry is as bytes.
fn size(entry: &Entry) -> usize {
    postcard::experimental::serialized_size(entry).unwrap_or(usize::MAX / 2)
}

impl RaftLogReader<Types> for LogReader {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StoreFault> {
        Ok(self.entries(range, usize::MAX))
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, StoreFault> {
        Ok(self.entries(start..end, READ_BYTES_MAX))
    }
}

impl<S: Storage + Send + Sync + 'static> RaftLogReader<Types> for LogStore<S> {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StoreFault> {
        Ok(LogReader(self.content.clone()).entries(range, usize::MAX))
    }
}

impl<S: Storage + Send + Sync + 'static> RaftLogStorage<Types> for LogStore<S> {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StoreFault> {
        let content = self.lock();
        Ok(LogState {
            last_purged_log_id: content.purged,
            last_log_id: content.last(),
        })
    }

    async fn get_log_reader(&mut self) -> LogReader {
        LogReader(self.content.clone())
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StoreFault> {
        let saved = self.record(Record::Vote(*vote)).await;
        if saved.is_ok() {
            self.facts.voted(vote);
        }
        saved.map_err(|error| StorageIOError::write_vote(openraft::AnyError::new(&error)).into())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StoreFault> {
        Ok(self.lock().vote)
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StoreFault> {
        let Some(committed) = committed else {
            return Ok(());
        };
        // Not written at once: a node that restarts knows a little less and learns it
        // again.
        self.note(Record::Committed(committed));
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StoreFault> {
        Ok(self.lock().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<(), StoreFault>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut stored = Vec::new();
        for entry in entries {
            stored.push(told(&entry));
            self.note(Record::Entry(entry));
        }
        match self.write().await {
            Ok(()) => {
                self.facts.stored(stored);
                callback.log_io_completed(Ok(()));
                Ok(())
            }
            Err(error) => {
                callback.log_io_completed(Err(io::Error::other(error.clone())));
                Err(write_fault(&error))
            }
        }
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StoreFault> {
        // Announced first: a record whose sync fails may survive all the same.
        self.facts.truncated(log_id.index);
        let truncated = self.record(Record::Truncated(log_id.index)).await;
        truncated.map_err(|error| write_fault(&error))
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StoreFault> {
        let purged = async {
            self.record(Record::Purged(log_id)).await?;
            self.tidy().await
        };
        purged.await.map_err(|error| write_fault(&error))
    }
}

impl<S> Debug for LogStore<S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogStore")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
