//! The process of a member.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use steadfast::Label;
use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, Node, ProcessSpec, SpawnError};
use steadfast::runtime::{Port, Request, Responder, Runtime, SendError};
use steadfast::store::Store;
use steadfast::supervision::ChildSpec;

use super::rpc::{Message, decode, encode};
use super::service::Service;

/// How many requests are worked on at once; more are declined.
const WORK_MAX: usize = 4_096;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server of a simulated etcd cluster: answers for a store.
///
/// Give it [`LocalStore`](steadfast::store::LocalStore) for a member that keeps nothing
/// over a crash of its node, or the store of one node's `RaftStore`, even of a group of
/// one, for a member that does.
#[derive(Debug)]
pub enum Member {}

impl Member {
    /// How long the start of a child may take.
    const START_LIMIT: Duration = Duration::from_secs(5);

    /// Starts one without a supervisor above it.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    pub fn start<R: Runtime>(
        node: &Node<R>,
        name: impl Into<Label>,
        store: Store,
        port: Port,
    ) -> Result<(), SpawnError> {
        let first = first(node.runtime());
        node.start(ProcessSpec::new(name), move |context| {
            run(context, store, port, first)
        })?;
        Ok(())
    }

    /// A child of a supervisor, who should start it after the store that it answers for.
    /// Every run of it begins without connections.
    pub fn child_spec<R: Runtime>(
        runtime: &R,
        id: impl Into<Label>,
        store: Store,
        port: Port,
    ) -> ChildSpec<R> {
        let runs = Arc::new(AtomicU64::new(first(runtime)));
        let body = move |context: Context<R>| {
            // More connections than one run can make.
            let first = runs.fetch_add(1 << 20, Ordering::Relaxed);
            run(context, store.clone(), port, first)
        };
        ChildSpec::worker(id, body).acknowledged(Self::START_LIMIT)
    }
}

/// The first connection of an incarnation of a node.
fn first<R: Runtime>(runtime: &R) -> u64 {
    u64::from(runtime.incarnation().0) << 32
}

async fn run<R: Runtime>(context: Context<R>, store: Store, port: Port, first: u64) -> ExitReason {
    let opened = Responder::open(context.runtime(), port, WORK_MAX);
    let mut responder = match context.deliver(opened) {
        Ok(responder) => responder,
        Err(failure) => return failure.escalate(),
    };
    context.ready();
    let service = Arc::new(Service::new(context.runtime().clone(), store, first));
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
            return ExitReason::failed("the port of the member was closed");
        };
        let node = context.node().clone();
        if work.len() < WORK_MAX {
            work.push(Box::pin(answer(node, service.clone(), request)));
        } else {
            settle(&node, request.decline());
        }
    }
}

/// Goes on with everything that can, in the order in which it came.
fn advance(work: &mut Vec<Work>, task: &mut TaskContext<'_>) {
    work.retain_mut(|work| work.as_mut().poll(task) == Poll::Pending);
}

async fn answer<R: Runtime>(node: Node<R>, service: Arc<Service<R>>, request: Request<R>) {
    let Some(message) = decode::<Message>(&request.payload) else {
        return settle(&node, request.decline());
    };
    // What was delivered before is answered once.
    if let Some(reply) = service.serve(message).await {
        settle(&node, request.answer(&encode(&reply)));
    }
}

/// An answer that could not be sent is one that was lost.
fn settle<R: Runtime>(node: &Node<R>, sent: Result<(), SendError>) {
    if let Err(error) = sent {
        node.failure(error).report(Severity::Warning);
    }
}
