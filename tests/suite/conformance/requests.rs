//! Waiting for another node that is lost meanwhile.

use std::time::Duration;

use steadfast::process::{ExitReason, ProcessSpec};
use steadfast::runtime::{
    Port, RequestError, RequestLimits, Requester, Responder, Runtime, Timestamp,
};

use super::Bench;
use super::harness::{LONG, Ledger, Peer, cases_with_a_peer, same};
use super::tasks::task_supervisor;

cases_with_a_peer! {
    d15_a_request_whose_peer_is_lost_ends_with_no_connection,
    d15_a_task_that_waits_for_a_lost_peer_answers_no_connection,
    d15_a_request_to_a_peer_that_is_gone_ends_at_once,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);
const ANSWERS: Port = Port(1);
const REQUESTS: Port = Port(2);

/// Runs a process on the peer that takes requests and answers none; what it took is
/// written down.
fn silent<R: Runtime>(peer: &Peer<R>) -> Ledger<Vec<u8>> {
    let taken = Ledger::default();
    let told = taken.clone();
    let started = peer
        .node
        .start(ProcessSpec::new("silent"), |context| async move {
            let mut responder =
                Responder::open(context.runtime(), REQUESTS, 8).expect("the port is free");
            // A request that is dropped would leave its asker waiting, too.
            let mut kept = Vec::new();
            while let Some(request) = responder.receive().await {
                told.write(request.payload.clone());
                kept.push(request);
            }
        });
    started.expect("the peer takes processes");
    taken
}

fn limits() -> RequestLimits {
    RequestLimits::default().probe_interval(SECOND)
}

/// What came of a request, and when.
type Answer = (Result<Vec<u8>, RequestError>, Timestamp);

/// The loss was noticed by the next probe, long before the limit of the request.
fn noticed<R: Runtime>(bench: &Bench<R>, answer: &Answer, expected: RequestError, lost: Timestamp) {
    same(bench, &answer.0, &Err(expected));
    let took = answer.1.since(lost);
    assert!(answer.1 >= lost && took <= SECOND + STEP, "{took:?}");
}

async fn d15_a_request_whose_peer_is_lost_ends_with_no_connection<R: Runtime>(
    bench: Bench<R>,
    peer: Peer<R>,
) {
    let (taken, answers, id) = (silent(&peer), Ledger::<Answer>::default(), peer.id());
    bench.quiet().await;
    let told = answers.clone();
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let runtime = context.runtime();
        let requester = Requester::open(runtime, ANSWERS, limits()).expect("the port is free");
        let request = requester.request(id, REQUESTS, b"are you there?".to_vec(), LONG);
        told.write((request.await, runtime.now()));
        // It has left nothing behind.
        assert_eq!(requester.in_flight(), 0);
    });
    bench.pass(5 * SECOND / 2).await;
    same(&bench, &taken.take_one(), &b"are you there?".to_vec());
    assert!(bench.node().is_alive(caller), "it waits");
    let lost = bench.now();
    peer.lose().await;
    let reason = bench.exit_of(caller).await;
    same(&bench, &reason, &ExitReason::Normal);
    let expected = RequestError::NoConnection { peer: id };
    noticed(&bench, &answers.take_one(), expected, lost);
}

async fn d15_a_task_that_waits_for_a_lost_peer_answers_no_connection<R: Runtime>(
    bench: Bench<R>,
    peer: Peer<R>,
) {
    let (taken, answers, id) = (silent(&peer), Ledger::<Answer>::default(), peer.id());
    bench.quiet().await;
    let (tasks, told) = (task_supervisor(&bench), answers.clone());
    let counted = tasks.clone();
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let task = tasks.spawn_async(&context, "remote", move |own| async move {
            let runtime = own.runtime();
            let requester = Requester::open(runtime, ANSWERS, limits()).expect("the port is free");
            let request = requester.request(id, REQUESTS, b"work".to_vec(), LONG);
            request.await
        });
        let answer = task.expect("it starts").wait(LONG).await;
        let answer = answer.expect("the task has ended normally");
        told.write((answer, context.runtime().now()));
    });
    bench.pass(5 * SECOND / 2).await;
    same(&bench, &taken.len(), &1);
    let lost = bench.now();
    peer.lose().await;
    let reason = bench.exit_of(caller).await;
    same(&bench, &reason, &ExitReason::Normal);
    let expected = RequestError::NoConnection { peer: id };
    noticed(&bench, &answers.take_one(), expected, lost);
    same(&bench, &counted.task_count(), &0);
}

async fn d15_a_request_to_a_peer_that_is_gone_ends_at_once<R: Runtime>(
    bench: Bench<R>,
    peer: Peer<R>,
) {
    let id = peer.id();
    peer.lose().await;
    bench.quiet().await;
    let began = bench.now();
    let requester = Requester::open(bench.node().runtime(), ANSWERS, limits());
    let requester = requester.expect("the port is free");
    let answer = requester.request(id, REQUESTS, Vec::new(), LONG).await;
    let expected = RequestError::NoConnection { peer: id };
    same(&bench, &answer, &Err(expected));
    assert!(bench.now().since(began) < STEP);
}
