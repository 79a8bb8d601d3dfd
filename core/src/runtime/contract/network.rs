//! Promises of [`Network`] about ports and refusals.

use std::sync::Arc;

use super::harness::{Harness, NODES, STRANGER};
use super::patience::{WATCH, exchange, patiently, poll_once, race};
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::runtime::{BindError, Network, Port, SendError};

promises! {
    "network.port_in_use" "A port has one inbox at a time; it is free again once that inbox is dropped." port_in_use;
    "network.port_per_node" "Each node has ports of its own." port_per_node;
    "network.no_capacity" "An inbox without room is refused." no_capacity;
    "network.too_long" "A payload over the limit is refused with both lengths, and not delivered." too_long;
    "network.stranger" "A send to a node without an address is refused, naming the node." stranger;
    "network.unbound" "A message for a port that nobody holds harms nothing." unbound;
    "network.bounded" "An inbox holds no more than its capacity; the rest is lost." bounded;
    "network.separate_ports" "A message goes to its own port and to no other." separate_ports;
    "network.cancel_safe" "A receive that is dropped takes no message." cancel_safe;
    "network.wakes" "A receiver that waits is woken by a message." wakes;
    "network.dead_is_silent" "An incarnation that has crashed sends nothing and binds nothing." dead_is_silent;
    "network.dead_inbox_ends" "The inbox of a crashed incarnation takes nothing from its successor." dead_inbox_ends;
}

const PORT: Port = Port(7);
const OTHER: Port = Port(8);

async fn port_in_use<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let node = NODES[0];
    let first = runtime.bind(PORT, 4);
    ensure!(first.is_ok(), "the first bind said {first:?}");
    let second = runtime.clone().bind(PORT, 4).err();
    let in_use = BindError::InUse { node, port: PORT };
    ensure_eq!(second, Some(in_use), "the second bind said");
    drop(first);
    let third = runtime.bind(PORT, 4);
    ensure!(third.is_ok(), "the bind of a free port said {third:?}");
    Ok(())
}

async fn port_per_node<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut inboxes = Vec::new();
    for node in NODES {
        let bound = harness.runtime(node).await.bind(PORT, 4);
        ensure!(bound.is_ok(), "the bind of {node} said {bound:?}");
        inboxes.extend(bound);
    }
    Ok(())
}

async fn no_capacity<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let refused = runtime.bind(PORT, 0).err();
    ensure_eq!(refused, Some(BindError::NoCapacity), "the bind said");
    let bound = runtime.bind(PORT, 1);
    ensure!(bound.is_ok(), "the bind after it said {bound:?}");
    Ok(())
}

async fn too_long<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inbox = to.bind(PORT, 4)?;
    let len_max = from.payload_len_max();
    let len = len_max + 1;
    let refused = from.send(NODES[1], PORT, vec![7; len]);
    let expected = Err(SendError::TooLong { len, len_max });
    ensure_eq!(refused, expected, "the send said");
    let received = race(&*harness, WATCH, inbox.receive()).await;
    ensure!(received.is_none(), "it was delivered all the same");
    Ok(())
}

async fn stranger<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let refused = runtime.send(STRANGER, PORT, vec![7]);
    let expected = Err(SendError::Unreachable { peer: STRANGER });
    ensure_eq!(refused, expected, "the send said");
    Ok(())
}

async fn unbound<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inbox = to.bind(PORT, 4)?;
    for _ in 0..10 {
        // Whether the sender is told is not promised.
        from.send(NODES[1], OTHER, vec![1]).unwrap_or(());
    }
    let message = exchange(&*harness, &from, (NODES[1], PORT), &[2], &mut inbox).await?;
    ensure_eq!(message.payload, [2], "the bound port received");
    Ok(())
}

