//! Promises of [`Identity`].

use std::sync::Arc;

use super::harness::{Harness, NODES};
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::runtime::Identity;

promises! {
    "identity.node" "A runtime value says which node it belongs to." node;
    "identity.constant" "Node and incarnation are the same on all clones of a value, also after the next incarnation began." constant;
    "identity.grows" "The incarnation of a node grows with each start." grows;
}

async fn node<H: Harness>(harness: Arc<H>) -> Verdict {
    for node in NODES {
        let runtime = harness.runtime(node).await;
        ensure_eq!(runtime.node(), node, "the value of {node} says");
    }
    Ok(())
}

async fn constant<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let clone = runtime.clone();
    let before = runtime.incarnation();
    harness.crash_and_restart(NODES[0]).await;
    for value in [&runtime, &clone] {
        ensure_eq!(value.node(), NODES[0], "after the crash a value says");
        ensure_eq!(value.incarnation(), before, "after the crash a value says");
    }
    Ok(())
}

async fn grows<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut last = harness.runtime(NODES[0]).await.incarnation();
    for _ in 0..3 {
        let next = harness.crash_and_restart(NODES[0]).await.incarnation();
        ensure!(next > last, "incarnation {next} follows {last}");
        let again = harness.runtime(NODES[0]).await.incarnation();
        ensure_eq!(again, next, "the present incarnation");
        last = next;
    }
    Ok(())
}
