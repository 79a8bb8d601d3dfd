//! The runtime value of one node.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::builder::{EventObserver, TokioBuilder};
use super::clock::TokioClock;
use super::entropy::Root;
use super::local::LocalNetwork;
use super::ports::{NetworkCounts, Ports};
use super::storage::Directory;
use super::tcp::TcpLink;
use crate::event::Event;
use crate::label::Label;
use crate::runtime::{
    BindError, Clock, Entropy, EntropyStream, FileName, Identity, Inbox, Incarnation, Network,
    NodeId, Observer, Port, SendError, Spawner, Storage, StorageError, StorageOperation,
    TaskHandle, Timestamp, supervised_task,
};

/// How messages leave a node.
pub(super) enum Link {
    Local(LocalNetwork),
    Tcp(TcpLink),
}

pub(super) struct Shared {
    pub(super) node: NodeId,
    pub(super) incarnation: Incarnation,
    pub(super) observer: Option<EventObserver>,
    pub(super) handle: Handle,
    pub(super) clock: TokioClock,
    pub(super) entropy: Root,
    pub(super) storage: Option<Directory>,
    pub(super) ports: Arc<Ports>,
    pub(super) link: Link,
}

/// One incarnation of one node on tokio. Cheap to clone.
///
/// Its network ends at [`close`](Self::close), or when the last clone is dropped.
/// The tasks that it spawned belong to whoever holds their handles.
#[derive(Clone)]
pub struct TokioRuntime(Arc<Shared>);

impl TokioRuntime {
    /// The longest payload of a message, in bytes.
    pub const PAYLOAD_LEN_MAX: usize = 1 << 20;

    /// Begins to make a runtime for `node`.
    pub fn builder(node: NodeId) -> TokioBuilder {
        TokioBuilder::new(node)
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Takes the node off the network for good: open inboxes end, sends and binds
    /// are refused, and nothing of the network runs any more when this returns.
    /// Idempotent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave connections that end on their own soon after;
    /// calling again waits for them.
    pub async fn close(&self) {
        self.0.ports.close();
        match &self.0.link {
            Link::Local(_) => {}
            Link::Tcp(link) => link.close().await,
        }
    }

    /// What became of the messages so far.
    #[must_use]
    pub fn network_counts(&self) -> NetworkCounts {
        self.0.ports.counts()
    }

    fn storage(&self, operation: StorageOperation, file: &str) -> Result<&Directory, StorageError> {
        self.0.storage.as_ref().ok_or_else(|| StorageError::Io {
            operation,
            file: file.to_owned(),
            reason: "the runtime was built without a storage directory".to_owned(),
        })
    }
}

impl Identity for TokioRuntime {
    fn node(&self) -> NodeId {
        self.0.node
    }

    fn incarnation(&self) -> Incarnation {
        self.0.incarnation
    }
}

impl Observer for TokioRuntime {
    fn observe(&self, event: &Event) {
        if let Some(observer) = &self.0.observer {
            observer(event);
        }
    }
}

impl Spawner for TokioRuntime {
    #[track_caller]
    fn spawn<F>(&self, name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let place = std::panic::Location::caller();
        tracing::trace!(target: "steadfast::tokio", event = "task.spawned", task = %name, %place);
        let (task, handle) = supervised_task(task);
        // Detached on purpose: the handle above aborts the task and learns its end.
        drop(self.0.handle.spawn(task));
        handle
    }
}

impl Clock for TokioRuntime {
    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn unix_time(&self) -> Duration {
        self.0.clock.unix_time()
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        self.0.clock.sleep_until(deadline)
    }
}

impl Entropy for TokioRuntime {
    fn stream(&self, _label: &str) -> EntropyStream {
        self.0.entropy.stream()
    }
}

impl Network for TokioRuntime {
    fn payload_len_max(&self) -> usize {
        Self::PAYLOAD_LEN_MAX
    }

    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        self.0.ports.bind(port, capacity)
    }

    fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), SendError> {
        let node = self.0.node;
        if payload.len() > Self::PAYLOAD_LEN_MAX {
            return Err(SendError::TooLong {
                len: payload.len(),
                len_max: Self::PAYLOAD_LEN_MAX,
            });
        }
        if self.0.ports.is_closed() {
            return Err(SendError::Closed { node });
        }
        match &self.0.link {
            Link::Local(network) => network.send(node, to, port, payload),
            Link::Tcp(link) => link.send(to, port, payload),
        }
    }
}

impl Storage for TokioRuntime {
    async fn read(&self, file: &FileName) -> Result<Vec<u8>, StorageError> {
        let directory = self.storage(StorageOperation::Read, file.as_str())?;
        directory.read(file).await
    }

    async fn append(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let directory = self.storage(StorageOperation::Append, file.as_str())?;
        directory.append(file, data, false).await
    }

    async fn append_synced(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let directory = self.storage(StorageOperation::Append, file.as_str())?;
        directory.append(file, data, true).await
    }

    async fn replace(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let directory = self.storage(StorageOperation::Replace, file.as_str())?;
        directory.replace(file, data).await
    }

    async fn sync(&self, file: &FileName) -> Result<(), StorageError> {
        let directory = self.storage(StorageOperation::Sync, file.as_str())?;
        directory.sync(file).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        let directory = self.storage(StorageOperation::List, prefix)?;
        directory.list(prefix).await
    }

    async fn remove(&self, file: &FileName) -> Result<(), StorageError> {
        let directory = self.storage(StorageOperation::Remove, file.as_str())?;
        directory.remove(file).await
    }
}

impl fmt::Debug for TokioRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioRuntime")
            .field("node", &self.0.node)
            .field("incarnation", &self.0.incarnation)
            .finish_non_exhaustive()
    }
}
