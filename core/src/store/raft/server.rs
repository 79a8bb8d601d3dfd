//! The process that answers other nodes.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};

use super::ambient::Inside;
use super::rpc::{decode, encode};
use super::running::Running;
use crate::process::ExitReason;
use crate::runtime::{Port, Request, Responder, Runtime};

/// How many requests are worked on at once; more are declined.
const WORK_MAX: usize = 256;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Answers until the runtime closes the port.
pub(super) async fn run<R: Runtime>(running: Running<R>, port: Port) -> ExitReason {
    let opened = Responder::open(running.node.runtime(), port, WORK_MAX);
    let mut responder = match opened.map_err(|error| running.node.failure(error)) {
        Ok(responder) => responder,
        Err(failure) => return failure.escalate(),
    };
    let host = running.host.clone();
    Inside::new(host, async move { serve(&running, &mut responder).await }).await
}

async fn serve<R: Runtime>(running: &Running<R>, responder: &mut Responder<R>) -> ExitReason {
    let mut work: Vec<Work> = Vec::new();
    loop {
        let request = {
            let mut next = pin!(responder.receive());
            std::future::poll_fn(|task| {
                advance(&mut work, task);
                next.as_mut().poll(task)
            })
            .await
        };
        let Some(request) = request else {
            return ExitReason::failed("the port of the store was closed");
        };
        if work.len() < WORK_MAX {
            work.push(Box::pin(answer(running.clone(), request)));
        } else {
            settle(running, request.decline());
        }
    }
}

/// Goes on with everything that can, in the order in which it came.
fn advance(work: &mut Vec<Work>, task: &mut TaskContext<'_>) {
    work.retain_mut(|work| work.as_mut().poll(task) == Poll::Pending);
}

async fn answer<R: Runtime>(running: Running<R>, request: Request<R>) {
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
