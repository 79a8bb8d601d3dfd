//! Canonical traces, short enough to read as documentation.

use std::time::Duration;

use steadfast::failure::Severity;
use steadfast::process::{Context, Node};
use steadfast::runtime::{Clock as _, Identity as _, NodeId, Port};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{SimRuntime, TestError, assert_trace_snapshot};

async fn start(node: Node<SimRuntime>, spec: SupervisorSpec<SimRuntime>) -> Result<(), TestError> {
    Supervisor::start(&node, "top", spec).await?;
    Ok(())
}

/// Runs until it has lived for `life`, then panics.
async fn mortal(context: Context<SimRuntime>, life: Duration) {
    context.runtime().sleep(life).await;
    panic!("out of luck");
}

async fn idle(_context: Context<SimRuntime>) {
    std::future::pending::<()>().await;
}

#[test]
fn a_restart_limit_that_is_used_up() {
    let trace = steadfast_sim::test("escalation")
        .nodes(1)
        .plan(|plan| plan.limits.safety = Duration::from_secs(1))
        .boot(|node| {
            let life = Duration::from_millis(300);
            let spec = SupervisorSpec::new(Strategy::RestForOne)
                .intensity(1, Duration::from_secs(5))
                .child(ChildSpec::worker("first", idle))
                .child(ChildSpec::worker("second", move |context| {
                    mortal(context, life)
                }))
                .child(ChildSpec::worker("third", idle));
            start(node, spec)
        })
        .story(1);
    assert_trace_snapshot!("supervision__a_restart_limit_that_is_used_up", trace);
}

/// Tells a peer that is gone for a while that it is alive, once a second.
async fn announce(context: Context<SimRuntime>) {
    loop {
        context.runtime().sleep(Duration::from_secs(1)).await;
        if let Err(failure) = context.send(NodeId(2), Port(1), b"alive".to_vec()) {
            failure.report(Severity::Warning);
        }
    }
}

#[test]
fn a_send_to_a_crashed_node_is_reported_by_name() {
    let trace = steadfast_sim::test("crash")
        .nodes(2)
        .plan(|plan| plan.limits.safety = Duration::from_secs(4))
        .faults(|_| {
            vec![Episode {
                fault: Fault::Crash { wipe_disk: false },
                target: Target::Node(NodeId(2)),
                start: Start::At(Duration::from_millis(1_500)),
                duration: Some(Duration::from_secs(1)),
            }]
        })
        .boot(|node| {
            let spec = SupervisorSpec::new(Strategy::OneForOne);
            let first = node.runtime().node() == NodeId(1);
            start(
                node,
                if first {
                    spec.child(ChildSpec::worker("announcer", announce))
                } else {
                    spec
                },
            )
        })
        .story(1);
    assert_trace_snapshot!(
        "failures__a_send_to_a_crashed_node_is_reported_by_name",
        trace
    );
}
