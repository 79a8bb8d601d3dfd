//! Whether the lead is being handed over, as one node knows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::consensus::Vote;
use crate::runtime::Timestamp;

#[derive(Default)]
struct Known {
    /// Whom this node, which leads, hands the lead to.
    heir: Option<u32>,
    /// Of whom this node takes the lead, and until when it may say so.
    taken: Option<(Vote, Timestamp)>,
}

/// What a node knows of a lead that is handed over. Shared by the parts of one run.
#[derive(Clone, Default)]
pub(super) struct Lead(Arc<Shared>);

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    /// By how much the time of consensus is ahead of the clock, in nanoseconds.
    leapt: AtomicU64,
}

impl Lead {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing that can panic runs under this lock.
        let known = &self.0.known;
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By how much the time of consensus is ahead of the clock.
    pub(super) fn leapt(&self) -> Duration {
        Duration::from_nanos(self.0.leapt.load(Ordering::Acquire))
    }

    /// Lets so much time pass for consensus at once: it then takes the leader for one
    /// that was not heard of for as long, and may vote for another.
    pub(super) fn leap(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.leapt.fetch_add(nanos, Ordering::AcqRel);
    }

    /// Whom the lead is being handed to.
    pub(super) fn heir(&self) -> Option<u32> {
        self.lock().heir
    }

    /// Begins to hand the lead over, until what is answered is dropped; else says whom
    /// it is being handed to already.
    pub(super) fn hand_to(&self, heir: u32) -> Result<Handing, u32> {
        let mut known = self.lock();
        if let Some(other) = known.heir {
            return Err(other);
        }
        known.heir = Some(heir);
        Ok(Handing(self.clone()))
    }

    /// This node takes the lead of whoever led by this vote.
    pub(super) fn take(&self, of: Vote, until: Timestamp) {
        self.lock().taken = Some((of, until));
    }

    /// Of whom this node takes the lead now.
    pub(super) fn taken(&self, now: Timestamp) -> Option<Vote> {
        let taken = self.lock().taken;
        taken.filter(|(_, until)| now < *until).map(|(of, _)| of)
    }
}

/// While it exists, the lead is being handed over and nothing new is proposed.
pub(super) struct Handing(Lead);

impl Drop for Handing {
    fn drop(&mut self) {
        self.0.lock().heir = None;
    }
}
