//! How a node's runtime is made.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::clock::TokioClock;
use super::entropy::Root;
use super::local::LocalNetwork;
use super::node::{Link, Shared, TokioRuntime};
use super::ports::Ports;
use super::storage::Directory;
use super::tcp::{TcpLink, TcpNetwork};
use crate::event::Event;
use crate::runtime::{Incarnation, NodeId};

/// Takes the facts that core announces.
pub(super) type EventObserver = Box<dyn Fn(&Event) + Send + Sync>;

/// The network that was asked for.
enum Wire {
    Local(LocalNetwork),
    Tcp(TcpNetwork),
}

/// Makes a [`TokioRuntime`].
#[must_use = "a builder does nothing until it is built"]
pub struct TokioBuilder {
    node: NodeId,
    incarnation: Incarnation,
    observer: Option<EventObserver>,
    storage: Option<PathBuf>,
    network: Wire,
}

/// A runtime could not be made. Nothing was started; a retry helps once the cause
/// is gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The call was made outside a tokio runtime.
    #[error("a node is built inside a tokio runtime")]
    NoExecutor,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Entropy(#[source] getrandom::Error),
    /// The storage directory cannot be used.
    #[error("cannot use {} for storage", .directory.display())]
    Storage {
        /// The directory.
        directory: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The in-process network holds an open node with this id.
    #[error("{node} is on this network already")]
    NodeInUse {
        /// The id.
        node: NodeId,
    },
}

impl TokioBuilder {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            node,
            incarnation: Incarnation(1),
            observer: None,
            storage: None,
            network: Wire::Local(LocalNetwork::new()),
        }
    }

    /// Which start of the node this is; the first if not set.
    pub const fn incarnation(mut self, incarnation: Incarnation) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// Who takes the facts that core announces. See
    /// [`Observer`](crate::runtime::Observer) for what it must not do.
    pub fn observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Where the node's files are; the directory is created if it is missing and
    /// belongs to this node alone. Without it every storage operation fails. Where the
    /// file system ignores case, so do the names of files.
    pub fn storage(mut self, directory: impl Into<PathBuf>) -> Self {
        self.storage = Some(directory.into());
        self
    }

    /// Joins the other nodes of this operating-system process that share `network`.
    /// Without any network the node can send to itself only.
    pub fn local_network(mut self, network: &LocalNetwork) -> Self {
        self.network = Wire::Local(network.clone());
        self
    }

    /// Reaches the other nodes over TCP.
    pub fn tcp_network(mut self, network: TcpNetwork) -> Self {
        self.network = Wire::Tcp(network);
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub fn build(self) -> Result<TokioRuntime, BuildError> {
        let Ok(handle) = Handle::try_current() else {
            return Err(BuildError::NoExecutor);
        };
        let storage = match self.storage {
            None => None,
            Some(directory) => match Directory::open(&directory, handle.clone()) {
                Ok(open) => Some(open),
                Err(source) => return Err(BuildError::Storage { directory, source }),
            },
        };
        let entropy = Root::draw().map_err(BuildError::Entropy)?;
        let ports = Arc::new(Ports::new(self.node));
        let clock = TokioClock::new(handle.clone());
        let link = match self.network {
            Wire::Local(network) if network.attach(&ports) => Link::Local(network),
            Wire::Local(_) => return Err(BuildError::NodeInUse { node: self.node }),
            Wire::Tcp(network) => {
                let (ports, clock) = (ports.clone(), clock.clone());
                Link::Tcp(TcpLink::start(network, ports, clock, handle.clone()))
            }
        };
        Ok(TokioRuntime::new(Shared {
            node: self.node,
            incarnation: self.incarnation,
            observer: self.observer,
            clock,
            handle,
            entropy,
            storage,
            ports,
            link,
        }))
    }
}
