//! Facts about locks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::coordination::{FencingToken, LockKind, LossCause};
use crate::label::Label;
use crate::store::LeaseId;

/// What became of a request for a lock, or of a lock that is held.
///
/// In every fact `lock` is its name, `kind` which sort of lock it is and how much of
/// it is asked for, and `session` who asks. A lock is held from `Granted` to
/// `Released` or `Lost`; the place in the line is gone at `Removed` at the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockEvent {
    /// A session asks for a lock.
    Requested {
        /// The lock.
        lock: Label,
        /// What is asked for.
        kind: LockKind,
        /// Who asks.
        session: LeaseId,
    },
    /// The request has a place in the line.
    Queued {
        /// The lock.
        lock: Label,
        /// What is asked for.
        kind: LockKind,
        /// Who asks.
        session: LeaseId,
        /// The token that a grant will have.
        token: FencingToken,
        /// How many places are before it.
        ahead: u64,
    },
    /// The lock is held from here on.
    Granted {
        /// The lock.
        lock: Label,
        /// What is held.
        kind: LockKind,
        /// Who holds it.
        session: LeaseId,
        /// Its token.
        token: FencingToken,
        /// How long the request took.
        waited: Duration,
        /// How many places the line had, this one included, when it was last looked at.
        queue: u64,
    },
    /// The request came to nothing.
    Refused {
        /// The lock.
        lock: Label,
        /// What was asked for.
        kind: LockKind,
        /// Who asked.
        session: LeaseId,
        /// Why.
        why: Label,
    },
    /// The request, or what was held, is given up in the background: its place may
    /// stay in the line for a moment.
    Withdrawn {
        /// The lock.
        lock: Label,
        /// What was asked for.
        kind: LockKind,
        /// Who asked.
        session: LeaseId,
        /// The token, if it is known that there is a place.
        token: Option<FencingToken>,
    },
    /// The holder of a write lock goes on as a reader.
    Downgraded {
        /// The lock.
        lock: Label,
        /// What is held from here on.
        kind: LockKind,
        /// Who holds it.
        session: LeaseId,
        /// Its token, as before.
        token: FencingToken,
    },
    /// Someone asked the holder to let go, and it learned that.
    RevocationRequested {
        /// The lock.
        lock: Label,
        /// What is held.
        kind: LockKind,
        /// Who holds it.
        session: LeaseId,
        /// Its token.
        token: FencingToken,
    },
    /// The holder let go. Announced before the store is asked to remove the place.
    Released {
        /// The lock.
        lock: Label,
        /// What was held.
        kind: LockKind,
        /// Who held it.
        session: LeaseId,
        /// Its token.
        token: FencingToken,
        /// For how long it was held.
        held: Duration,
    },
    /// The lock cannot be relied on any more, though its holder did not let go.
    Lost {
        /// The lock.
        lock: Label,
        /// What was held.
        kind: LockKind,
        /// Who held it.
        session: LeaseId,
        /// Its token.
        token: FencingToken,
        /// For how long it was held.
        held: Duration,
        /// Why.
        cause: LossCause,
    },
    /// The store has confirmed that the place is gone.
    Removed {
        /// The lock.
        lock: Label,
        /// Who had the place.
        session: LeaseId,
        /// The token, if it was known.
        token: Option<FencingToken>,
    },
}
