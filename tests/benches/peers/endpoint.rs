//! The load on madsim's own network: bare `Endpoint`s, no trace, no checks.

#![expect(
    clippy::disallowed_types,
    reason = "the peer keeps time with it, in virtual time"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the peer is used as its documentation says"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use madsim::Config;
use madsim::net::Endpoint;
use madsim::runtime::{Handle, Runtime};
use madsim::time::{Instant, sleep, sleep_until};

use crate::load::{self, Rhythm};

/// The tag of all messages.
const TAG: u64 = 1;

/// Runs a seed on this thread, which must be a fresh one. Answers how many messages
/// arrived.
pub(crate) fn run(seed: u64, rhythm: Rhythm) -> u64 {
    let mut config = Config::default();
    config.net.send_latency = load::DELAY_MIN..load::DELAY_MAX;
    let runtime = Runtime::with_seed_and_config(seed, config);
    runtime.block_on(async {
        let start = Instant::now();
        let handle = Handle::current();
        let nodes: Vec<_> = (1..=load::NODES)
            .map(|node| {
                let built = handle.create_node().ip(address(node).ip()).build();
                (built.id(), built.spawn(mesh(node, start, rhythm)))
            })
            .collect();
        let mut arrived = 0;
        for (id, mesh) in nodes {
            arrived += mesh.await.expect("no node fails");
            handle.kill(id);
        }
        // Killed tasks are dropped when the executor runs next.
        sleep(Duration::from_millis(1)).await;
        arrived
    })
}

fn address(node: u32) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, node as u8)), load::PORT)
}

async fn mesh(node: u32, start: Instant, rhythm: Rhythm) -> u64 {
    let endpoint = Endpoint::bind(address(node)).await;
    let endpoint = Arc::new(endpoint.expect("the port is free"));
    for peer in load::peers(node) {
        // Dropping the handle detaches the task.
        drop(madsim::task::spawn(send(
            endpoint.clone(),
            node,
            peer,
            start,
            rhythm,
        )));
    }
    let mut buffer = [0; load::PAYLOAD_LEN];
    let mut arrived = 0;
    for _ in 0..load::MESSAGES_PER_NODE {
        let received = endpoint.recv_from(TAG, &mut buffer).await;
        let (len, _) = received.expect("the endpoint is open");
        assert_eq!(len, load::PAYLOAD_LEN);
        arrived += 1;
    }
    arrived
}

async fn send(endpoint: Arc<Endpoint>, from: u32, to: u32, start: Instant, rhythm: Rhythm) {
    for ordinal in load::ordinals() {
        sleep_until(start + rhythm.due(from, to, ordinal)).await;
        let payload = load::payload(ordinal);
        let sent = endpoint.send_to(address(to), TAG, &payload).await;
        sent.expect("the endpoint is open");
    }
}
