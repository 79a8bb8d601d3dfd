//! What the registry says that it takes up, against what it allocates.

use std::alloc::System;

use cap::Cap;
use steadfast::process::{Context, Node, ProcessId, ProcessSpec};
use steadfast::registry::{Keys, Local, LocalOptions, Metadata, Registration, Registry};
use steadfast::runtime::NodeId;
use steadfast::runtime::tokio::TokioRuntime;

/// How far the estimate may be off.
const TOLERANCE: f64 = 0.25;

const ROWS: u32 = 20_000;

/// Counts the bytes that are allocated.
#[global_allocator]
static HELD: Cap<System> = Cap::new(System, usize::MAX);

/// What `fill` makes the registry say and allocate.
fn filled(what: &str, fill: impl Fn(u32) -> Registration) {
    let executor = tokio::runtime::Builder::new_current_thread();
    let executor = { executor }
        .enable_all()
        .build()
        .expect("a runtime can be built");
    executor.block_on(async {
        let node = Node::new(
            TokioRuntime::builder(NodeId(1))
                .build()
                .expect("it is built inside of an executor"),
        );
        let entropy = node.runtime().clone();
        let options = LocalOptions::new().indexed("tier").indexed("id");
        let make = |host| Local::memory(host, &entropy, options);
        let registry = Registry::with_backend(&node, "names", make);
        for (scope, keys) in [("s", Keys::Unique), ("g", Keys::Duplicate)] {
            let opened = registry.open_scope(scope, keys).await;
            opened.expect("there is room for a scope");
        }
        let idle = |_: Context<TokioRuntime>| std::future::pending::<()>();
        let holder: ProcessId = node
            .start(ProcessSpec::new("holder"), idle)
            .expect("the node is open");
        let before = HELD.allocated();
        for row in 0..ROWS {
            let mut wanted = fill(row);
            wanted.process = holder;
            wanted.by = Some(holder);
            registry.register(wanted).await.expect("the name is free");
        }
        let allocated = (HELD.allocated() - before) as f64;
        let says = registry.stats().bytes as f64;
        let (each, said) = (allocated / f64::from(ROWS), says / f64::from(ROWS));
        assert!(
            (says / allocated - 1.0).abs() <= TOLERANCE,
            "{what}: {each:.0} bytes a registration are allocated, and it says {said:.0}"
        );
    });
}

#[test]
fn the_bytes_in_the_stats_are_within_a_quarter_of_what_is_allocated() {
    let nobody = ProcessId {
        node: NodeId(1),
        incarnation: steadfast::runtime::Incarnation(1),
        local: 1,
    };
    // In no order, as names come.
    let name = |row: u32| format!("agent/{:08x}", row.wrapping_mul(0x9e37_79b1));
    filled("names", |row| Registration::new("s", name(row), nobody));
    filled("metadata", |row| {
        let metadata = Metadata::new()
            .with("room", i64::from(row))
            .with("kind", "worker");
        Registration::new("s", name(row), nobody).metadata(metadata)
    });
    filled("an index of few values", |row| {
        let metadata = Metadata::new().with("tier", i64::from(row % 10));
        Registration::new("s", name(row), nobody).metadata(metadata)
    });
    filled("an index of unique values", |row| {
        let metadata = Metadata::new().with("id", i64::from(row));
        Registration::new("s", name(row), nobody).metadata(metadata)
    });
    filled("groups", |row| {
        Registration::new("g", format!("group/{}", row % 100), nobody)
    });
}
