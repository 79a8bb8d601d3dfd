//! The local store keeps the promises of engines, in virtual and in real time.

use std::sync::Arc;
use std::time::Duration;

use super::stage::Stage;
use crate::process::Node;
use crate::runtime::NodeId;
use crate::runtime::tokio::TokioRuntime;
use crate::store::contract::{self, cases};
use crate::testing::{TestRuntime, run};

/// How many interleavings each case is run in.
const SEEDS: u64 = 10;

#[test]
fn the_promises_are_kept_under_any_interleaving() {
    let count = cases::<Stage<TestRuntime>>().len();
    assert!(count >= 30, "only {count} promises");
    for index in 0..count {
        for seed in 0..SEEDS {
            run(seed, |node| async move {
                let stage = Arc::new(Stage::new(node.clone()).await);
                let case = &cases()[index];
                if let Err(broken) = case.run(stage).await {
                    panic!("seed {seed}: {}: {} But: {broken}", case.id(), case.claim());
                }
                assert!(node.stop(Duration::from_secs(5)).await, "killed");
                node.runtime().assert_books_balance();
            });
        }
    }
}

#[test]
fn the_promises_are_kept_in_real_time() {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let report = executor.block_on(contract::run_all(async || {
        let runtime = TokioRuntime::builder(NodeId(1)).build().unwrap();
        Stage::new(Node::new(runtime)).await
    }));
    assert_eq!(report.broken().count(), 0, "\n{report}");
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut ids: Vec<_> = cases::<Stage<TestRuntime>>()
        .iter()
        .map(contract::Case::id)
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
