//! The process that removes places which were given up.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::patience::Patience;
use super::session::Shared;
use super::withdrawal::{Withdrawal, Withdrawals};
use crate::failure::Severity;
use crate::process::{Context, ExitReason};
use crate::runtime::Runtime;
use crate::store::{Compare, KeyRange, Operand, Operation, Relation, TransactError, Transaction};

/// Removes places in the order in which they were given up, until it is asked to exit.
/// What is left then goes with the sessions of the coordinator, which end next.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    withdrawals: Arc<Withdrawals<R>>,
) -> ExitReason {
    let mut asked = pin!(context.exit_requested());
    let mut work = pin!(async {
        loop {
            let withdrawal = withdrawals.next().await;
            remove(&withdrawal).await;
            withdrawals.done();
        }
    });
    std::future::poll_fn(|task| {
        if let Poll::Ready(reason) = asked.as_mut().poll(task) {
            return Poll::Ready(reason);
        }
        work.as_mut().poll(task)
    })
    .await
}

/// Removes the places of one request, or waits for the end of their session, with which
/// they go.
async fn remove<R: Runtime>(withdrawal: &Withdrawal<R>) {
    let session = &withdrawal.session;
    let removing = async {
        if withdrawal.token.is_none() {
            // What is on its way must not arrive behind the removal.
            session.bar_late_requests().await;
        }
        delete(session, withdrawal).await
    };
    // A session that is over is not renewed any more, and takes its places along.
    if let Ok(true) = session.unless_ended(removing).await {
        let (id, token) = (session.id(), withdrawal.token);
        session.announce_all(withdrawal.subject.removed(id, token));
    }
}

/// Deletes what is still under the session; `false` if the store refuses for good.
async fn delete<R: Runtime>(session: &Shared<R>, withdrawal: &Withdrawal<R>) -> bool {
    let mut patience = Patience::new();
    for key in &withdrawal.keys {
        // Not what somebody else has taken over.
        let own = Operand::Lease(Some(session.id()));
        let own = Compare::new(KeyRange::key(key), Relation::Equal, own);
        let mut compares = vec![own];
        compares.extend(
            withdrawal
                .token
                .map(|token| Compare::create_revision(key, token.0)),
        );
        let delete = Transaction::when(compares).then([Operation::delete(key)]);
        loop {
            match session.store().transact(delete.clone()).await {
                // Deleted now, or by an earlier attempt, or never there.
                Ok(_) => break,
                Err(
                    error @ (TransactError::Invalid(_)
                    | TransactError::LeaseNotFound { .. }
                    | TransactError::Full { .. }),
                ) => {
                    session.report(Severity::Error, "removing a place", error);
                    return false;
                }
                Err(error) => patience.pause(session, "removing a place", error).await,
            }
        }
    }
    true
}
