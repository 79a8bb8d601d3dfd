//! The configuration, and the tasks of one node.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::dialer::Dialer;
use super::listener::{Readers, accept};
use super::outbox::{Outbox, Post};
use crate::runtime::tokio::clock::TokioClock;
use crate::runtime::tokio::ports::Ports;
use crate::runtime::{Clock, Message, NodeId, Port, SendError, TaskHandle, supervised_task};

/// A listening address, and where the peers are.
///
/// A message waits in a bounded queue for the connection to its peer, which is made
/// on demand. A peer that refuses is unreachable until a later attempt, made on
/// demand too, succeeds.
#[derive(Debug)]
pub struct TcpNetwork {
    listener: TcpListener,
    address: SocketAddr,
    peers: BTreeMap<NodeId, SocketAddr>,
}

impl TcpNetwork {
    /// Listens on `address`; port 0 lets the operating system choose.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            peers: BTreeMap::new(),
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Says where `node` listens. A node without an address is unreachable.
    #[must_use]
    pub fn peer(mut self, node: NodeId, address: SocketAddr) -> Self {
        self.peers.insert(node, address);
        self
    }
}

struct Peer {
    address: SocketAddr,
    outbox: Arc<Outbox>,
    // Started with the first message.
    dialer: Option<TaskHandle>,
}

/// The network of one node at work. Owns every task of it, so that none outlives it.
pub(in crate::runtime::tokio) struct TcpLink {
    ports: Arc<Ports>,
    clock: TokioClock,
    handle: Handle,
    peers: Mutex<BTreeMap<NodeId, Peer>>,
    accepting: Mutex<Option<TaskHandle>>,
    readers: Readers,
}

impl TcpLink {
    pub(in crate::runtime::tokio) fn start(
        network: TcpNetwork,
        ports: Arc<Ports>,
        clock: TokioClock,
        handle: Handle,
    ) -> Self {
        let readers = Readers::default();
        let accepting = spawn(
            &handle,
            accept(
                network.listener,
                ports.clone(),
                clock.clone(),
                handle.clone(),
                readers.clone(),
            ),
        );
        let peers = network.peers.into_iter().map(|(node, address)| {
            let peer = Peer {
                address,
                outbox: Arc::default(),
                dialer: None,
            };
            (node, peer)
        });
        Self {
            ports,
            clock,
            handle,
            peers: Mutex::new(peers.collect()),
            accepting: Mutex::new(Some(accepting)),
            readers,
        }
    }

    pub(in crate::runtime::tokio) fn send(
        &self,
        to: NodeId,
        port: Port,
        payload: Vec<u8>,
    ) -> Result<(), SendError> {
        let node = self.ports.node();
        if to == node {
            self.ports.deliver(
                port,
                Message {
                    from: node,
                    payload,
                },
            );
            return Ok(());
        }
        let outbox = {
            let mut peers = self.lock();
            // Looked at under the lock: `close` takes the peers under it afterwards.
            if self.ports.is_closed() {
                return Err(SendError::Closed { node });
            }
            let Some(peer) = peers.get_mut(&to) else {
                return Err(SendError::Unreachable { peer: to });
            };
            if peer.dialer.is_none() {
                peer.dialer = Some(self.dial(to, peer));
            }
            peer.outbox.clone()
        };
        match outbox.post(self.clock.now(), port, payload) {
            Post::Taken => Ok(()),
            Post::Full => Err(SendError::QueueFull { peer: to }),
            Post::Unreachable => Err(SendError::Unreachable { peer: to }),
        }
    }

    /// Ends every task and waits until all have ended. The ports must be closed.
    pub(in crate::runtime::tokio) async fn close(&self) {
        let accepting = self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Nothing is accepted any more once this has ended, so no reader is added.
        end(accepting).await;
        end(self.readers.take()).await;
        let peers = std::mem::take(&mut *self.lock());
        end(peers.into_values().filter_map(|peer| peer.dialer)).await;
    }

    fn dial(&self, node: NodeId, peer: &Peer) -> TaskHandle {
        let dialer = Dialer {
            peer: node,
            address: peer.address,
            outbox: peer.outbox.clone(),
            ports: self.ports.clone(),
            clock: self.clock.clone(),
        };
        spawn(&self.handle, dialer.run())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Peer>> {
        // Nothing that can panic runs under this lock.
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(handle: &Handle, task: impl Future<Output = ()> + Send + 'static) -> TaskHandle {
    let (task, ended) = supervised_task(task);
    drop(handle.spawn(task));
    ended
}

async fn end(tasks: impl IntoIterator<Item = TaskHandle>) {
    let tasks: Vec<TaskHandle> = tasks.into_iter().collect();
    tasks.iter().for_each(TaskHandle::abort);
    for task in &tasks {
        task.ended().await;
    }
}
