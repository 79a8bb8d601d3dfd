//! Parts of the core and of the simulator, each by itself.
//!
//! Without `--bench`, as `cargo test --benches` runs it, criterion does each once.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use steadfast::process::{FullPolicy, mailbox};
use steadfast::runtime::{NodeId, Port};
use steadfast_scenarios::catalogue;
use steadfast_sim::isolation::on_fresh_thread;
use steadfast_sim::run_plan;
use steadfast_sim::trace::{Capture, MessageId, NetEvent, Recorder, TraceEvent};

/// One message into a mailbox and out of it again.
fn mailboxes(criterion: &mut Criterion) {
    let (address, mut mailbox) = mailbox::<u64>(64, FullPolicy::Reject);
    criterion.bench_function("mailbox: send and receive", |bencher| {
        bencher.iter(|| {
            address.try_send(black_box(7)).expect("there is room");
            mailbox.try_receive()
        });
    });
}

/// One event into the digest of a trace.
fn records(criterion: &mut Criterion) {
    let mut recorder = Recorder::new(Capture::Nothing, u64::MAX);
    let mut ordinal = 0;
    criterion.bench_function("trace: record a message", |bencher| {
        bencher.iter(|| {
            ordinal += 1;
            let message = MessageId {
                from: NodeId(1),
                to: NodeId(2),
                ordinal,
            };
            let event = NetEvent::Sent {
                message,
                port: Port(7),
                len: 32,
                hash: ordinal,
            };
            let event = TraceEvent::Net(black_box(event));
            recorder.record(ordinal, Some(NodeId(1)), event).index
        });
    });
}

/// A whole run of a scenario, thread and world included: supervisors that restart
/// children, under all checks.
fn runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run");
    group.sample_size(20);
    for scenario in catalogue() {
        group.bench_function(scenario.name(), |bencher| {
            let mut seed = 0;
            bencher.iter(|| {
                seed += 1;
                let run = || run_plan(&*scenario, &scenario.plan(seed), Capture::Nothing);
                on_fresh_thread(|| run().report.records).expect("a thread can be started")
            });
        });
    }
    group.finish();
}

criterion_group!(parts, mailboxes, records, runs);
criterion_main!(parts);
