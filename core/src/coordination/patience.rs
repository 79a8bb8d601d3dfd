//! Trying again, less and less often.

use std::error::Error;
use std::time::Duration;

use super::error::QueueError;
use super::session::{Shared, Surroundings};
use crate::failure::Severity;
use crate::runtime::Runtime;
use crate::store::TransactError;

/// The pauses between the attempts of one call, and whether its trouble was reported.
pub(super) struct Patience {
    next: Duration,
    reported: bool,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(500);

    pub(super) const fn new() -> Self {
        Self {
            next: Self::FIRST,
            reported: false,
        }
    }

    /// Waits before the next attempt. The first trouble of a call is reported as a
    /// warning; the others are most likely the same.
    pub(super) async fn pause<R, E>(&mut self, session: &Shared<R>, doing: &'static str, error: E)
    where
        R: Runtime,
        E: Error + Send + 'static,
    {
        let pause = self.trouble(session.around(), doing, error);
        session.runtime().sleep(pause).await;
    }

    /// How long to wait before the next attempt, for whoever has no session.
    pub(super) fn trouble<R, E>(
        &mut self,
        around: &Surroundings<R>,
        doing: &'static str,
        error: E,
    ) -> Duration
    where
        R: Runtime,
        E: Error + Send + 'static,
    {
        let pause = self.next;
        self.next = (self.next * 2).min(Self::LONGEST);
        if !std::mem::replace(&mut self.reported, true) {
            around.report(Severity::Warning, doing, error);
        }
        pause
    }

    /// After a transaction that failed: waits, if it is worth another attempt. One of
    /// unknown outcome is barred, so that it cannot happen after the next.
    pub(super) async fn after<R: Runtime>(
        &mut self,
        session: &Shared<R>,
        doing: &'static str,
        error: TransactError,
    ) -> Result<(), QueueError> {
        match &error {
            TransactError::Unknown(_) => {
                self.pause(session, doing, error).await;
                session.bar_late_requests().await;
                Ok(())
            }
            TransactError::Unavailable(unavailable) if unavailable.may_pass() => {
                self.pause(session, doing, error).await;
                Ok(())
            }
            TransactError::LeaseNotFound { .. } => Err(QueueError::Session(session.gone())),
            TransactError::Invalid(_)
            | TransactError::Full { .. }
            | TransactError::Unavailable(_) => Err(QueueError::Transact(error)),
        }
    }
}
