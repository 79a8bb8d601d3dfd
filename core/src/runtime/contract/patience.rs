//! Waiting that ends even if the adapter's clock does not work.

use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::harness::Harness;
use super::verdict::Broken;
use crate::runtime::{Inbox, Message, Network, NodeId, Port};

/// How long to wait for what must happen. Far more than any adapter needs, so that
/// only a broken promise meets it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How long to look at what must not happen.
pub(super) const WATCH: Duration = Duration::from_millis(60);

/// How long to wait for a message before it is sent again.
const RESEND: Duration = Duration::from_millis(25);

/// Waits for `work` for at most `limit`.
pub(super) async fn within<H: Harness, F: Future>(
    harness: &H,
    limit: Duration,
    what: impl Display,
    work: F,
) -> Result<F::Output, Broken> {
    match race(harness, limit, work).await {
        Some(output) => Ok(output),
        None => Err(Broken {
            what: format!("{what} did not come within {limit:?}"),
        }),
    }
}

/// Waits for what must happen.
pub(super) async fn patiently<H: Harness, F: Future>(
    harness: &H,
    what: impl Display,
    work: F,
) -> Result<F::Output, Broken> {
    within(harness, PATIENCE, what, work).await
}

/// Waits for `work` for at most `limit`; `None` if it took longer.
pub(super) async fn race<H: Harness, F: Future>(
    harness: &H,
    limit: Duration,
    work: F,
) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut over = pin!(harness.pass(limit));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        over.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// Polls once, with a waker that does nothing.
pub(super) fn poll_once<F: Future>(work: F) -> Poll<F::Output> {
    pin!(work).poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends a message again and again until the inbox has one. A refused send is tried
/// again too: a peer may not be known to be up yet.
pub(super) async fn exchange<H: Harness>(
    harness: &H,
    from: &H::Runtime,
    (to, port): (NodeId, Port),
    payload: &[u8],
    inbox: &mut Inbox,
) -> Result<Message, Broken> {
    let mut refused = None;
    for _ in 0..PATIENCE.as_millis() / RESEND.as_millis() {
        refused = from.send(to, port, payload.to_vec()).err();
        match race(harness, RESEND, inbox.receive()).await {
            Some(Some(message)) => return Ok(message),
            Some(None) => break,
            None => {}
        }
    }
    Err(Broken {
        what: match refused {
            Some(error) => format!("no message arrived at {to}; the last send said: {error}"),
            None => format!("no message arrived at {to}, though it was sent many times"),
        },
    })
}
