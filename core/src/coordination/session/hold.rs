//! One thing that is held under a session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::claims::Claim;
use crate::coordination::kind::LockKind;
use crate::coordination::latch::Latch;
use crate::coordination::loss::LossCause;
use crate::coordination::subject::Subject;
use crate::coordination::token::FencingToken;
use crate::runtime::Timestamp;

/// How it came that something is held no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::coordination) enum HoldEnd {
    /// Its holder let go.
    Released,
    /// It was lost.
    Lost(LossCause),
}

/// One thing that is held. It ends once, in one way.
pub(in crate::coordination) struct Hold {
    /// The attempt of the session that came to it.
    attempt: u64,
    subject: Mutex<Arc<Subject>>,
    /// The names that the session does not ask for again until this has ended.
    claim: Mutex<Option<Claim>>,
    token: FencingToken,
    since: Timestamp,
    pub(in crate::coordination) ended: Latch<HoldEnd>,
}

impl Hold {
    pub(in crate::coordination) fn new(
        attempt: u64,
        subject: Arc<Subject>,
        claim: Option<Claim>,
        token: FencingToken,
        since: Timestamp,
    ) -> Self {
        Self {
            attempt,
            subject: Mutex::new(subject),
            claim: Mutex::new(claim),
            token,
            since,
            ended: Latch::default(),
        }
    }

    /// What no other hold of the session has.
    pub(super) const fn key(&self) -> u64 {
        self.attempt
    }

    pub(in crate::coordination) const fn token(&self) -> FencingToken {
        self.token
    }

    pub(in crate::coordination) fn held(&self, now: Timestamp) -> Duration {
        now.since(self.since)
    }

    pub(in crate::coordination) fn subject(&self) -> Arc<Subject> {
        self.lock().clone()
    }

    /// A lock is held in another way from here on.
    pub(in crate::coordination) fn becomes(&self, kind: LockKind) {
        let mut subject = self.lock();
        if let Subject::Locks(names, _) = &**subject {
            *subject = Arc::new(Subject::Locks(names.clone(), kind));
        }
        drop(subject);
        if let Some(claim) = &*self.claim() {
            claim.becomes(kind);
        }
    }

    /// What comes of it is said of this from here on.
    pub(in crate::coordination) fn is_about(&self, subject: Subject) {
        *self.lock() = Arc::new(subject);
    }

    /// It has ended; its names can be asked for again. Whoever waits for the end learns
    /// of it after that.
    pub(super) fn end(&self, end: HoldEnd) {
        let claim = self.claim().take();
        drop(claim);
        self.ended.set(end);
    }

    fn claim(&self) -> MutexGuard<'_, Option<Claim>> {
        // Nothing that can panic runs under this lock.
        self.claim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Subject>> {
        // Nothing that can panic runs under this lock.
        self.subject.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
