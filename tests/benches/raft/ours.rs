//! Three nodes of the replicated store.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::runtime::tokio::{TcpNetwork, TokioRuntime};
use steadfast::store::{RaftOptions, RaftStore, Store};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::grpc::text;
use crate::load::{Figures, Load, drive, pause};
use crate::{ELECTION, HEARTBEAT, VALUE_LEN};

const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How long the nodes may take to elect their first leader.
const START_LIMIT: Duration = Duration::from_secs(20);

struct Member {
    node: Node<TokioRuntime>,
    store: RaftStore<TokioRuntime>,
}

/// Running nodes.
pub(crate) struct Cluster {
    members: Vec<Member>,
    _files: TempDir,
}

impl Cluster {
    /// Starts three nodes and waits until one leads.
    pub(crate) async fn start() -> Result<Self, String> {
        let files = TempDir::new().map_err(text)?;
        let mut networks = Vec::new();
        for _ in NODES {
            networks.push(TcpNetwork::bind(ANY).await.map_err(text)?);
        }
        let addresses: Vec<_> = networks.iter().map(TcpNetwork::local_address).collect();
        let mut members = Vec::new();
        for (network, node) in networks.into_iter().zip(NODES) {
            let peers = NODES.into_iter().zip(&addresses);
            let network = peers.fold(network, |network, (peer, address)| {
                network.peer(peer, *address)
            });
            let runtime = TokioRuntime::builder(node)
                .storage(files.path().join(node.to_string()))
                .tcp_network(network)
                .build()
                .map_err(text)?;
            let node = Node::new(runtime);
            let mut options = RaftOptions::new(NODES);
            options.heartbeat = HEARTBEAT;
            options.election = ELECTION;
            let store = RaftStore::start(&node, "store", options).map_err(text)?;
            members.push(Member { node, store });
        }
        let cluster = Self {
            members,
            _files: files,
        };
        let limit = Instant::now() + START_LIMIT;
        while cluster.settled().await.is_none() {
            if Instant::now() > limit {
                return Err("the nodes elected no leader".to_owned());
            }
            pause(HEARTBEAT).await;
        }
        Ok(cluster)
    }

    /// Which member leads, once that has decided something.
    async fn settled(&self) -> Option<usize> {
        let leader = self.leader()?;
        let put = write(&self.store(leader), "first").await;
        put.is_ok().then_some(leader)
    }

    /// Which member leads, as far as itself knows.
    pub(crate) fn leader(&self) -> Option<usize> {
        (0..self.members.len()).find(|member| {
            let status = self.members[*member].store.status();
            status.and_then(|status| status.leader) == Some(NODES[*member])
        })
    }

    /// The store, asked at a member.
    pub(crate) fn store(&self, member: usize) -> Store {
        self.members[member].store.store()
    }

    /// Takes a member off the network and kills all of its processes.
    pub(crate) async fn kill(&self, member: usize) {
        let node = &self.members[member].node;
        node.runtime().close().await;
        node.stop(Duration::ZERO).await;
    }

    /// Ends all members.
    pub(crate) async fn stop(self) {
        for member in 0..self.members.len() {
            self.kill(member).await;
        }
    }
}

/// One committed write.
pub(crate) async fn write(store: &Store, key: &str) -> Result<(), String> {
    let put = store.put(key, vec![7; VALUE_LEN]).await;
    put.map(drop).map_err(text)
}

/// Measures writes at the leader and at a node that forwards to it.
pub(crate) async fn writes(load: Load) -> Result<[Figures; 2], String> {
    let cluster = Cluster::start().await?;
    let leader = cluster.leader().ok_or("nobody leads")?;
    let mut figures = Vec::new();
    for member in [leader, (leader + 1) % NODES.len()] {
        let store = cluster.store(member);
        let writes = drive(load, |_| {
            let store = store.clone();
            move |key: String| {
                let store = store.clone();
                async move { write(&store, &key).await }
            }
        });
        figures.push(writes.await?);
    }
    cluster.stop().await;
    Ok([figures[0], figures[1]])
}