async fn bounded<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let capacity = 5;
    let mut inbox = to.bind(PORT, capacity)?;
    let warm = exchange(&*harness, &from, (NODES[1], PORT), &[0], &mut inbox).await?;
    drop(warm);
    for number in 0..50 {
        // A full queue on the way loses messages too.
        from.send(NODES[1], PORT, vec![number]).unwrap_or(());
    }
    harness.pass(WATCH).await;
    let mut waiting = 0;
    while inbox.try_receive().is_some() {
        waiting += 1;
    }
    ensure!(
        waiting <= capacity,
        "{waiting} messages were in an inbox for {capacity}"
    );
    exchange(&*harness, &from, (NODES[1], PORT), &[1], &mut inbox).await?;
    Ok(())
}

async fn separate_ports<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inboxes = [to.bind(PORT, 64)?, to.bind(OTHER, 64)?];
    for _ in 0..5 {
        for (port, inbox) in [PORT, OTHER].into_iter().zip(&mut inboxes) {
            let payload = port.0.to_be_bytes();
            let message = exchange(&*harness, &from, (NODES[1], port), &payload, inbox).await?;
            ensure_eq!(message.payload, payload, "{port} received");
        }
    }
    Ok(())
}

async fn cancel_safe<H: Harness>(harness: Arc<H>) -> Verdict {
    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inbox = to.bind(PORT, 64)?;
    ensure!(
        poll_once(inbox.receive()).is_pending(),
        "a message came from nowhere"
    );
    let message = exchange(&*harness, &from, (NODES[1], PORT), &[1], &mut inbox).await?;
    ensure_eq!(message.payload, [1], "the next receive gave");
    Ok(())
}

async fn wakes<H: Harness>(harness: Arc<H>) -> Verdict {
    use crate::label::Label;
    use crate::runtime::{Spawner, TaskEnd};

    let (from, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inbox = to.bind(PORT, 64)?;
    let receiver = to.spawn(Label::from("receiver"), async move {
        let message = inbox.receive().await.map(|message| message.payload);
        assert_eq!(message, Some(vec![1]));
    });
    let received = async {
        while receiver.end().is_none() {
            // Refusals and losses are made up for by the next round.
            from.send(NODES[1], PORT, vec![1]).unwrap_or(());
            harness.pass(WATCH / 10).await;
        }
    };
    patiently(&*harness, "the message", received).await?;
    ensure_eq!(receiver.end(), Some(TaskEnd::Returned), "the receiver");
    Ok(())
}

async fn dead_is_silent<H: Harness>(harness: Arc<H>) -> Verdict {
    let (dead, to) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut inbox = to.bind(PORT, 64)?;
    exchange(&*harness, &dead, (NODES[1], PORT), &[1], &mut inbox).await?;
    let heir = harness.crash_and_restart(NODES[0]).await;
    let refused = dead.send(NODES[1], PORT, vec![2]);
    ensure!(refused.is_err(), "a send of the dead was taken");
    let bound = dead.bind(OTHER, 4).err();
    let closed = BindError::Closed { node: NODES[0] };
    ensure_eq!(bound, Some(closed), "a bind of the dead said");
    let inbox_of_heir = heir.bind(OTHER, 4);
    ensure!(
        inbox_of_heir.is_ok(),
        "its successor's bind said {inbox_of_heir:?}"
    );
    while let Some(message) = race(&*harness, WATCH, inbox.receive()).await {
        let message = message.map(|message| message.payload);
        ensure_eq!(message, Some(vec![1]), "the peer received");
    }
    Ok(())
}

async fn dead_inbox_ends<H: Harness>(harness: Arc<H>) -> Verdict {
    let (before, from) = (
        harness.runtime(NODES[0]).await,
        harness.runtime(NODES[1]).await,
    );
    let mut old = before.bind(PORT, 64)?;
    let after = harness.crash_and_restart(NODES[0]).await;
    // The old inbox still exists, but the port belongs to the new incarnation.
    let mut new = after.bind(PORT, 64)?;
    let message = exchange(&*harness, &from, (NODES[0], PORT), &[2], &mut new).await?;
    ensure_eq!(message.payload, [2], "the new inbox received");
    let stolen = old.try_receive();
    ensure!(stolen.is_none(), "the old inbox received {stolen:?}");
    Ok(())
}
