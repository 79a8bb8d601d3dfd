//! What all sorts of locks share: asking for one.

use std::time::Duration;

use super::error::LockError;
use super::guard::LockGuard;
use super::kind::LockKind;
use super::queue::{Line, Request, Terms};
use super::session::{Claimed, Session};
use super::subject::Subject;
use crate::label::Label;
use crate::runtime::Runtime;

/// Whether a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For so long at most.
    Within(Duration),
    /// Not at all.
    Not,
}

/// Asks for one lock, or for several in one step.
pub(super) async fn acquire<R: Runtime>(
    session: &Session<R>,
    recipe: &'static str,
    names: Vec<Label>,
    kind: LockKind,
    wait: Wait,
) -> Result<LockGuard<R>, LockError> {
    let shared = session.shared();
    // Permits are counted, so that one session may have several shares of them.
    let claim = match kind {
        LockKind::Semaphore { .. } => None,
        LockKind::Mutex | LockKind::Read | LockKind::Write => {
            let claimed = shared.claims().claim(recipe, &names, kind);
            Some(claimed.map_err(|claimed| refusal(claimed, kind))?)
        }
    };
    let share = kind.share();
    let lines = names.iter().map(|name| Line {
        places: shared.keyspace(recipe, name),
        wishes: Some(shared.keyspace(&wishes(recipe), name)),
    });
    let lines: Vec<_> = lines.collect();
    let lock = Label::from(names.join(", "));
    let capacity = match kind {
        LockKind::Semaphore { .. } => {
            let capacity = shared.keyspace(&format!("{recipe}-capacity"), &lock);
            Some(capacity.key("is"))
        }
        LockKind::Mutex | LockKind::Read | LockKind::Write => None,
    };
    let terms = Terms {
        share,
        payload: Vec::new(),
        capacity,
    };
    let request = Request::new(session, Subject::Locks(names, kind), claim, &lines, terms);
    let failed = |error| LockError::of(error, lock.clone(), share.capacity);
    let request = request.map_err(failed)?;
    let held = match wait {
        Wait::Within(within) => Box::pin(request.acquire(within)).await,
        Wait::Not => Box::pin(request.try_acquire()).await,
    };
    let held = held.map_err(failed)?;
    Ok(LockGuard::new(held))
}

/// The word of the keys with which others ask holders to let go.
pub(super) fn wishes(recipe: &str) -> String {
    format!("{recipe}-wanted")
}

fn refusal(claimed: Claimed, wanted: LockKind) -> LockError {
    let Claimed { name: lock, kind } = claimed;
    match (kind, wanted) {
        (LockKind::Read, LockKind::Write) => LockError::NoUpgrade { lock },
        (held, _) => LockError::WouldDeadlock { lock, held },
    }
}
