//! Whoever holds a lock does so alone, as far as its kind says that.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::coordination::{FencingToken, LockKind};
use steadfast::event::{CoordinationEvent, LockEvent, SessionEvent};
use steadfast::runtime::NodeId;
use steadfast::store::LeaseId;

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

/// Which locks exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Mutex,
    ReadWrite,
    Semaphore,
}

const fn family(kind: LockKind) -> Family {
    match kind {
        LockKind::Mutex => Family::Mutex,
        LockKind::Read | LockKind::Write => Family::ReadWrite,
        LockKind::Semaphore { .. } => Family::Semaphore,
    }
}

#[derive(Debug, Clone)]
struct Hold {
    node: NodeId,
    session: LeaseId,
    kind: LockKind,
}

/// One lock: its holders by token, and the highest tokens that there were.
#[derive(Debug, Default)]
struct Lock {
    holders: BTreeMap<FencingToken, Hold>,
    /// Of whoever had all of it.
    alone: Option<FencingToken>,
    /// Of anyone.
    any: Option<FencingToken>,
}

impl Lock {
    /// Says what is wrong with a holder beside those that there are.
    fn conflict(&self, kind: LockKind) -> Option<String> {
        let described = || {
            let holders = self.holders.iter();
            let holders = holders.map(|(token, hold)| {
                format!(
                    "{} of {} on {} by {token}",
                    hold.kind, hold.session, hold.node
                )
            });
            holders.collect::<Vec<_>>().join(", ")
        };
        let others = self.holders.values().map(|hold| hold.kind);
        let fits = match kind {
            LockKind::Mutex | LockKind::Write => self.holders.is_empty(),
            LockKind::Read => others.clone().all(|kind| kind == LockKind::Read),
            LockKind::Semaphore { permits, capacity } => {
                let taken = others.clone().map(|kind| match kind {
                    LockKind::Semaphore { permits, .. } => permits,
                    LockKind::Mutex | LockKind::Read | LockKind::Write => 0,
                });
                taken.fold(permits, u64::saturating_add) <= capacity
            }
        };
        (!fits).then(described)
    }
}

/// Checks that locks keep apart whom they must, as long as no node stands still and all
/// clocks run at nearly the same pace.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `holders_fit` | a lock is granted beside holders with whom it must not be shared |
/// | `tokens_grow` | a grant has no higher token than one before it that excluded it |
/// | `only_what_is_held_ends` | a lock is released, lost or downgraded that is not held |
/// | `an_ended_session_holds_nothing` | a session ends while something is held under it |
///
/// A crash ends what a node held. Bounded by what is held, and one token a lock.
#[derive(Debug, Default)]
pub struct LockHolders {
    locks: BTreeMap<(Family, Label), Lock>,
}

impl LockHolders {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            locks: BTreeMap::new(),
        }
    }

    fn lock(&mut self, lock: &Label, kind: LockKind) -> &mut Lock {
        self.locks.entry((family(kind), lock.clone())).or_default()
    }

    fn granted(&mut self, name: &Label, token: FencingToken, hold: Hold, findings: &mut Findings) {
        let (kind, session, node) = (hold.kind, hold.session, hold.node);
        let alone = matches!(kind, LockKind::Mutex | LockKind::Write);
        let lock = self.lock(name, kind);
        let who = format!("{kind} {name} was granted to {session} on {node} by {token}");
        if let Some(others) = lock.conflict(kind) {
            findings.violated("holders_fit", format!("{who}, beside {others}"));
        }
        let before = if alone { lock.any } else { lock.alone };
        if let Some(before) = before.filter(|before| *before >= token) {
            findings.violated("tokens_grow", format!("{who}, after {before}"));
        }
        if alone {
            lock.alone = lock.alone.max(Some(token));
        }
        lock.any = lock.any.max(Some(token));
        lock.holders.insert(token, hold);
    }

    fn ended(
        &mut self,
        name: &Label,
        kind: LockKind,
        token: FencingToken,
        how: &str,
        findings: &mut Findings,
    ) {
        if self.lock(name, kind).holders.remove(&token).is_none() {
            let detail = format!("{kind} {name} with {token} was {how}, but not held");
            findings.violated("only_what_is_held_ends", detail);
        }
    }

    fn observe_lock(&mut self, node: NodeId, event: &LockEvent, findings: &mut Findings) {
        use LockEvent as E;
        match event {
            E::Granted {
                lock,
                kind,
                session,
                token,
                ..
            } => {
                let (kind, session) = (*kind, *session);
                let hold = Hold {
                    node,
                    session,
                    kind,
                };
                self.granted(lock, *token, hold, findings);
            }
            E::Downgraded {
                lock, kind, token, ..
            } => match self.lock(lock, *kind).holders.get_mut(token) {
                Some(hold) => hold.kind = *kind,
                None => self.ended(lock, *kind, *token, "downgraded", findings),
            },
            E::Released {
                lock, kind, token, ..
            } => self.ended(lock, *kind, *token, "released", findings),
            E::Lost {
                lock, kind, token, ..
            } => self.ended(lock, *kind, *token, "lost", findings),
            E::Withdrawn {
                lock,
                kind,
                token: Some(token),
                ..
            } => {
                // A request that is given up has not been granted, in most cases.
                self.lock(lock, *kind).holders.remove(token);
            }
            E::Requested { .. }
            | E::Queued { .. }
            | E::Refused { .. }
            | E::Withdrawn { token: None, .. }
            | E::RevocationRequested { .. }
            | E::Removed { .. } => {}
        }
    }

    fn observe_session(&self, event: &SessionEvent, findings: &mut Findings) {
        let SessionEvent::Ended { session, end } = event else {
            return;
        };
        for ((_, name), lock) in &self.locks {
            for (token, hold) in &lock.holders {
                if hold.session == *session {
                    let kind = hold.kind;
                    let detail = format!("{session} {end} while it held {kind} {name} by {token}");
                    findings.violated("an_ended_session_holds_nothing", detail);
                }
            }
        }
    }
}

impl Checker for LockHolders {
    fn name(&self) -> &'static str {
        "lock_holders"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match Step::of(record) {
            Some(Step::Fact(node, CoordinationEvent::Lock(event))) => {
                self.observe_lock(node, event, findings);
            }
            Some(Step::Fact(_, CoordinationEvent::Session(event))) => {
                self.observe_session(event, findings);
            }
            Some(Step::Over(node)) => {
                for lock in self.locks.values_mut() {
                    lock.holders.retain(|_, hold| hold.node != node);
                }
            }
            Some(Step::Fact(..)) | None => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
