//! What was held by whom, by what was announced.

use std::collections::BTreeMap;

use crate::coordination::{FencingToken, LockKind};
use crate::event::{CoordinationEvent, ElectionEvent, LockEvent};
use crate::label::Label;
use crate::store::LeaseId;

type Who = (LeaseId, FencingToken);

/// The holders of everything, and what was granted so far.
#[derive(Default)]
pub(super) struct Ledger {
    locks: BTreeMap<Label, BTreeMap<Who, LockKind>>,
    leaders: BTreeMap<Label, BTreeMap<Who, ()>>,
    highest: BTreeMap<(&'static str, Label), FencingToken>,
    pub(super) granted: usize,
    pub(super) withdrawn: usize,
}

impl Ledger {
    /// Reads all facts.
    ///
    /// # Panics
    ///
    /// If more was held at a time than there is, if two led, or if a token was not
    /// higher than all before it.
    pub(super) fn read(facts: &[CoordinationEvent]) -> Self {
        let mut ledger = Self::default();
        for fact in facts {
            match fact {
                CoordinationEvent::Lock(fact) => ledger.lock(fact),
                CoordinationEvent::Election(fact) => ledger.election(fact),
                CoordinationEvent::Session(_)
                | CoordinationEvent::Barrier(_)
                | CoordinationEvent::Counter(_)
                | CoordinationEvent::Consensus(_) => {}
            }
        }
        ledger
    }

    fn lock(&mut self, fact: &LockEvent) {
        match fact {
            LockEvent::Granted {
                lock,
                kind,
                session,
                token,
                ..
            } => {
                self.granted += 1;
                let holders = self.locks.entry(lock.clone()).or_default();
                assert!(holders.insert((*session, *token), *kind).is_none());
                let units = holders.values().map(|kind| u128::from(kind.share().units));
                let capacity = u128::from(kind.share().capacity);
                let sum = units.sum::<u128>();
                assert!(sum <= capacity, "{lock}: {holders:?}");
                if kind.share().is_all() {
                    self.rises("lock", lock, *token);
                }
            }
            LockEvent::Downgraded {
                lock,
                kind,
                session,
                token,
            } => {
                let holders = self.locks.entry(lock.clone()).or_default();
                assert!(holders.insert((*session, *token), *kind).is_some());
            }
            LockEvent::Released {
                lock,
                session,
                token,
                ..
            }
            | LockEvent::Lost {
                lock,
                session,
                token,
                ..
            } => {
                let holders = self.locks.entry(lock.clone()).or_default();
                let before = holders.remove(&(*session, *token));
                assert!(before.is_some(), "{lock} was not held: {fact:?}");
            }
            LockEvent::Withdrawn { .. } => self.withdrawn += 1,
            LockEvent::Requested { .. }
            | LockEvent::Queued { .. }
            | LockEvent::Refused { .. }
            | LockEvent::RevocationRequested { .. }
            | LockEvent::Removed { .. } => {}
        }
    }

    fn election(&mut self, fact: &ElectionEvent) {
        match fact {
            ElectionEvent::Elected {
                election,
                session,
                term,
                ..
            } => {
                self.granted += 1;
                let leaders = self.leaders.entry(election.clone()).or_default();
                leaders.insert((*session, *term), ());
                assert_eq!(leaders.len(), 1, "{election}: {leaders:?}");
                self.rises("election", election, *term);
            }
            ElectionEvent::Resigned {
                election,
                session,
                term,
                ..
            }
            | ElectionEvent::Lost {
                election,
                session,
                term,
                ..
            } => {
                let leaders = self.leaders.entry(election.clone()).or_default();
                let before = leaders.remove(&(*session, *term));
                assert!(before.is_some(), "{election} was not led: {fact:?}");
            }
            ElectionEvent::Withdrawn { .. } => self.withdrawn += 1,
            ElectionEvent::Campaigned { .. }
            | ElectionEvent::Resumed { .. }
            | ElectionEvent::Proclaimed { .. }
            | ElectionEvent::Refused { .. }
            | ElectionEvent::Removed { .. }
            | ElectionEvent::Observed { .. } => {}
        }
    }

    fn rises(&mut self, what: &'static str, name: &Label, token: FencingToken) {
        let before = self.highest.insert((what, name.clone()), token);
        assert!(
            before < Some(token),
            "{what} {name}: {token} after {before:?}"
        );
    }

    /// How much is held now.
    pub(super) fn held(&self) -> usize {
        let locks = self.locks.values().map(BTreeMap::len).sum::<usize>();
        locks + self.leaders.values().map(BTreeMap::len).sum::<usize>()
    }
}
