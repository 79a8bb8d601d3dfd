//! The process that renews a session and ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use super::handle::Session;
use super::options::SessionOptions;
use super::shared::{Shared, Surroundings, Wish};
use crate::coordination::error::SessionError;
use crate::coordination::loss::SessionEnd;
use crate::coordination::patience::Patience;
use crate::event::SessionEvent;
use crate::process::{Context, ExitReason, Signal};
use crate::runtime::{Runtime, Timestamp, timeout};
use crate::store::{KeepAlive, LeaseError, Operation, TransactError, Transaction, Value};

/// Where the process leaves the session that it has begun, or why it could not.
pub(in crate::coordination) type Outcome<R> = Arc<Mutex<Option<Result<Session<R>, SessionError>>>>;

/// A timer that runs.
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sees to it that the session is over for everyone however the process ends.
struct Ending<R: Runtime>(Arc<Shared<R>>);

impl<R: Runtime> Drop for Ending<R> {
    fn drop(&mut self) {
        self.0.end(SessionEnd::Orphaned);
        // Nobody is going to remove it: its time runs out.
        self.0.removed.set(Ok(()));
    }
}

/// The body of the process.
pub(in crate::coordination) async fn run<R: Runtime>(
    context: Context<R>,
    around: Arc<Surroundings<R>>,
    options: SessionOptions,
    outcome: Outcome<R>,
) -> ExitReason {
    let begun = {
        let mut beginning = pin!(begin(&context, &around, options));
        let mut asked = pin!(context.exit_requested());
        std::future::poll_fn(|task| {
            if let Poll::Ready(reason) = asked.as_mut().poll(task) {
                return Poll::Ready(Err(reason));
            }
            beginning.as_mut().poll(task).map(Ok)
        })
        .await
    };
    let (shared, keep_alive) = match begun {
        Err(reason) => return reason,
        Ok(Err(error)) => {
            leave(&outcome, Err(error));
            // Whoever asked is told by the outcome; for the supervisor this is no error.
            return context.ignore();
        }
        Ok(Ok(begun)) => begun,
    };
    let ending = Ending(shared.clone());
    leave(&outcome, Ok(Session::new(shared.clone())));
    drop(outcome);
    context.ready();
    let (end, reason) = live(&context, &shared, keep_alive).await;
    shared.end(end);
    if end == SessionEnd::Closed {
        shared.removed.set(remove(&shared).await);
    }
    drop(ending);
    reason
}

fn leave<R: Runtime>(outcome: &Outcome<R>, result: Result<Session<R>, SessionError>) {
    // Nothing that can panic runs under this lock.
    let before = outcome
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .replace(result);
    drop(before);
}

/// Asks for a lease, and puts the key that all requests of the session compare.
async fn begin<R: Runtime>(
    context: &Context<R>,
    around: &Arc<Surroundings<R>>,
    options: SessionOptions,
) -> Result<(Arc<Shared<R>>, KeepAlive<R>), SessionError> {
    let clock = context.runtime().clone();
    let time = options.ttl + options.delay;
    let keep_alive = KeepAlive::grant(&around.store, clock, time).await?;
    let lease = keep_alive.handle();
    let session = lease.lease();
    let key = format!("{}/session/{:016x}", around.root, session.0);
    let put = Operation::put_leased(key.as_str(), Value::from(""), session);
    let put = Transaction::of([put]);
    let mut attempts = 0;
    let revision = loop {
        attempts += 1;
        match around.store.transact(put.clone()).await {
            Ok(done) => break done.revision,
            // Putting it twice is putting it once.
            Err(TransactError::Unknown(_)) if attempts < 3 => {}
            Err(error) => {
                // Nobody knows the lease; if it cannot be ended now, its time runs out.
                drop(lease.close().await);
                return Err(error.into());
            }
        }
    };
    let shared = Shared::new(around.clone(), lease, options.delay, key.into(), revision);
    shared.announce(SessionEvent::Opened {
        session,
        process: context.id(),
        coordinator: around.coordinator.clone(),
        ttl: options.ttl,
    });
    Ok((Arc::new(shared), keep_alive))
}

/// Renews the lease until the session ends. Answers how it ended, and the reason to exit
/// with.
async fn live<R: Runtime>(
    context: &Context<R>,
    shared: &Arc<Shared<R>>,
    keep_alive: KeepAlive<R>,
) -> (SessionEnd, ExitReason) {
    let mut renewals = Box::pin(keep_alive.run());
    let mut wish = pin!(shared.wish.wait());
    let mut ended = pin!(shared.ended().wait());
    loop {
        let mut signal = pin!(context.signal());
        let mut timer: Option<(Timestamp, Timer)> = None;
        let next = std::future::poll_fn(|task| {
            if let Poll::Ready(signal) = signal.as_mut().poll(task) {
                return Poll::Ready(Err(signal));
            }
            if let Poll::Ready(end) = ended.as_mut().poll(task) {
                return Poll::Ready(Ok(end));
            }
            if let Poll::Ready(wish) = wish.as_mut().poll(task) {
                return Poll::Ready(Ok(match wish {
                    Wish::Close => SessionEnd::Closed,
                    Wish::Orphan => SessionEnd::Orphaned,
                }));
            }
            if let Poll::Ready(end) = renewals.as_mut().poll(task) {
                return Poll::Ready(Ok(end.into()));
            }
            let Some(until) = shared.until() else {
                return Poll::Ready(Ok(SessionEnd::Lapsed));
            };
            let known = timer.take().filter(|(deadline, _)| *deadline == until);
            let (_, sleep) = timer.insert(known.unwrap_or_else(|| {
                let sleep = context.runtime().sleep_until(until);
                (until, Box::pin(sleep) as Timer)
            }));
            sleep.as_mut().poll(task).map(|()| Ok(SessionEnd::Lapsed))
        });
        match next.await {
            Ok(end) => return (end, ExitReason::Normal),
            Err(Signal::Exit {
                reason,
                linked: false,
                ..
            }) => return (SessionEnd::Closed, reason),
            // Whoever linked himself to a session does not end it.
            Err(
                Signal::Exit { linked: true, .. }
                | Signal::Down { .. }
                | Signal::ChildExited { .. },
            ) => {}
        }
    }
}

/// Ends the lease, with everything that is under it. Tries again until that is
/// confirmed, or the time of the lease has passed.
async fn remove<R: Runtime>(shared: &Shared<R>) -> Result<(), LeaseError> {
    let mut patience = Patience::new();
    let deadline = shared.removal_deadline();
    let mut last = None;
    let removing = async {
        loop {
            match shared.store().revoke(shared.id()).await {
                Ok(_) | Err(LeaseError::NotFound { .. }) => return,
                Err(error) => {
                    last = Some(error.clone());
                    patience.pause(shared, "closing a session", error).await;
                }
            }
        }
    };
    let rest = deadline.since(shared.runtime().now());
    match timeout(shared.runtime(), rest, removing).await {
        Ok(()) => {
            let session = shared.id();
            shared.announce(SessionEvent::Removed { session });
            Ok(())
        }
        Err(_) => last.map_or(Ok(()), Err),
    }
}
