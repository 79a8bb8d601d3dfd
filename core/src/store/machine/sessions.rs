//! Answers remembered for those who ask again.
//!
//! As in section 6.3 of the Raft dissertation: a client opens a session, counts its
//! commands, and a command that was applied already is answered from memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::command::{Refusal, Response, SessionId, Stamp};
use crate::store::limits::Limits;

type Answer = Result<Response, Refusal>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    answers: BTreeMap<u64, Answer>,
    /// Nothing is remembered up to this serial.
    forgotten: u64,
    /// When it was last used, in the order of all uses.
    used: u64,
}

/// All sessions that are remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sessions {
    sessions: BTreeMap<SessionId, Session>,
    opened: u64,
    uses: u64,
}

/// What is known of a stamped command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It has not been applied.
    Fresh,
    /// It was applied, with this answer; or nobody can say.
    Answered(Answer),
}

impl Sessions {
    pub(super) const fn new() -> Self {
        Self {
            sessions: BTreeMap::new(),
            opened: 0,
            uses: 0,
        }
    }

    /// Opens a session; the one that was not used for longest may have to go.
    pub(super) fn open(&mut self, limits: &Limits) -> SessionId {
        self.opened += 1;
        self.uses += 1;
        let id = SessionId(self.opened);
        let session = Session {
            answers: BTreeMap::new(),
            forgotten: 0,
            used: self.uses,
        };
        self.sessions.insert(id, session);
        if self.sessions.len() > limits.sessions_max {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.sessions.remove(&oldest);
            }
        }
        id
    }

    /// Whether a stamped command was applied before.
    pub(super) fn known(&mut self, stamp: Stamp) -> Known {
        self.uses += 1;
        let Some(session) = self.sessions.get_mut(&stamp.session) else {
            return Known::Answered(Err(Refusal::SessionForgotten));
        };
        session.used = self.uses;
        match session.answers.get(&stamp.serial) {
            Some(answer) => Known::Answered(answer.clone()),
            None if stamp.serial <= session.forgotten => {
                Known::Answered(Err(Refusal::SessionForgotten))
            }
            None => Known::Fresh,
        }
    }

    /// Remembers an answer, and forgets those that nobody needs.
    pub(super) fn remember(&mut self, stamp: Stamp, answer: Answer, limits: &Limits) {
        let Some(session) = self.sessions.get_mut(&stamp.session) else {
            return;
        };
        session.answers.insert(stamp.serial, answer);
        // A command answers itself last: its own answer is kept until the next.
        let answered = stamp.answered.min(stamp.serial.saturating_sub(1));
        session.forgotten = session.forgotten.max(answered);
        while session.answers.len() > limits.session_answers_max {
            if let Some((serial, _)) = session.answers.pop_first() {
                session.forgotten = session.forgotten.max(serial);
            }
        }
        session.answers = session.answers.split_off(&(session.forgotten + 1));
    }
}
