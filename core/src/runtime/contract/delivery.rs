//! Promises of [`Network`] about the messages that arrive.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::harness::{Harness, NODES};
use super::patience::{WATCH, exchange, patiently, race};
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::runtime::{Network, NodeId, Port};

promises! {
    "network.delivers" "A message that is sent often enough arrives, between any two nodes." delivers;
    "network.to_itself" "A node may send to itself." to_itself;
    "network.sender" "A message says truly who sent it." sender;
    "network.unaltered" "A payload arrives as it was sent, from empty to the longest." unaltered;
    "network.invents_nothing" "Whatever arrives was sent, to this port, by the sender that it names." invents_nothing;
    "network.after_restart" "A node that has restarted is reached again." after_restart;
}

const PORT: Port = Port(7);

async fn delivers<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut runtimes = Vec::new();
    for node in NODES {
        runtimes.push(harness.runtime(node).await);
    }
    for (to, receiver) in NODES.into_iter().zip(&runtimes) {
        for (from, sender) in NODES.into_iter().zip(&runtimes) {
            let mut inbox = receiver.bind(PORT, 64)?;
            let payload = [from.0 as u8, to.0 as u8];
            // What an earlier round sent again may still be under way.
            let mut arrived = Vec::new();
            while arrived != payload {
                let message = exchange(&*harness, sender, (to, PORT), &payload, &mut inbox).await?;
                arrived = message.payload;
            }
        }
    }
    Ok(())
}

async fn to_itself<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let mut inbox = runtime.bind(PORT, 64)?;
    let message = exchange(&*harness, &runtime, (NODES[0], PORT), &[1], &mut inbox).await?;
    ensure_eq!(
        (message.from, &*message.payload),
        (NODES[0], &[1][..]),
        "it received"
    );
    Ok(())
}

async fn sender<H: Harness>(harness: Arc<H>) -> Verdict {
    let [a, b, c] = NODES;
    let mut inbox = harness.runtime(c).await.bind(PORT, 64)?;
    for _ in 0..3 {
        for node in [a, b, c] {
            let runtime = harness.runtime(node).await;
            let payload = node.0.to_be_bytes();
            let message = exchange(&*harness, &runtime, (c, PORT), &payload, &mut inbox).await?;
            ensure_eq!(
                message.payload,
                message.from.0.to_be_bytes(),
                "its sender wrote"
            );
        }
    }
    Ok(())
}

async fn unaltered<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let longest = from.payload_len_max();
    for len in [0, 1, 2, 255, 256, 1_000, 70_000, longest - 1, longest] {
        let len = len.min(longest);
        // A port of its own, so that nothing of the round before is received.
        let port = Port(1_000 + (len % 30_000) as u16);
        let mut inbox = to.bind(port, 64)?;
        let payload: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let message = exchange(&*harness, &from, (NODES[1], port), &payload, &mut inbox).await?;
        let same = message.payload == payload;
        ensure!(same, "a payload of {len} bytes arrived altered");
    }
    Ok(())
}

async fn invents_nothing<H: Harness>(harness: Arc<H>) -> Verdict {
    let receiver = harness.runtime(NODES[2]).await;
    let mut inbox = receiver.bind(PORT, 1_000)?;
    let mut sent: BTreeSet<(NodeId, Vec<u8>)> = BTreeSet::new();
    for number in 0..100_u8 {
        for from in NODES {
            let payload = vec![number; usize::from(number) + from.0 as usize];
            let runtime = harness.runtime(from).await;
            if runtime.send(NODES[2], PORT, payload.clone()).is_ok() {
                sent.insert((from, payload));
            }
        }
    }
    let first = patiently(&*harness, "the first message", inbox.receive()).await?;
    let mut next = Some(first);
    while let Some(Some(message)) = next {
        let from = message.from;
        let known = sent.contains(&(from, message.payload));
        ensure!(
            known,
            "a message of {from} arrived that {from} did not send"
        );
        next = race(&*harness, WATCH, inbox.receive()).await;
    }
    Ok(())
}

async fn after_restart<H: Harness>(harness: Arc<H>) -> Verdict {
    let from = harness.runtime(NODES[1]).await;
    let mut runtime = harness.runtime(NODES[0]).await;
    for round in 0..3_u8 {
        let mut inbox = runtime.bind(PORT, 64)?;
        let mut arrived = Vec::new();
        while arrived != [round] {
            let to = (NODES[0], PORT);
            let message = exchange(&*harness, &from, to, &[round], &mut inbox).await?;
            arrived = message.payload;
        }
        drop(inbox);
        runtime = harness.crash_and_restart(NODES[0]).await;
    }
    Ok(())
}
