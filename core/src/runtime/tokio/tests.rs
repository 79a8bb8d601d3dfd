//! Claims about the production runtime that the contract suite does not make.

use std::future::Future;
use std::time::Duration;

use super::{BuildError, LocalNetwork, TokioRuntime};
use crate::label::Label;
use crate::runtime::{
    Clock, FileName, Network, NodeId, Port, SendError, Spawner, Storage, StorageError, TaskEnd,
    Timestamp,
};

fn on_tokio<T>(body: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    executor.block_on(body)
}

fn file(name: &str) -> FileName {
    FileName::new(name).unwrap()
}

#[test]
fn a_runtime_is_built_inside_tokio_only() {
    let built = TokioRuntime::builder(NodeId(1)).build();
    assert!(matches!(built, Err(BuildError::NoExecutor)));
}

#[test]
fn one_open_node_holds_its_place_on_the_local_network() {
    on_tokio(async {
        let network = LocalNetwork::new();
        let build = || {
            TokioRuntime::builder(NodeId(1))
                .local_network(&network)
                .build()
        };
        let first = build().unwrap();
        assert!(matches!(build(), Err(BuildError::NodeInUse { .. })));
        first.close().await;
        let second = build().unwrap();
        drop(second);
        assert!(build().is_ok());
    });
}

#[test]
fn an_inbox_ends_with_its_runtime() {
    on_tokio(async {
        let runtime = TokioRuntime::builder(NodeId(1)).build().unwrap();
        let mut inbox = runtime.bind(Port(1), 4).unwrap();
        runtime.send(NodeId(1), Port(1), vec![7]).unwrap();
        drop(runtime);
        assert_eq!(inbox.receive().await.unwrap().payload, [7]);
        assert_eq!(inbox.receive().await, None);
    });
}

#[test]
fn lost_messages_are_counted_by_cause() {
    on_tokio(async {
        let runtime = TokioRuntime::builder(NodeId(1)).build().unwrap();
        let inbox = runtime.bind(Port(1), 1).unwrap();
        for port in [1, 1, 2] {
            runtime.send(NodeId(1), Port(port), Vec::new()).unwrap();
        }
        let counts = runtime.network_counts();
        assert_eq!(
            (counts.delivered, counts.inbox_full, counts.unbound),
            (1, 1, 1)
        );
        drop(inbox);
        let unknown = runtime.send(NodeId(2), Port(1), Vec::new());
        assert_eq!(unknown, Err(SendError::Unreachable { peer: NodeId(2) }));
    });
}

#[test]
fn names_that_are_prefixes_of_others_live_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    on_tokio(async {
        let runtime = TokioRuntime::builder(NodeId(1))
            .storage(directory.path())
            .build()
            .unwrap();
        for name in ["log", "log/1", "log/1/index"] {
            runtime.append(&file(name), name.as_bytes()).await.unwrap();
        }
        // A replacement that a crash cut short.
        std::fs::write(directory.path().join("log~"), "half").unwrap();
        let listed = runtime.list("log").await.unwrap();
        assert_eq!(listed, ["log", "log/1", "log/1/index"].map(file));
        assert_eq!(runtime.read(&file("log")).await.unwrap(), b"log");
    });
}

#[test]
fn appends_that_are_dropped_while_they_run_are_whole_or_absent() {
    let directory = tempfile::tempdir().unwrap();
    on_tokio(async {
        let runtime = TokioRuntime::builder(NodeId(1))
            .storage(directory.path())
            .build()
            .unwrap();
        let log = file("log");
        for round in 0..200_u8 {
            let record = [round; 64];
            let append = runtime.append(&log, &record);
            // Zero to a few polls, then the caller leaves.
            let limit = Duration::from_micros(u64::from(round));
            drop(crate::runtime::timeout(&runtime, limit, append).await);
        }
        runtime.sync(&log).await.unwrap();
        let content = runtime.read(&log).await.unwrap();
        assert_eq!(content.len() % 64, 0);
        let rounds: Vec<u8> = content
            .chunks(64)
            .map(|record| {
                assert!(record.iter().all(|byte| *byte == record[0]));
                record[0]
            })
            .collect();
        assert!(rounds.is_sorted());
    });
}

#[test]
fn storage_without_a_directory_says_so() {
    on_tokio(async {
        let runtime = TokioRuntime::builder(NodeId(1)).build().unwrap();
        let error = runtime.read(&file("log")).await.unwrap_err();
        assert!(matches!(&error, StorageError::Io { .. }));
        assert_eq!(
            error.to_string(),
            "cannot read log: the runtime was built without a storage directory"
        );
    });
}

#[test]
fn tasks_of_an_executor_that_goes_away_are_reported_as_aborted() {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let handle = executor.block_on(async {
        let runtime = TokioRuntime::builder(NodeId(1)).build().unwrap();
        let clock = runtime.clone();
        runtime.spawn(Label::from("sleeper"), async move {
            clock.sleep_until(Timestamp::MAX).await;
        })
    });
    assert_eq!(handle.end(), None);
    drop(executor);
    assert_eq!(handle.end(), Some(TaskEnd::Aborted));
}
