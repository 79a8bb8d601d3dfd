//! Promises of [`Entropy`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::harness::{Harness, NODES};
use super::verdict::{Verdict, ensure, promises};
use crate::runtime::Entropy;

promises! {
    "entropy.varies" "The numbers of a stream differ from each other." varies;
    "entropy.labels" "Streams under different labels are different." labels;
    "entropy.nodes" "Streams of different nodes are different." nodes;
    "entropy.incarnations" "Streams of different incarnations are different." incarnations;
}

/// How many numbers are compared; that two are equal by chance happens once in 10^15.
const DRAWS: usize = 64;

fn draw(entropy: &impl Entropy, label: &str) -> Vec<u64> {
    let mut stream = entropy.stream(label);
    (0..DRAWS).map(|_| stream.next_u64()).collect()
}

/// Breaks the promise if any number comes twice.
fn ensure_apart(streams: &[Vec<u64>]) -> Verdict {
    let all: Vec<u64> = streams.concat();
    let distinct: BTreeSet<u64> = all.iter().copied().collect();
    let (drawn, seen) = (all.len(), distinct.len());
    ensure!(seen == drawn, "{drawn} numbers, but {seen} different ones");
    Ok(())
}

async fn varies<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    ensure_apart(&[draw(&runtime, "contract")])
}

async fn labels<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let streams = ["", "a", "b", "ab", "jitter"].map(|label| draw(&runtime, label));
    ensure_apart(&streams)
}

async fn nodes<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut streams = Vec::new();
    for node in NODES {
        streams.push(draw(&harness.runtime(node).await, "contract"));
    }
    ensure_apart(&streams)
}

async fn incarnations<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut streams = vec![draw(&harness.runtime(NODES[0]).await, "contract")];
    for _ in 0..2 {
        let runtime = harness.crash_and_restart(NODES[0]).await;
        streams.push(draw(&runtime, "contract"));
    }
    ensure_apart(&streams)
}
