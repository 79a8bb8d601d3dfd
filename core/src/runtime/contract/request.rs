//! Promises of requests, over the adapter's network and clock.

use std::sync::Arc;
use std::time::Duration;

use super::harness::{Harness, NODES, STRANGER};
use super::patience::{PATIENCE, WATCH, patiently, poll_once};
use super::verdict::{Broken, Verdict, ensure, ensure_eq, promises};
use crate::label::Label;
use crate::runtime::{
    Clock, Port, RequestError, RequestLimits, Requester, Responder, Spawner, TaskHandle,
};

promises! {
    "request.answered" "A request gets the answer to it, and to no other." answered;
    "request.limit" "A request without an answer ends at its limit, and not before." limit;
    "request.late" "A late answer is dropped and leaves nothing behind." late;
    "request.bounded" "The number of requests in flight is bounded." bounded;
    "request.stranger" "A request to a node without an address ends at once, naming the node." stranger;
    "request.lost_peer" "A request whose peer crashed ends at its limit at the latest." lost_peer;
}

const ASK: Port = Port(20);
const REPLY: Port = Port(21);
const PROBE: Duration = Duration::from_millis(10);

fn limits() -> RequestLimits {
    RequestLimits::default().probe_interval(PROBE)
}

/// A server on the second node that gives every payload back.
async fn echo<H: Harness>(harness: &H) -> Result<TaskHandle, Broken> {
    let server = harness.runtime(NODES[1]).await;
    let mut responder = Responder::open(&server, ASK, 64)?;
    Ok(server.spawn(Label::from("echo"), async move {
        while let Some(request) = responder.receive().await {
            let payload = request.payload.clone();
            // An answer that is refused is a lost one; the asker asks again.
            request.answer(&payload).unwrap_or(());
        }
    }))
}

/// Asks again and again, because a request may be lost.
async fn ask<H: Harness>(
    harness: &H,
    requester: &Requester<H::Runtime>,
    payload: Vec<u8>,
) -> Result<Vec<u8>, Broken> {
    let asked = async {
        loop {
            let limit = Duration::from_millis(200);
            let payload = payload.clone();
            if let Ok(answer) = requester.request(NODES[1], ASK, payload, limit).await {
                return answer;
            }
            harness.pass(PROBE).await;
        }
    };
    patiently(harness, "an answer", asked).await
}

async fn answered<H: Harness>(harness: Arc<H>) -> Verdict {
    let server = echo(&*harness).await?;
    let client = harness.runtime(NODES[0]).await;
    let requester = Requester::open(&client, REPLY, limits())?;
    for number in 0..20_u8 {
        let answer = ask(&*harness, &requester, vec![number]).await?;
        ensure_eq!(answer, [number], "the answer to {number}");
    }
    ensure_eq!(requester.in_flight(), 0, "requests that are left");
    drop(server);
    Ok(())
}

async fn limit<H: Harness>(harness: Arc<H>) -> Verdict {
    let client = harness.runtime(NODES[0]).await;
    harness.runtime(NODES[1]).await;
    let requester = Requester::open(&client, REPLY, limits())?;
    let limit = WATCH;
    let deadline = client.now() + limit;
    let asked = requester.request(NODES[1], ASK, vec![1], limit);
    match patiently(&*harness, "the limit", asked).await? {
        Err(RequestError::TimedOut { peer, limit: told }) => {
            ensure_eq!((peer, told), (NODES[1], limit), "the error says");
            let now = client.now();
            ensure!(now >= deadline, "a limit until {deadline} was met at {now}");
        }
        // The adapter may not have reached the peer yet.
        Err(RequestError::NoConnection { peer }) => {
            ensure_eq!(peer, NODES[1], "the error says");
        }
        other => ensure!(
            false,
            "nobody answers, but the request ended with {other:?}"
        ),
    }
    ensure_eq!(requester.in_flight(), 0, "requests that are left");
    Ok(())
}

async fn late<H: Harness>(harness: Arc<H>) -> Verdict {
    let client = harness.runtime(NODES[0]).await;
    let server = harness.runtime(NODES[1]).await;
    let requester = Requester::open(&client, REPLY, limits())?;
    let mut responder = Responder::open(&server, ASK, 64)?;
    let late = async {
        while requester.counts().late == 0 {
            // Given up at once, so that every answer to it is late.
            drop(requester.request(NODES[1], ASK, vec![1], PROBE).await);
            let received = super::patience::race(&*harness, PROBE, responder.receive()).await;
            if let Some(Some(request)) = received {
                request.answer(&[2]).unwrap_or(());
            }
        }
    };
    patiently(&*harness, "a late answer", late).await?;
    ensure_eq!(requester.in_flight(), 0, "requests that are left");
    Ok(())
}

async fn bounded<H: Harness>(harness: Arc<H>) -> Verdict {
    let client = harness.runtime(NODES[0]).await;
    harness.runtime(NODES[1]).await;
    let requester = Requester::open(&client, REPLY, limits().in_flight_max(2))?;
    let waiting = || Box::pin(requester.request(NODES[1], ASK, vec![1], PATIENCE));
    let mut held = [waiting(), waiting()];
    for request in &mut held {
        ensure!(poll_once(request.as_mut()).is_pending(), "it ended at once");
    }
    let refused = requester.request(NODES[1], ASK, vec![2], PATIENCE).await;
    let expected = Err(RequestError::TooManyInFlight { limit: 2 });
    ensure_eq!(refused, expected, "the third request said");
    drop(held);
    ensure_eq!(requester.in_flight(), 0, "requests that are left");
    Ok(())
}

async fn stranger<H: Harness>(harness: Arc<H>) -> Verdict {
    let client = harness.runtime(NODES[0]).await;
    let requester = Requester::open(&client, REPLY, limits())?;
    let asked = requester.request(STRANGER, ASK, vec![1], PATIENCE * 2);
    let refused = patiently(&*harness, "the refusal", asked).await?;
    let expected = Err(RequestError::NoConnection { peer: STRANGER });
    ensure_eq!(refused, expected, "the request said");
    Ok(())
}

async fn lost_peer<H: Harness>(harness: Arc<H>) -> Verdict {
    let server = echo(&*harness).await?;
    let client = harness.runtime(NODES[0]).await;
    let requester = Requester::open(&client, REPLY, limits())?;
    ask(&*harness, &requester, vec![1]).await?;
    harness.crash_and_restart(NODES[1]).await;
    // The new incarnation has no responder.
    let asked = requester.request(NODES[1], ASK, vec![2], WATCH * 3);
    let ended = patiently(&*harness, "the end of the request", asked).await?;
    ensure!(ended.is_err(), "a crashed server answered {ended:?}");
    drop(server);
    Ok(())
}
