//! A watch on one stream.

use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use etcd_client::{Client, WatchResponse, WatchStream};

use super::answer::{changes, revision};
use super::refusal::{failed, stray};
use super::request;
use crate::store::entry::Revision;
use crate::store::etcd::wire::{WireError, WireEvent, WireRefusal, WireWatch};
use crate::store::range::KeyRange;

/// Begins a watch; completes once the member has taken it.
pub(super) async fn begin(
    client: &Client,
    bytes_max: usize,
    range: &KeyRange,
    from: Revision,
) -> Result<Box<dyn WireWatch>, WireError> {
    if range.bounds().is_none() {
        // A member would refuse it.
        return Ok(Box::new(Silent));
    }
    let (mut stream, mut answer) = ask(client, bytes_max, range, from).await?;
    if answer.canceled() && is_about_the_user(answer.cancel_reason()) {
        // Members forget what they gave for a password when they are restarted, and the
        // crate gives it anew only where a call fails as a whole.
        let given = client.refresh_token().await;
        given.map_err(|error| failed(&error))?;
        (stream, answer) = ask(client, bytes_max, range, from).await?;
    }
    let mut told = VecDeque::new();
    if answer.canceled() {
        told.push_back(ended(&answer)?);
    } else if !answer.created() {
        return Err(stray("something else than a watch"));
    }
    Ok(Box::new(ClientWatch { stream, told }))
}

/// Asks for a watch; answers the first answer, too.
async fn ask(
    client: &Client,
    bytes_max: usize,
    range: &KeyRange,
    from: Revision,
) -> Result<(WatchStream, WatchResponse), WireError> {
    let (key, options) = request::watch(range, from);
    let mut watches = client.watch_client().max_decoding_message_size(bytes_max);
    let stream = watches.watch(key, Some(options)).await;
    let mut stream = stream.map_err(|error| failed(&error))?;
    let answer = stream.message().await.map_err(|error| failed(&error))?;
    let answer = answer.ok_or_else(|| stray("no watch"))?;
    Ok((stream, answer))
}

/// Watches are refused within their streams, where all such reasons look alike.
fn is_about_the_user(reason: &str) -> bool {
    reason.contains("auth token") || reason.contains("permission denied")
}

fn ended(answer: &WatchResponse) -> Result<WireEvent, WireError> {
    let compacted = answer.compact_revision().unsigned_abs();
    if compacted > 0 {
        return Ok(WireEvent::Compacted(Revision(compacted)));
    }
    let reason = answer.cancel_reason();
    // A member that is cut off from the others ends its watches.
    if reason.contains("no leader") || reason.is_empty() {
        let reason = format!("the member ended the watch: {reason}");
        return Err(WireError::Lost { reason });
    }
    let reason = reason.to_owned();
    Err(WireRefusal::Other { reason }.into())
}

struct ClientWatch {
    stream: WatchStream,
    told: VecDeque<WireEvent>,
}

impl WireWatch for ClientWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WireEvent, WireError>> {
        if let Some(told) = self.told.pop_front() {
            return Poll::Ready(Ok(told));
        }
        // What it has not answered yet stays in the stream.
        let next = pin!(self.stream.message());
        let answer = match ready!(next.poll(context)) {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                let reason = "the member ended the stream".to_owned();
                return Poll::Ready(Err(WireError::Lost { reason }));
            }
            Err(error) => return Poll::Ready(Err(failed(&error))),
        };
        if answer.canceled() {
            return Poll::Ready(ended(&answer));
        }
        if answer.events().is_empty() {
            return Poll::Ready(revision(answer.header()).map(WireEvent::Progress));
        }
        Poll::Ready(changes(answer.events()).map(WireEvent::Changes))
    }
}

/// A watch of a range without keys.
struct Silent;

impl WireWatch for Silent {
    fn poll_next(&mut self, _context: &mut Context<'_>) -> Poll<Result<WireEvent, WireError>> {
        Poll::Pending
    }
}
