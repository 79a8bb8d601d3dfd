//! The process that answers other nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::rpc::{decode, encode};
use super::running::Running;
use crate::process::ExitReason;
use crate::runtime::{Port, Request, Responder, Runtime};

/// How many requests are worked on at once; more are declined.
const WORK_MAX: usize = 256;

/// A place among the requests that are worked on.
struct Place(Arc<AtomicUsize>);

impl Place {
    /// A place, if there is one.
    fn among(taken: &Arc<AtomicUsize>) -> Option<Self> {
        // Only the server takes places.
        if taken.load(Ordering::Acquire) >= WORK_MAX {
            return None;
        }
        taken.fetch_add(1, Ordering::AcqRel);
        Some(Self(taken.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers until the runtime closes the port. What takes time is done by tasks of
/// consensus.
pub(super) async fn run<R: Runtime>(running: Running<R>, port: Port) -> ExitReason {
    let opened = Responder::open(running.node.runtime(), port, WORK_MAX);
    let mut responder = match opened.map_err(|error| running.node.failure(error)) {
        Ok(responder) => responder,
        Err(failure) => return failure.escalate(),
    };
    let taken = Arc::default();
    while let Some(request) = responder.receive().await {
        match Place::among(&taken) {
            Some(place) => {
                let work = answer(running.clone(), request, place);
                running.host.spawn(Box::pin(work));
            }
            None => settle(&running, request.decline()),
        }
    }
    ExitReason::failed("the port of the store was closed")
}

async fn answer<R: Runtime>(running: Running<R>, request: Request<R>, _place: Place) {
    let told = match decode(&request.payload) {
        Some(ask) => running.serve(ask).await,
        None => None,
    };
    let sent = match told {
        Some(told) => request.answer(&encode(&told)),
        None => request.decline(),
    };
    settle(&running, sent);
}

/// An answer that could not be sent is one that was lost: the asker asks again.
fn settle<R: Runtime>(running: &Running<R>, sent: Result<(), crate::runtime::SendError>) {
    if let Err(error) = sent {
        let failure = running.node.failure(error);
        failure.report(crate::failure::Severity::Warning);
    }
}
