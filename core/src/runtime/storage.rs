//! Files of one node.

use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::label::Label;

/// The name of a file: segments of letters, digits, `.`, `_` and `-`, joined by `/`.
///
/// A segment is neither empty nor `.` nor `..`, so a name never leaves the
/// node's own directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(Label);

impl FileName {
    /// The longest name, in bytes.
    pub const LEN_MAX: usize = 200;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`StorageError::BadName`] with the name.
    pub fn new(name: impl Into<String>) -> Result<Self, StorageError> {
        let name = name.into();
        let good_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let good = name.len() <= Self::LEN_MAX
            && name.split('/').all(|segment| {
                !segment.is_empty()
                    && segment != "."
                    && segment != ".."
                    && segment.bytes().all(good_byte)
            });
        if good {
            Ok(Self(name.into()))
        } else {
            Err(StorageError::BadName { name })
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for FileName {
    type Error = StorageError;
    fn try_from(name: String) -> Result<Self, StorageError> {
        Self::new(name)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.as_str().to_owned()
    }
}

/// Reads and writes the files of one node.
///
/// Only synced data survives a crash. Until [`sync`](Self::sync) of a file has
/// answered `Ok`, a crash may lose any suffix of what was appended to it (and may
/// leave a torn last part), and may undo a [`replace`](Self::replace) or a
/// [`remove`](Self::remove) of it, but never mixes old and new content of a
/// replace. Operations of one node on one file take effect in call order.
pub trait Storage {
    /// The whole content.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]; [`NotFound`](StorageError::NotFound) without the file.
    fn read(&self, file: &FileName) -> impl Future<Output = Result<Vec<u8>, StorageError>> + Send;

    /// Adds `data` to the end, creating the file if it is missing.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]. After an error a prefix of `data` may have been added.
    fn append(
        &self,
        file: &FileName,
        data: &[u8],
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Adds `data` to the end and makes the file durable: [`append`](Self::append) and
    /// [`sync`](Self::sync), which some storages do at once for less.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]. After an error a prefix of `data` may have been added, and
    /// nothing more is known to be durable.
    fn append_synced(
        &self,
        file: &FileName,
        data: &[u8],
    ) -> impl Future<Output = Result<(), StorageError>> + Send
    where
        Self: Sync,
    {
        async move {
            self.append(file, data).await?;
            self.sync(file).await
        }
    }

    /// Makes `data` the whole content, atomically, creating the file if it is missing.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]. After an error the old content stands.
    fn replace(
        &self,
        file: &FileName,
        data: &[u8],
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Makes everything done to the file so far durable, its removal included.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]. After an error nothing more is known to be durable,
    /// and a later success covers only what was written after it: write again.
    fn sync(&self, file: &FileName) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// The names of all files that start with `prefix`, in ascending order.
    ///
    /// # Errors
    ///
    /// See [`StorageError`].
    fn list(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<FileName>, StorageError>> + Send;

    /// Removes the file. Removing a missing file is a success.
    ///
    /// # Errors
    ///
    /// See [`StorageError`]. After an error the file may or may not be there.
    fn remove(&self, file: &FileName) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// What was being done when storage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StorageOperation {
    /// [`Storage::read`].
    Read,
    /// [`Storage::append`].
    Append,
    /// [`Storage::replace`].
    Replace,
    /// [`Storage::sync`].
    Sync,
    /// [`Storage::list`].
    List,
    /// [`Storage::remove`].
    Remove,
}

impl fmt::Display for StorageOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Sync => "sync",
            Self::List => "list",
            Self::Remove => "remove",
        })
    }
}

/// A storage operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The name is not a [`FileName`]. No effect; a retry cannot help.
    #[error(
        "{name:?} is not a file name: use segments of letters, digits, '.', '_', '-' joined by '/'"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// There is no such file. No effect.
    #[error("{file} does not exist")]
    NotFound {
        /// The file.
        file: FileName,
    },
    /// The disk is full. An append may have added a prefix; a retry helps once
    /// there is room.
    #[error("no room on the disk to {operation} {file}")]
    Full {
        /// What was tried.
        operation: StorageOperation,
        /// The file.
        file: FileName,
    },
    /// The disk failed. See the operation for the effect; a retry may help.
    #[error("cannot {operation} {file}: {reason}")]
    Io {
        /// What was tried.
        operation: StorageOperation,
        /// The file, or the prefix of a list.
        file: String,
        /// What the disk said.
        reason: String,
    },
}
