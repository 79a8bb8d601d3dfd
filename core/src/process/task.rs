//! The future of a process: runs the body, then accounts for its end.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use super::control::{Control, Verdict};
use super::exit::ExitReason;
use super::id::ProcessId;
use super::node::Node;
use crate::runtime::Runtime;

/// A boxed body.
pub(super) type Body = Pin<Box<dyn Future<Output = ExitReason> + Send>>;

/// Runs a body to its end. The end is made public only after the body's
/// destructors have run and everything below the process has ended, so that a
/// process never outlives its parent.
pub(super) struct ProcessTask<R: Runtime> {
    node: Node<R>,
    process: ProcessId,
    control: Arc<Control>,
    body: Option<Body>,
    reason: Option<ExitReason>,
    published: bool,
}

impl<R: Runtime> ProcessTask<R> {
    pub(super) fn new(
        node: Node<R>,
        process: ProcessId,
        control: Arc<Control>,
        body: Body,
    ) -> Self {
        Self {
            node,
            process,
            control,
            body: Some(body),
            reason: None,
            published: false,
        }
    }

    fn run(&mut self, context: &mut Context<'_>) -> Poll<ExitReason> {
        if let Verdict::End(reason) = self.control.verdict(context.waker()) {
            return Poll::Ready(self.drop_body(reason));
        }
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(ExitReason::Normal);
        };
        match std::panic::catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(reason)) => {
                // A finished async body holds nothing; this only frees its memory.
                self.body = None;
                Poll::Ready(reason)
            }
            Err(payload) => {
                let text = crate::runtime::panic_text(&*payload);
                Poll::Ready(self.drop_body(ExitReason::Panic(text.into())))
            }
        }
    }

    /// Drops the body from outside. A destructor that panics changes the reason.
    fn drop_body(&mut self, reason: ExitReason) -> ExitReason {
        self.control.ended.store(true, Ordering::Release);
        let body = self.body.take();
        match std::panic::catch_unwind(AssertUnwindSafe(|| drop(body))) {
            Ok(()) => reason,
            Err(payload) => ExitReason::Panic(crate::runtime::panic_text(&*payload).into()),
        }
    }
}

impl<R: Runtime> Future for ProcessTask<R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.reason.is_none() {
            match this.run(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(reason) => {
                    this.node.begin_exit(this.process);
                    this.reason = Some(reason);
                }
            }
        }
        if !this.node.is_childless(this.process, context.waker()) {
            return Poll::Pending;
        }
        if let (Some(reason), false) = (&this.reason, this.published) {
            this.published = true;
            this.node.publish(this.process, &this.control, reason);
        }
        Poll::Ready(())
    }
}

impl<R: Runtime> Drop for ProcessTask<R> {
    fn drop(&mut self) {
        // Only an executor that goes away drops a process: its children go the same
        // way, so there is nothing to wait for.
        if !self.published {
            let reason = self.drop_body(ExitReason::Killed);
            let reason = self.reason.take().unwrap_or(reason);
            self.node.begin_exit(self.process);
            self.node.publish(self.process, &self.control, &reason);
        }
    }
}
