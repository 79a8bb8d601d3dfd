//! Facts about elections.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::coordination::{FencingToken, LossCause};
use crate::label::Label;
use crate::store::{LeaseId, Revision};

/// What became of a candidate or of a leader, or what an observer saw.
///
/// In every fact `election` is its name. A term is the token of the leader's place:
/// terms of one election strictly increase. A session leads from `Elected` or
/// `Resumed` to `Resigned` or `Lost`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElectionEvent {
    /// A session stands as a candidate.
    Campaigned {
        /// The election.
        election: Label,
        /// The candidate.
        session: LeaseId,
        /// The term that it would lead.
        term: FencingToken,
        /// How many are before it.
        ahead: u64,
    },
    /// A candidate leads.
    Elected {
        /// The election.
        election: Label,
        /// The leader.
        session: LeaseId,
        /// Its term.
        term: FencingToken,
        /// How long the campaign took.
        waited: Duration,
    },
    /// A leader goes on under another session.
    Resumed {
        /// The election.
        election: Label,
        /// The leader.
        session: LeaseId,
        /// Its term, as before.
        term: FencingToken,
    },
    /// The leader replaced what it says of itself.
    Proclaimed {
        /// The election.
        election: Label,
        /// The leader.
        session: LeaseId,
        /// Its term.
        term: FencingToken,
    },
    /// A campaign came to nothing.
    Refused {
        /// The election.
        election: Label,
        /// The candidate.
        session: LeaseId,
        /// Why.
        why: Label,
    },
    /// A candidacy, or a leadership that was given up, is withdrawn in the background.
    Withdrawn {
        /// The election.
        election: Label,
        /// The candidate.
        session: LeaseId,
        /// Its term, if it is known that there is a place.
        term: Option<FencingToken>,
    },
    /// The leader let go. Announced before the store is asked to remove its place.
    Resigned {
        /// The election.
        election: Label,
        /// Who led.
        session: LeaseId,
        /// Its term.
        term: FencingToken,
        /// For how long it led.
        led: Duration,
    },
    /// The leadership cannot be relied on any more, though the leader did not let go.
    Lost {
        /// The election.
        election: Label,
        /// Who led.
        session: LeaseId,
        /// Its term.
        term: FencingToken,
        /// For how long it led.
        led: Duration,
        /// Why.
        cause: LossCause,
    },
    /// The store has confirmed that the place of a candidate or leader is gone.
    Removed {
        /// The election.
        election: Label,
        /// Who had it.
        session: LeaseId,
        /// The term, if it was known.
        term: Option<FencingToken>,
    },
    /// An observer sees a leader, or that there is none.
    Observed {
        /// The election.
        election: Label,
        /// Which observer of its node.
        observer: u64,
        /// The term; `None` if nobody leads.
        term: Option<FencingToken>,
        /// The state of the store that this is about.
        revision: Revision,
    },
}
