//! The runtime that a piece of the consensus engine runs on.
//!
//! The engine asks for time, tasks and randomness by functions without a receiver, so
//! that they can be found only through the thread that polls. Every future of the engine
//! is therefore polled inside an [`Inside`], which says for the length of that poll whose
//! it is and then puts back what was there before. Nothing is kept between polls, so
//! that several nodes may share a thread, and tasks may wander between threads.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::runtime::Timestamp;

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the consensus engine needs of its node.
pub(super) trait Host: Send + Sync {
    /// The node's clock.
    fn now(&self) -> Timestamp;
    /// Completes once the clock has reached a deadline.
    fn sleep_until(&self, deadline: Timestamp) -> Work;
    /// Runs work as one of the tasks of consensus, polled [`Inside`].
    fn spawn(&self, work: Work);
    /// Runs work that is long without a pause in a process of its own, so that it holds
    /// up nothing else.
    fn apart(&self, work: Work);
    /// The next random number.
    fn random(&self) -> u64;
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn Host>>> = const { RefCell::new(None) };
}

/// Whose work is being polled.
pub(super) fn current() -> Arc<dyn Host> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("all work of the consensus engine is polled inside an `Inside`")
}

/// Puts back what was there before, also if the poll panics.
struct Restore(Option<Arc<dyn Host>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

fn inside<T>(host: &Arc<dyn Host>, act: impl FnOnce() -> T) -> T {
    let _restore = Restore(CURRENT.replace(Some(host.clone())));
    act()
}

/// A future of the consensus engine, polled and dropped on its own node.
pub(super) struct Inside<F> {
    host: Arc<dyn Host>,
    work: Option<Pin<Box<F>>>,
}

impl<F> Inside<F> {
    pub(super) fn new(host: Arc<dyn Host>, work: F) -> Self {
        let work = Some(Box::pin(work));
        Self { host, work }
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        match &mut this.work {
            Some(work) => inside(&this.host, || work.as_mut().poll(context)),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Inside<F> {
    fn drop(&mut self) {
        let work = self.work.take();
        inside(&self.host, || drop(work));
    }
}
