//! What is stored for a double barrier, and where.

use serde::{Deserialize, Serialize};

use super::name::Keyspace;
use crate::store::{
    Change, Compare, Key, KeyRange, LeaseId, Operation, Revision, Transaction, Value,
};

/// The version of what is stored for a generation.
const VERSION: u8 = 1;

/// How far a generation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Not all who are expected are there.
    Gathering,
    /// All were there, in one step of the store. Nobody comes in any more.
    Inside,
}

/// What is stored for a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) expected: u64,
    pub(super) phase: Phase,
}

impl Terms {
    pub(super) fn encode(&self) -> Value {
        // Only a serializer of its own could fail, and these types have none.
        postcard::to_extend(self, vec![VERSION])
            .unwrap_or_default()
            .into()
    }

    /// `None` for what no version of this crate has written.
    pub(super) fn decode(value: &Value) -> Option<Self> {
        let (version, rest) = value.split_first()?;
        if *version != VERSION {
            return None;
        }
        postcard::from_bytes(rest).ok()
    }
}

/// One attempt of a session to take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Participant {
    pub(super) session: LeaseId,
    pub(super) attempt: u64,
}

/// The keys of one double barrier: one for the generation that goes on, which begins to
/// exist with it and is deleted with it, so that its revision is the generation; and one
/// for each place, under the generation of which it is and under the session of whoever
/// has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site(Keyspace);

impl Site {
    /// What is stored for a place whose participant is leaving.
    const LEAVING: &str = "leaving";

    pub(super) const fn new(keyspace: Keyspace) -> Self {
        Self(keyspace)
    }

    /// All of it.
    pub(super) fn range(&self) -> KeyRange {
        self.0.range()
    }

    /// Where the generation is stored.
    pub(super) fn generation(&self) -> Key {
        self.0.key("generation")
    }

    /// The places of one generation.
    pub(super) fn places(&self, generation: Revision) -> KeyRange {
        KeyRange::prefix(self.0.key(&format!("{:016x}/", generation.0)))
    }

    /// The place of a participant.
    pub(super) fn place(&self, generation: Revision, who: Participant) -> Key {
        let Participant { session, attempt } = who;
        let (generation, session) = (generation.0, session.0);
        self.0
            .key(&format!("{generation:016x}/{session:016x}-{attempt:08x}"))
    }

    /// The generation of a place; `None` for another key.
    pub(super) fn generation_of(&self, place: &Key) -> Option<Revision> {
        let (generation, _) = self.0.last(place)?.split_once('/')?;
        u64::from_str_radix(generation, 16).ok().map(Revision)
    }

    /// A generation ends, if it still goes on.
    pub(super) fn end(&self, generation: Revision) -> Transaction {
        let key = self.generation();
        let same = Compare::create_revision(&key, generation);
        Transaction::when([same]).then([Operation::delete(key)])
    }

    /// It ends if nobody has a place in it.
    pub(super) fn end_if_empty(&self, generation: Revision) -> Transaction {
        let key = self.generation();
        let same = Compare::create_revision(&key, generation);
        let empty = Compare::empty(self.places(generation));
        Transaction::when([same, empty]).then([Operation::delete(key)])
    }

    /// What a place says.
    pub(super) fn says(leaving: bool) -> Value {
        Value::from(if leaving { Self::LEAVING } else { "" })
    }

    /// Whether it says that its participant is leaving. Whoever cannot be understood is
    /// not.
    pub(super) fn is_leaving(value: &Value) -> bool {
        value.as_bytes() == Self::LEAVING.as_bytes()
    }

    /// Whether a change could be the end of the wait of those who gather. That somebody
    /// came or went is none.
    pub(super) fn may_end_gathering(&self, change: &Change) -> bool {
        match change {
            Change::Put { entry, .. } => {
                let terms = Terms::decode(&entry.value);
                entry.key == self.generation()
                    && terms.is_none_or(|terms| terms.phase != Phase::Gathering)
            }
            Change::Deleted { key, .. } => *key == self.generation(),
        }
    }

    /// Whether a change could be the end of the wait for one who is still inside.
    pub(super) fn may_end_leaving(&self, change: &Change, inside: &Key) -> bool {
        change.key() == inside || *change.key() == self.generation()
    }
}
