//! Futures of a scenario as tasks of the simulation: their panics end the run, their
//! answers reach the phases.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::panics::catch;
use crate::runtime::{Life, Shared};
use crate::scenario::BoxFuture;

type Answer = Result<(), String>;

/// The boot of one incarnation, on its node.
pub(super) struct Boot {
    pub(super) life: Arc<Life>,
    pub(super) future: BoxFuture<'static, Answer>,
}

impl Future for Boot {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let life = &this.life;
        {
            // A node may have stood still all the time until it was stopped: what it has
            // not begun by then it does not begin any more.
            let mut state = life.shared.lock();
            if state.is_stopping && life.is_alive() {
                state.node_mut(life.node).booting = false;
                state.call_attention();
                return Poll::Ready(());
            }
        }
        let polled = catch(|| this.future.as_mut().poll(context));
        let now = life.shared.now();
        let mut state = life.shared.lock();
        match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            // What a dead incarnation answers has no effect.
            _ if !life.is_alive() => return Poll::Ready(()),
            Ok(Poll::Ready(Ok(()))) => {}
            // A node that stops takes no more processes.
            Ok(Poll::Ready(Err(_))) if state.is_stopping => {}
            Ok(Poll::Ready(Err(text))) => {
                let detail = format!("{}.{}: {text}", life.node, life.incarnation);
                state
                    .journal
                    .violate(now, "boot", "every node boots", detail);
            }
            Err(caught) => state.journal.end(caught.into()),
        }
        state.node_mut(life.node).booting = false;
        state.call_attention();
        Poll::Ready(())
    }
}

/// The workload of a phase, on the world's own node.
pub(super) struct Workload {
    pub(super) shared: Arc<Shared>,
    pub(super) future: BoxFuture<'static, Answer>,
}

impl Future for Workload {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let polled = catch(|| this.future.as_mut().poll(context));
        let mut state = this.shared.lock();
        match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => state.workload = Some(answer),
            Err(caught) => state.journal.end(caught.into()),
        }
        state.call_attention();
        Poll::Ready(())
    }
}
