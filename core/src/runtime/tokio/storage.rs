//! Files of one node in one directory.
//!
//! All files lie side by side: the `/` of a [`FileName`] is a `+` on the disk, so
//! that `a` and `a/b` can both exist and one directory sync covers every name.
//! A name that ends in `~` is a replacement that was not finished.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::runtime::{FileName, StorageError, StorageOperation};

/// How many files can be worked on at the same time.
const STRIPES: usize = 64;

/// How many names a stripe remembers to be durable.
const DURABLE_MAX: usize = 256;

/// What is remembered of the files of one stripe, so that adding to a file again and
/// again neither opens it each time nor syncs the directory.
#[derive(Default)]
struct Stripe {
    /// The file that was added to last.
    open: Option<(FileName, File)>,
    /// Files whose names, as they are now, survive a crash.
    durable: BTreeSet<FileName>,
}

impl Stripe {
    /// The name of a file is about to mean something else.
    fn forget(&mut self, file: &FileName) {
        self.durable.remove(file);
        self.open.take_if(|(open, _)| open == file);
    }

    /// The file, open for adding.
    fn appending(&mut self, file: &FileName, path: &Path) -> io::Result<&mut File> {
        let known = self.open.take().filter(|(open, _)| open == file);
        let known = match known {
            Some(known) => known,
            None => {
                let open = OpenOptions::new().create(true).append(true).open(path)?;
                (file.clone(), open)
            }
        };
        Ok(&mut self.open.insert(known).1)
    }

    /// Makes the content of a file durable, and its name.
    fn sync(&mut self, file: &FileName, path: &Path, root: &Path) -> io::Result<()> {
        match &self.open {
            Some((open, handle)) if open == file => handle.sync_data()?,
            Some(_) | None => match File::open(path) {
                Ok(handle) => handle.sync_data()?,
                // A removal is what is to be made durable then.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return sync_directory(root);
                }
                Err(error) => return Err(error),
            },
        }
        if self.durable.contains(file) {
            return Ok(());
        }
        sync_directory(root)?;
        if self.durable.len() == DURABLE_MAX {
            self.durable.clear();
        }
        self.durable.insert(file.clone());
        Ok(())
    }
}

/// The directory of one node.
pub(super) struct Directory {
    root: Arc<Path>,
    handle: Handle,
    // A file always falls on the same stripe. The lock is fair, so operations on
    // one file run in the order in which they asked for it; it travels with the
    // work, so that a caller who leaves does not let the next one in too early.
    stripes: Vec<Arc<Mutex<Stripe>>>,
}

impl Directory {
    /// Opens the directory, creating it if it is missing.
    pub(super) fn open(root: &Path, handle: Handle) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        if let Some(parent) = root.parent() {
            sync_directory(parent)?;
        }
        Ok(Self {
            root: root.into(),
            handle,
            stripes: (0..STRIPES).map(|_| Arc::default()).collect(),
        })
    }

    pub(super) async fn read(&self, file: &FileName) -> Result<Vec<u8>, StorageError> {
        let path = self.path(file);
        self.on_file(StorageOperation::Read, file, move |_| fs::read(path))
            .await
    }

    /// Adds to a file; durably, if that is asked for.
    pub(super) async fn append(
        &self,
        file: &FileName,
        data: &[u8],
        sync: bool,
    ) -> Result<(), StorageError> {
        let (path, root) = (self.path(file), self.root.clone());
        let (data, name) = (data.to_vec(), file.clone());
        let work = move |stripe: &mut Stripe| {
            stripe.appending(&name, &path)?.write_all(&data)?;
            if sync {
                stripe.sync(&name, &path, &root)?;
            }
            Ok(())
        };
        self.on_file(StorageOperation::Append, file, work).await
    }

    pub(super) async fn replace(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let (path, data) = (self.path(file), data.to_vec());
        let (unfinished, name) = (self.unfinished_path(file), file.clone());
        let work = move |stripe: &mut Stripe| {
            stripe.forget(&name);
            let written = write_whole(&unfinished, &data);
            let replaced = written.and_then(|()| fs::rename(&unfinished, &path));
            if replaced.is_err() {
                // The first error is the one that matters; a leftover is overwritten
                // by the next replacement and never listed.
                drop(fs::remove_file(&unfinished));
            }
            replaced
        };
        self.on_file(StorageOperation::Replace, file, work).await
    }

    pub(super) async fn sync(&self, file: &FileName) -> Result<(), StorageError> {
        let (path, root, name) = (self.path(file), self.root.clone(), file.clone());
        let work = move |stripe: &mut Stripe| stripe.sync(&name, &path, &root);
        self.on_file(StorageOperation::Sync, file, work).await
    }

    pub(super) async fn remove(&self, file: &FileName) -> Result<(), StorageError> {
        let (path, name) = (self.path(file), file.clone());
        let work = move |stripe: &mut Stripe| {
            stripe.forget(&name);
            match fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => result,
            }
        };
        self.on_file(StorageOperation::Remove, file, work).await
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        let (root, wanted) = (self.root.clone(), prefix.to_owned());
        let work = move || {
            let mut found = Vec::new();
            for entry in fs::read_dir(root)? {
                let name = entry?.file_name();
                let name = name.to_str().map(|name| name.replace('+', "/"));
                // What is not a file name was not written by this node.
                let file = name.and_then(|name| FileName::new(name).ok());
                found.extend(file.filter(|file| file.as_str().starts_with(&wanted)));
            }
            found.sort();
            Ok(found)
        };
        let result = self.blocking(work).await;
        result.map_err(|error| io_error(StorageOperation::List, prefix, &error))
    }

    /// Does `work` on a file after everything that was asked of the file before.
    async fn on_file<T: Send + 'static>(
        &self,
        operation: StorageOperation,
        file: &FileName,
        work: impl FnOnce(&mut Stripe) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let mut turn: OwnedMutexGuard<Stripe> = self.stripe(file).lock_owned().await;
        let result = self.blocking(move || {
            let result = work(&mut turn);
            drop(turn);
            result
        });
        result.await.map_err(|error| {
            let kind = error.kind();
            if kind == io::ErrorKind::NotFound {
                StorageError::NotFound { file: file.clone() }
            } else if matches!(
                kind,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ) {
                let file = file.clone();
                StorageError::Full { operation, file }
            } else {
                io_error(operation, file.as_str(), &error)
            }
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        match self.handle.spawn_blocking(work).await {
            Ok(result) => result,
            Err(lost) => Err(io::Error::other(lost)),
        }
    }

    fn stripe(&self, file: &FileName) -> Arc<Mutex<Stripe>> {
        // FNV-1a; only has to spread.
        let hash = file
            .as_str()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        self.stripes[(hash % STRIPES as u64) as usize].clone()
    }

    fn path(&self, file: &FileName) -> PathBuf {
        self.root.join(file.as_str().replace('/', "+"))
    }

    fn unfinished_path(&self, file: &FileName) -> PathBuf {
        self.root.join(file.as_str().replace('/', "+") + "~")
    }
}

/// Writes a file whose content must be on the disk before its name is.
fn write_whole(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut open = File::create(path)?;
    open.write_all(data)?;
    open.sync_all()
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    // Only Unix can sync a directory; elsewhere the file system orders names itself.
    Ok(())
}

fn io_error(operation: StorageOperation, file: &str, error: &io::Error) -> StorageError {
    StorageError::Io {
        operation,
        file: file.to_owned(),
        reason: error.to_string(),
    }
}
