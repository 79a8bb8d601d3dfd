//! Snapshots as files: one each, written whole, synced, and then the older ones removed.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::consensus::Meta;
use crate::runtime::{FileName, Storage, StorageError};

/// A snapshot could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SnapshotFileError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What had been synced is not there any more.
    #[error("the snapshot {file} is damaged")]
    Damaged {
        /// The file.
        file: FileName,
    },
}

/// A snapshot with what consensus knows of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) meta: Meta,
    pub(super) state: Vec<u8>,
}

/// The snapshot files of one node.
#[derive(Debug, Clone)]
pub(super) struct SnapshotFiles<S> {
    storage: S,
    prefix: String,
}

impl<S: Storage> SnapshotFiles<S> {
    pub(super) const fn new(storage: S, prefix: String) -> Self {
        Self { storage, prefix }
    }

    /// The newest snapshot, if there is one.
    pub(super) async fn load(&self) -> Result<Option<Saved>, SnapshotFileError> {
        let Some(file) = self.storage.list(&self.prefix).await?.pop() else {
            return Ok(None);
        };
        let bytes = self.storage.read(&file).await?;
        decode(&bytes)
            .map(Some)
            .ok_or(SnapshotFileError::Damaged { file })
    }

    /// Makes a snapshot durable, then removes older ones.
    pub(super) async fn save(&self, saved: &Saved) -> Result<(), SnapshotFileError> {
        let index = saved.meta.last_log_id.map_or(0, |log_id| log_id.index);
        // In the order of names the newest is the last.
        let file = FileName::new(format!("{}{index:020}", self.prefix))?;
        self.storage.replace(&file, &encode(saved)).await?;
        self.storage.sync(&file).await?;
        for older in self.storage.list(&self.prefix).await? {
            if older < file {
                self.storage.remove(&older).await?;
            }
        }
        Ok(())
    }
}

fn encode(saved: &Saved) -> Vec<u8> {
    let content = postcard::to_allocvec(saved).expect("a snapshot has an encoding");
    let mut bytes = xxh3_64(&content).to_le_bytes().to_vec();
    bytes.extend(content);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Saved> {
    let (checksum, content) = bytes.split_first_chunk::<8>()?;
    (xxh3_64(content) == u64::from_le_bytes(*checksum))
        .then(|| postcard::from_bytes(content).ok())
        .flatten()
}
