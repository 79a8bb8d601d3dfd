//! Clearing a scope, with everybody in it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::registry::Registry;
use crate::label::Label;
use crate::process::reply::ReplyReceiver;
use crate::process::{ExitReason, ProcessId};
use crate::registry::answer::Answer;
use crate::registry::error::RegistryError;
use crate::registry::query::Query;
use crate::runtime::{Runtime, Timestamp, timeout};

/// How long a process that was killed may take to be gone. Only one that never lets
/// its executor go on takes longer.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// What a cleared scope held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleared {
    /// Processes that ended when they were asked to.
    pub stopped: usize,
    /// Processes that had to be killed.
    pub killed: usize,
    /// Registrations that went.
    pub entries: usize,
}

/// What is found in a scope, and the answer to its closing if it was closed.
struct Found {
    holders: BTreeSet<ProcessId>,
    entries: usize,
    closed: Option<Answer<Result<usize, RegistryError>>>,
}

impl<R: Runtime> Registry<R> {
    /// Stops every process of this node that is registered in a scope, then closes the
    /// scope: no registration and no index of it is left, and no other scope is
    /// touched. For the scope of a test, or of a tenant that leaves.
    ///
    /// The processes are asked to shut down, all at once, and those that have not
    /// ended after `limit` are killed. Whoever registers meanwhile is stopped too,
    /// and after `limit` the scope is closed in any case. What supervises them is left
    /// alone: a child that is restarted finds no scope to register in. Must not be
    /// called by a process that is registered in the scope.
    ///
    /// # Errors
    ///
    /// `UnknownScope`; `Unavailable`; `DeadlineExceeded` if a process that was killed
    /// was not gone within 5 s, or the backend did not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the scope open, and those that were asked to shut
    /// down shutting down; calling again goes on.
    pub async fn clear_scope(
        &self,
        scope: &str,
        limit: Duration,
    ) -> Result<Cleared, RegistryError> {
        let clock = self.node.runtime();
        let scope = Label::from(scope);
        let deadline = clock.now() + limit;
        let mut cleared = Cleared::default();
        loop {
            let found = self.look_and_close(&scope, clock.now() >= deadline)?;
            self.end_all(&found.holders, deadline, &mut cleared).await?;
            cleared.entries += found.entries;
            if let Some(answer) = found.closed {
                let limit = self.limit;
                let answer = timeout(clock, limit, answer).await;
                answer.unwrap_or(Err(RegistryError::DeadlineExceeded { limit }))?;
                return Ok(cleared);
            }
        }
    }

    /// Who is registered in the scope. Closes it in the same step if nobody of this
    /// node is, or if it is time to.
    fn look_and_close(&self, scope: &Label, close: bool) -> Result<Found, RegistryError> {
        self.shared.exclusive(|backend| {
            let entries = backend.select(scope, &Query::all())?;
            let local = entries.iter().map(|entry| entry.process);
            let local: Vec<_> = local.filter(|it| self.shared.is_local(*it)).collect();
            let close = close || local.is_empty();
            let entries = if close { entries.len() } else { local.len() };
            let holders = local.into_iter().collect();
            Ok(Found {
                entries,
                closed: close.then(|| backend.close_scope(scope)),
                holders,
            })
        })
    }

    /// Asks processes to shut down, and kills those that have not ended in time.
    async fn end_all(
        &self,
        processes: &BTreeSet<ProcessId>,
        deadline: Timestamp,
        cleared: &mut Cleared,
    ) -> Result<(), RegistryError> {
        let asked: Vec<_> = processes
            .iter()
            .map(|process| {
                let ended = self.node.watch_exit(*process);
                self.node.exit(*process, &ExitReason::SHUTDOWN);
                (*process, ended)
            })
            .collect();
        let late = self.wait_for(asked, deadline).await;
        cleared.stopped += processes.len() - late.len();
        cleared.killed += late.len();
        for (process, _) in &late {
            self.node.kill(*process);
        }
        let killed_by = self.node.runtime().now() + KILL_LIMIT;
        if self.wait_for(late, killed_by).await.is_empty() {
            Ok(())
        } else {
            let limit = KILL_LIMIT;
            Err(RegistryError::DeadlineExceeded { limit })
        }
    }

    /// Waits until all have ended. Answers those that have not in time.
    async fn wait_for(&self, watched: Vec<Watched>, deadline: Timestamp) -> Vec<Watched> {
        let clock = self.node.runtime();
        let mut late = Vec::new();
        for (process, mut ended) in watched {
            let rest = deadline.since(clock.now());
            if timeout(clock, rest, &mut ended).await.is_err() {
                late.push((process, ended));
            }
        }
        late
    }
}

/// A process, and the news of its end.
type Watched = (ProcessId, ReplyReceiver<ExitReason>);
