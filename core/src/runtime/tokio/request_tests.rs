//! Claims about requests between running nodes.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::Builder;

use super::{LocalNetwork, TokioRuntime};
use crate::label::Label;
use crate::runtime::{
    BindError, Network, NodeId, Port, RequestCounts, RequestError, RequestLimits, Requester,
    Responder, Spawner, TaskHandle,
};

const CLIENT: NodeId = NodeId(1);
const SERVER: NodeId = NodeId(2);
const ASK: Port = Port(10);
const REPLY: Port = Port(11);
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(10);

struct World {
    client: TokioRuntime,
    server: TokioRuntime,
}

fn limits() -> RequestLimits {
    RequestLimits::default().probe_interval(SHORT)
}

impl World {
    fn requester(&self) -> Requester<TokioRuntime> {
        Requester::open(&self.client, REPLY, limits()).unwrap()
    }

    fn responder(&self) -> Responder<TokioRuntime> {
        Responder::open(&self.server, ASK, 64).unwrap()
    }

    /// A server that gives every payload back.
    fn echo(&self) -> TaskHandle {
        let mut responder = self.responder();
        self.server.spawn(Label::from("echo"), async move {
            while let Some(request) = responder.receive().await {
                let payload = request.payload.clone();
                request.answer(&payload).unwrap();
            }
        })
    }
}

/// On one thread, so that nobody answers while the body does not wait.
fn with_world<F: Future<Output = ()>>(body: impl FnOnce(World) -> F) {
    on(Builder::new_current_thread(), body);
}

fn on<F: Future<Output = ()>>(mut executor: Builder, body: impl FnOnce(World) -> F) {
    let executor = executor.enable_all().build().unwrap();
    executor.block_on(async {
        let network = LocalNetwork::new();
        let build = |node| {
            let builder = TokioRuntime::builder(node).local_network(&network);
            builder.build().unwrap()
        };
        let (client, server) = (build(CLIENT), build(SERVER));
        body(World { client, server }).await;
    });
}

#[test]
fn each_request_gets_its_own_answer() {
    on(Builder::new_multi_thread(), async |world| {
        let _echo = world.echo();
        let requester = world.requester();
        let count = Arc::new(Mutex::new(0));
        let tasks = (0..50_u8).map(|number| {
            let (requester, count) = (requester.clone(), count.clone());
            world.client.spawn(Label::from("asker"), async move {
                for round in 0..20_u8 {
                    let payload = vec![number, round];
                    let answer = requester.request(SERVER, ASK, payload.clone(), LONG).await;
                    assert_eq!(answer, Ok(payload));
                    *count.lock().unwrap() += 1;
                }
            })
        });
        let tasks: Vec<TaskHandle> = tasks.collect();
        for task in &tasks {
            task.ended().await;
        }
        assert_eq!(*count.lock().unwrap(), 1_000);
        assert_eq!(requester.in_flight(), 0);
        assert_eq!(requester.counts(), RequestCounts::default());
    });
}

#[test]
fn d04_a_late_answer_is_dropped_and_counted_and_leaves_nothing_behind() {
    with_world(async |world| {
        let mut responder = world.responder();
        let requester = world.requester();
        let asked = requester.request(SERVER, ASK, vec![1], SHORT).await;
        let timed_out = RequestError::TimedOut {
            peer: SERVER,
            limit: SHORT,
        };
        assert_eq!(asked, Err(timed_out));
        assert_eq!(requester.in_flight(), 0);
        let request = responder.receive().await.unwrap();
        request.answer(b"late").unwrap();
        assert_eq!(requester.counts().late, 1);
    });
}

#[test]
fn d15_a_peer_that_goes_away_ends_the_wait_before_its_limit() {
    with_world(async |world| {
        let mut responder = world.responder();
        let requester = world.requester();
        let server = world.server.clone();
        let _task = world.server.spawn(Label::from("server"), async move {
            let request = responder.receive().await;
            server.close().await;
            drop(request);
        });
        let asked = requester.request(SERVER, ASK, vec![1], LONG).await;
        assert_eq!(asked, Err(RequestError::NoConnection { peer: SERVER }));
    });
}

