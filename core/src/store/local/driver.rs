//! The process that ends leases.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::engine::{Duty, LocalEngine};
use crate::process::{Context, ExitReason, Signal};
use crate::runtime::Runtime;

/// Ends the service however the driver ends.
pub(super) struct Closing<R: Runtime>(pub(super) Arc<LocalEngine<R>>);

impl<R: Runtime> Drop for Closing<R> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Ends leases that are due, until it is asked to exit.
pub(super) async fn run<R: Runtime>(context: Context<R>, closing: Closing<R>) -> ExitReason {
    context.ready();
    let engine = &*closing.0;
    loop {
        let mut signal = pin!(context.signal());
        let mut timer = None;
        let asked = std::future::poll_fn(|task| {
            if let Poll::Ready(signal) = signal.as_mut().poll(task) {
                return Poll::Ready(Some(signal));
            }
            match engine.duty(task.waker()) {
                Duty::Due => return Poll::Ready(None),
                Duty::Idle => timer = None,
                Duty::Until(deadline) => {
                    let known = timer.take().filter(|(until, _)| *until == deadline);
                    let (_, sleep) = timer.insert(known.unwrap_or_else(|| {
                        let sleep = context.runtime().sleep_until(deadline);
                        (deadline, Box::pin(sleep))
                    }));
                    return sleep.as_mut().poll(task).map(|()| None);
                }
            }
            Poll::Pending
        });
        match asked.await {
            Some(Signal::Exit {
                reason,
                linked: false,
                ..
            }) => return reason,
            // Whoever linked himself to the store does not end it.
            Some(
                Signal::Exit { linked: true, .. }
                | Signal::Down { .. }
                | Signal::ChildExited { .. },
            ) => {}
            None => engine.expire(),
        }
    }
}
