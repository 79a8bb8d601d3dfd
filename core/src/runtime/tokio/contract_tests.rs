//! The production runtime keeps the promises, over both of its networks.

use std::collections::btree_map::{BTreeMap, Entry};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Mutex;

use super::{LocalNetwork, TcpNetwork, TokioRuntime};
use crate::runtime::contract::{self, Harness, NODES};
use crate::runtime::{Incarnation, NodeId};

/// How the nodes of a case reach each other.
enum Wire {
    Local(LocalNetwork),
    Tcp(BTreeMap<NodeId, SocketAddr>),
}

/// A node that is up. It has an executor of its own, as it would have an
/// operating-system process, so that a crash takes all of its tasks along.
struct Up {
    executor: Runtime,
    runtime: TokioRuntime,
}

/// Runs nodes on tokio.
pub(super) struct TokioHarness {
    wire: Wire,
    storage: TempDir,
    shared_storage: bool,
    nodes: Mutex<BTreeMap<NodeId, Up>>,
}

impl TokioHarness {
    fn new(wire: Wire) -> Self {
        Self {
            wire,
            storage: tempfile::tempdir().unwrap(),
            shared_storage: false,
            nodes: Mutex::default(),
        }
    }

    pub(super) fn local() -> Self {
        Self::new(Wire::Local(LocalNetwork::new()))
    }

    async fn tcp() -> Self {
        let mut addresses = BTreeMap::new();
        for node in NODES {
            let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
            let network = TcpNetwork::bind(any).await.unwrap();
            addresses.insert(node, network.local_address());
        }
        Self::new(Wire::Tcp(addresses))
    }

    /// All nodes write to one directory, which is wrong.
    pub(super) const fn with_shared_storage(mut self) -> Self {
        self.shared_storage = true;
        self
    }

    /// Loses what was synced too, which is wrong.
    pub(super) fn wipe(&self, node: NodeId) {
        for entry in std::fs::read_dir(self.directory(node)).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }

    fn directory(&self, node: NodeId) -> std::path::PathBuf {
        if self.shared_storage {
            self.storage.path().join("shared")
        } else {
            self.storage.path().join(node.to_string())
        }
    }

    async fn start(&self, node: NodeId, incarnation: Incarnation) -> Up {
        let executor = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let directory = self.directory(node);
        let builder = TokioRuntime::builder(node)
            .incarnation(incarnation)
            .storage(directory);
        let builder = match &self.wire {
            Wire::Local(network) => builder.local_network(network),
            Wire::Tcp(addresses) => {
                // Listens on the node's own executor, so that it ends with it.
                let network = executor.spawn(bind_again(addresses[&node]));
                let network = network.await.unwrap();
                let peers = addresses.iter();
                let network = peers.fold(network, |network, (peer, address)| {
                    network.peer(*peer, *address)
                });
                builder.tcp_network(network)
            }
        };
        let runtime = {
            let _entered = executor.enter();
            builder.build().unwrap()
        };
        Up { executor, runtime }
    }
}

impl Harness for TokioHarness {
    type Runtime = TokioRuntime;

    async fn runtime(&self, node: NodeId) -> TokioRuntime {
        let mut nodes = self.nodes.lock().await;
        let up = match nodes.entry(node) {
            Entry::Occupied(up) => up.into_mut(),
            Entry::Vacant(place) => place.insert(self.start(node, Incarnation(1)).await),
        };
        up.runtime.clone()
    }

    async fn crash_and_restart(&self, node: NodeId) -> TokioRuntime {
        use crate::runtime::Identity;

        let mut nodes = self.nodes.lock().await;
        let next = match nodes.remove(&node) {
            None => Incarnation(1),
            Some(Up { executor, runtime }) => {
                runtime.close().await;
                let limit = Duration::from_secs(10);
                let ended =
                    Handle::current().spawn_blocking(move || executor.shutdown_timeout(limit));
                ended.await.unwrap();
                Incarnation(runtime.incarnation().0 + 1)
            }
        };
        let up = self.start(node, next).await;
        let runtime = up.runtime.clone();
        nodes.insert(node, up);
        runtime
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the harness keeps time beside the clock under test"
    )]
    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}

impl Drop for TokioHarness {
    fn drop(&mut self) {
        // An executor must not be waited for inside another.
        for (_, up) in std::mem::take(self.nodes.get_mut()) {
            up.executor.shutdown_background();
        }
    }
}

/// Listens on an address that was free before. For a moment it may be the near end of
/// somebody's connection.
pub(super) async fn bind_again(address: SocketAddr) -> TcpNetwork {
    loop {
        match TcpNetwork::bind(address).await {
            Ok(network) => return network,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{address}: {error}"),
        }
    }
}

pub(super) fn on_tokio<T>(body: impl Future<Output = T>) -> T {
    let executor = Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(body)
}

#[test]
fn the_promises_are_kept_over_the_local_network() {
    let report = on_tokio(contract::run_all(async || TokioHarness::local()));
    assert_eq!(report.broken().count(), 0, "\n{report}");
}

#[test]
fn the_promises_are_kept_over_tcp() {
    let report = on_tokio(contract::run_all(TokioHarness::tcp));
    assert_eq!(report.broken().count(), 0, "\n{report}");
}

#[test]
fn every_promise_has_a_name_of_its_own_and_a_sentence() {
    let cases = contract::cases::<TokioHarness>();
    assert!(cases.len() >= 25, "{} promises", cases.len());
    let names: std::collections::BTreeSet<&str> = cases.iter().map(contract::Case::id).collect();
    assert_eq!(names.len(), cases.len());
    for case in &cases {
        assert!(
            case.claim().ends_with('.'),
            "{}: {}",
            case.id(),
            case.claim()
        );
    }
}
