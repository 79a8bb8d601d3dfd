//! The load on turmoil's network: datagrams, at its default tick of a millisecond.

#![expect(
    clippy::disallowed_methods,
    reason = "the peer is used as its documentation says"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use turmoil::net::UdpSocket;

use crate::load::{self, Rhythm};

/// Runs a seed. Answers how many messages arrived.
pub(crate) fn run(seed: u64, rhythm: Rhythm) -> u64 {
    let mut simulation = turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(load::LIMIT + Duration::from_secs(1))
        .min_message_latency(load::DELAY_MIN)
        .max_message_latency(load::DELAY_MAX)
        .udp_capacity(1_024)
        .build();
    let arrived = Arc::new(AtomicU64::new(0));
    for node in 1..=load::NODES {
        let arrived = arrived.clone();
        simulation.client(name(node), async move {
            arrived.fetch_add(mesh(node, rhythm).await?, Ordering::Relaxed);
            Ok(())
        });
    }
    simulation.run().expect("no node fails");
    arrived.load(Ordering::Relaxed)
}

fn name(node: u32) -> String {
    format!("node-{node}")
}

async fn mesh(node: u32, rhythm: Rhythm) -> std::io::Result<u64> {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let socket = Arc::new(UdpSocket::bind((any, load::PORT)).await?);
    let start = Instant::now();
    let senders: Vec<_> = load::peers(node)
        .map(|peer| {
            let target = SocketAddr::new(turmoil::lookup(name(peer)), load::PORT);
            tokio::spawn(send(socket.clone(), node, peer, target, (start, rhythm)))
        })
        .collect();
    let mut buffer = [0; load::PAYLOAD_LEN];
    let mut arrived = 0;
    for _ in 0..load::MESSAGES_PER_NODE {
        let (len, _) = socket.recv_from(&mut buffer).await?;
        assert_eq!(len, load::PAYLOAD_LEN);
        arrived += 1;
    }
    for sender in senders {
        sender.await??;
    }
    Ok(arrived)
}

async fn send(
    socket: Arc<UdpSocket>,
    from: u32,
    to: u32,
    target: SocketAddr,
    (start, rhythm): (Instant, Rhythm),
) -> std::io::Result<()> {
    for ordinal in load::ordinals() {
        sleep_until(start + rhythm.due(from, to, ordinal)).await;
        socket.send_to(&load::payload(ordinal), target).await?;
    }
    Ok(())
}