#[test]
fn a_peer_that_was_never_there_is_refused_at_once() {
    with_world(async |world| {
        let requester = world.requester();
        let asked = requester.request(NodeId(9), ASK, vec![1], LONG).await;
        let refused = RequestError::NoConnection { peer: NodeId(9) };
        assert_eq!(asked, Err(refused));
        assert_eq!(requester.in_flight(), 0);
    });
}

#[test]
fn a_declined_request_ends_at_once() {
    with_world(async |world| {
        let mut responder = world.responder();
        let _task = world.server.spawn(Label::from("server"), async move {
            if let Some(request) = responder.receive().await {
                request.decline().unwrap();
            }
        });
        let requester = world.requester();
        let asked = requester.request(SERVER, ASK, vec![1], LONG).await;
        assert_eq!(asked, Err(RequestError::Declined { peer: SERVER }));
    });
}

#[test]
fn a_request_over_the_bound_is_refused_until_one_has_ended() {
    with_world(async |world| {
        let _echo = world.echo();
        let requester = Requester::open(&world.client, REPLY, limits().in_flight_max(1)).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = Box::pin(requester.request(SERVER, Port(99), vec![1], LONG));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let refused = requester.request(SERVER, ASK, vec![2], LONG).await;
        assert_eq!(refused, Err(RequestError::TooManyInFlight { limit: 1 }));
        // Dropping a request gives its place free at once.
        drop(first);
        assert!(requester.request(SERVER, ASK, vec![3], LONG).await.is_ok());
    });
}

#[test]
fn a_request_that_is_held_without_being_polled_holds_up_no_other() {
    with_world(async |world| {
        let _echo = world.echo();
        let requester = world.requester();
        let mut context = Context::from_waker(Waker::noop());
        let mut held = pin!(requester.request(SERVER, ASK, vec![1], LONG));
        assert!(held.as_mut().poll(&mut context).is_pending());
        let second = requester.request(SERVER, ASK, vec![2], LONG).await;
        assert_eq!(second, Ok(vec![2]));
        assert_eq!(held.await, Ok(vec![1]));
    });
}

#[test]
fn closing_the_runtime_ends_what_waits() {
    with_world(async |world| {
        let requester = world.requester();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = pin!(requester.request(SERVER, ASK, vec![1], LONG));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        world.client.close().await;
        let closed = RequestError::Closed { node: CLIENT };
        assert_eq!(waiting.await, Err(closed));
        let refused = requester.request(SERVER, ASK, vec![1], LONG).await;
        assert_eq!(refused, Err(closed));
    });
}

/// What a request adds to its payload, in bytes.
const HEADER_LEN: usize = 16;

#[test]
fn the_limit_of_a_payload_is_told_without_the_header() {
    with_world(async |world| {
        let requester = world.requester();
        let len_max = world.client.payload_len_max() - HEADER_LEN;
        let long = vec![0; len_max + 1];
        let asked = requester.request(SERVER, ASK, long, LONG).await;
        let len = len_max + 1;
        assert_eq!(asked, Err(RequestError::TooLong { len, len_max }));
    });
}

#[test]
fn garbage_on_either_port_is_counted_and_harms_nothing() {
    with_world(async |world| {
        let mut responder = world.responder();
        let requester = world.requester();
        for len in 0..40 {
            let garbage: Vec<u8> = (0..len).collect();
            world.client.send(SERVER, ASK, garbage.clone()).unwrap();
            world.server.send(CLIENT, REPLY, garbage).unwrap();
        }
        assert_eq!(requester.counts().garbage, 40);
        let mut asked = Box::pin(requester.request(SERVER, ASK, vec![1], LONG));
        let mut context = Context::from_waker(Waker::noop());
        assert!(asked.as_mut().poll(&mut context).is_pending());
        let request = responder.receive().await.unwrap();
        assert_eq!(
            (request.from, request.payload.as_slice()),
            (CLIENT, &[1][..])
        );
        assert_eq!(responder.garbage(), 40);
        request.answer(b"well").unwrap();
        assert_eq!(asked.await, Ok(b"well".to_vec()));
    });
}

#[test]
fn the_port_is_free_again_once_the_requester_is_gone() {
    with_world(async |world| {
        let requester = world.requester();
        let second = Requester::open(&world.client, REPLY, limits()).map(drop);
        assert!(matches!(second, Err(BindError::InUse { .. })));
        drop(requester.clone());
        drop(requester);
        drop(world.requester());
    });
}
