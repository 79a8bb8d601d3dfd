//! The same promises in real time: three nodes over loopback, with files of their own.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::runtime::tokio::{TcpNetwork, TokioRuntime};
use steadfast::store::contract::{Case, Harness as _, cases};
use tempfile::TempDir;

use crate::stage::{NODES, Part, Parts, Town, options};

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How many stores run at a time: cases mostly wait.
const AT_A_TIME: usize = 6;

/// How long a node may take to stop.
const STOP: Duration = Duration::from_secs(10);

struct Nodes {
    town: Arc<Town<TokioRuntime>>,
    /// Holds the files until the nodes have stopped.
    files: TempDir,
}

impl Nodes {
    /// Three nodes that know each other.
    async fn start() -> Self {
        let files = TempDir::new().expect("a directory can be made");
        let mut networks = Vec::new();
        for _ in NODES {
            let network = TcpNetwork::bind(ANY).await;
            networks.push(network.expect("loopback has ports"));
        }
        let addresses: Vec<_> = networks.iter().map(TcpNetwork::local_address).collect();
        let parts = Arc::new(Parts::default());
        let mut clock = None;
        for (network, node) in networks.into_iter().zip(NODES) {
            let peers = NODES.into_iter().zip(&addresses);
            let network = peers.fold(network, |network, (peer, address)| {
                network.peer(peer, *address)
            });
            let runtime = TokioRuntime::builder(node)
                .storage(files.path().join(node.to_string()))
                .tcp_network(network)
                .build()
                .expect("the directory is there");
            clock.get_or_insert_with(|| runtime.clone());
            let part = Part::start(Node::new(runtime), options()).await;
            parts.add(part.expect("the store starts"));
        }
        let clock = clock.expect("there are nodes");
        Self {
            town: Arc::new(Town::new(parts, clock, Duration::from_millis(600))),
            files,
        }
    }

    async fn stop(self) {
        for node in NODES {
            self.stop_node(node).await;
        }
        self.files.close().expect("the files can be removed");
    }
}

impl Nodes {
    /// Stops a node and takes it off the network.
    async fn stop_node(&self, node: NodeId) {
        let part = self.town.parts.of(node).expect("it was started");
        assert!(part.node.stop(STOP).await, "{node} had to be killed");
        part.node.runtime().close().await;
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Option<String>> + 'a>>;

/// Runs a case; answers how it is broken, if it is.
fn run(case: &Case<Town<TokioRuntime>>) -> Running<'_> {
    Box::pin(async move {
        let nodes = Nodes::start().await;
        let verdict = case.run(nodes.town.clone()).await;
        nodes.stop().await;
        let broken = verdict.err()?;
        Some(format!("{}: {} But: {broken}", case.id(), case.claim()))
    })
}

#[test]
fn the_replicated_store_keeps_the_promises_over_loopback() {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("an executor needs only memory");
    let cases = cases::<Town<TokioRuntime>>();
    assert!(cases.len() >= 30, "only {} promises", cases.len());
    let mut waiting = cases.iter();
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut broken = Vec::new();
    executor.block_on(std::future::poll_fn(|task| {
        loop {
            let before = running.len();
            while running.len() < AT_A_TIME {
                let Some(case) = waiting.next() else { break };
                running.push(run(case));
            }
            let started = running.len() > before;
            running.retain_mut(|case| match case.as_mut().poll(task) {
                Poll::Pending => true,
                Poll::Ready(verdict) => {
                    broken.extend(verdict);
                    false
                }
            });
            if running.is_empty() {
                return Poll::Ready(());
            }
            if running.len() == AT_A_TIME || !started {
                return Poll::Pending;
            }
        }
    }));
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn i12_what_was_answered_is_there_after_all_nodes_were_stopped() {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an executor needs only memory");
    executor.block_on(async {
        let nodes = Nodes::start().await;
        let store = nodes.town.store().await;
        let put = store.put("a", "1").await.expect("it is served");
        nodes.town.depose().await;
        let found = nodes.town.store().await.get("a").await;
        let found = found.expect("it is served").map(|entry| entry.mod_revision);
        assert_eq!(found, Some(put));
        nodes.stop().await;
    });
}

#[test]
fn another_node_leads_once_the_leader_has_gone() {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an executor needs only memory");
    executor.block_on(async {
        let nodes = Nodes::start().await;
        let first = nodes.town.store().await.put("a", "1").await;
        let first = first.expect("it is served");
        let leader = nodes.town.parts.leader().expect("it was elected");
        nodes.stop_node(leader).await;
        let other = NODES.into_iter().find(|node| *node != leader);
        let other = nodes.town.parts.of(other.expect("there are three"));
        let store = other.expect("it was started").raft.store();
        // One request may fail while nobody leads; what it asks for happens at most once.
        let mut attempts = 0;
        let second = loop {
            match store.put("b", "1").await {
                Ok(revision) => break revision,
                Err(error) => {
                    attempts += 1;
                    assert!(attempts < 10, "nobody leads: {error}");
                }
            }
        };
        assert!(second > first);
        let found = store.get("a").await.expect("it is served");
        assert_eq!(found.map(|entry| entry.mod_revision), Some(first));
        let (term, led) = latest(&nodes);
        assert!(
            led.is_some_and(|led| led != leader),
            "{led:?} leads in {term}"
        );
        nodes.stop().await;
    });
}

/// The latest term that a node knows of, and who leads in it.
fn latest(nodes: &Nodes) -> (u64, Option<NodeId>) {
    let statuses = nodes.town.parts.statuses().into_iter();
    let known = statuses.map(|(_, status)| (status.term, status.leader));
    known.max().expect("nodes run")
}
