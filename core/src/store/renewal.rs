//! When to renew a lease, and for how long its holder may rely on it.

use std::time::Duration;

use crate::runtime::Timestamp;

/// Why a lease cannot be relied on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseEnd {
    /// The store says that it is gone.
    Gone,
    /// No renewal was answered in time. It may live a little longer, but nobody may
    /// rely on that.
    Lapsed,
    /// Its holder closed it.
    Closed,
    /// It is not renewed any more, by wish of its holder or because whoever renewed it
    /// was dropped; its time runs out.
    Orphaned,
}

/// What the holder of a lease may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseState {
    /// It lives until then at least, by the holder's clock.
    Valid {
        /// The instant.
        until: Timestamp,
    },
    /// It is not to be relied on any more; this never changes back.
    Ended(LeaseEnd),
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until then.
    WaitUntil(Timestamp),
    /// Renew, and wait so long for the answer at most.
    Renew(Duration),
    /// It is over.
    Lapsed,
}

/// The plan of renewals of one lease.
///
/// A renewal counts from the instant at which it was asked for, never from its answer:
/// the store cannot have begun the time earlier than that, so the holder always gives up
/// before the store does, as far as both clocks run at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Renewal {
    ttl: Duration,
    until: Timestamp,
    next: Timestamp,
}

impl Renewal {
    /// Of a lease that was asked for at `asked`.
    pub(super) fn new(ttl: Duration, asked: Timestamp) -> Self {
        Self {
            ttl,
            until: asked + ttl,
            next: asked + ttl / 3,
        }
    }

    /// Until when the lease lives at least.
    pub(super) const fn until(&self) -> Timestamp {
        self.until
    }

    /// What is to be done now.
    pub(super) fn step(&self, now: Timestamp) -> Step {
        if now >= self.until {
            Step::Lapsed
        } else if now >= self.next {
            Step::Renew(self.until.since(now).min(self.ttl / 3))
        } else {
            Step::WaitUntil(self.next)
        }
    }

    /// A renewal that was asked for at `asked` was answered with this time to live.
    pub(super) fn renewed(&mut self, ttl: Duration, asked: Timestamp) {
        self.ttl = ttl;
        self.until = self.until.max(asked + ttl);
        self.next = asked + ttl / 3;
    }

    /// A renewal failed in a way that may pass.
    pub(super) fn failed(&mut self, now: Timestamp) {
        let pause = (self.ttl / 10).max(Duration::from_millis(1));
        // Never behind the end, so that the end is noticed when it comes.
        self.next = (now + pause).min(self.until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(9);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_third_of_the_time_passes_between_renewals() {
        let mut renewal = Renewal::new(TTL, at(0));
        assert_eq!(renewal.step(at(1)), Step::WaitUntil(at(3)));
        assert_eq!(renewal.step(at(3)), Step::Renew(TTL / 3));
        renewal.renewed(TTL, at(3));
        assert_eq!(renewal.until(), at(12));
        assert_eq!(renewal.step(at(4)), Step::WaitUntil(at(6)));
    }

    #[test]
    fn a_renewal_counts_from_when_it_was_asked_for() {
        let mut renewal = Renewal::new(TTL, at(0));
        // Asked at 3, answered at 5.
        renewal.renewed(TTL, at(3));
        assert_eq!(renewal.step(at(12)), Step::Lapsed);
    }

    #[test]
    fn failures_are_tried_again_until_the_lease_lapses_and_never_beyond() {
        let mut renewal = Renewal::new(TTL, at(0));
        let (mut now, mut tried) = (at(3), 0);
        loop {
            match renewal.step(now) {
                Step::Renew(limit) => {
                    assert!(now + limit <= at(9), "a try at {now} may take {limit:?}");
                    tried += 1;
                    renewal.failed(now);
                }
                Step::WaitUntil(next) => {
                    assert!(now < next && next <= at(9), "{next} after {now}");
                    now = next;
                }
                Step::Lapsed => break,
            }
        }
        assert_eq!((now, renewal.until()), (at(9), at(9)));
        assert!(tried > 3, "{tried} tries");
    }
}
