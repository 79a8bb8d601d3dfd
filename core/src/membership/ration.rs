//! How many messages a node may send.
//!
//! Pure: a bucket of one second's worth of sends that fills up evenly.

use super::packet::Urgency;
use crate::runtime::Timestamp;

const SECOND: u64 = 1_000_000_000;

/// The bucket. Its content is counted in sends times nanoseconds, so that no time is
/// lost in rounding.
#[derive(Debug)]
pub(super) struct Ration {
    per_second: u64,
    content: u64,
    filled: Timestamp,
}

impl Ration {
    /// A full bucket.
    pub(super) fn new(per_second: u32, now: Timestamp) -> Self {
        let per_second = u64::from(per_second);
        Self {
            per_second,
            content: per_second * SECOND,
            filled: now,
        }
    }

    /// Whether it is as good as full.
    pub(super) const fn is_ample(&self) -> bool {
        self.content + 2 * SECOND >= self.per_second * SECOND
    }

    /// Takes one send out. `false` if there is none, or if only the half that is kept
    /// for what is vital is left.
    pub(super) fn take(&mut self, now: Timestamp, urgency: Urgency) -> bool {
        let since = u64::try_from(now.since(self.filled).as_nanos()).unwrap_or(u64::MAX);
        self.filled = self.filled.max(now);
        let size = self.per_second * SECOND;
        let gained = since.min(SECOND) * self.per_second;
        self.content = size.min(self.content + gained);
        let kept = match urgency {
            Urgency::Vital => 0,
            Urgency::Spare => size / 2,
        };
        let taken = self.content >= kept + SECOND;
        if taken {
            self.content -= SECOND;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(ration: &mut Ration, now: u64, urgency: Urgency) -> u32 {
        let mut taken = 0;
        while ration.take(Timestamp(now), urgency) {
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_burst_is_one_seconds_worth_and_half_of_it_is_for_what_is_vital() {
        let mut ration = Ration::new(10, Timestamp::ZERO);
        assert_eq!(takes(&mut ration, 0, Urgency::Spare), 5);
        assert_eq!(takes(&mut ration, 0, Urgency::Vital), 5);
    }

    #[test]
    fn sends_come_back_evenly_and_do_not_pile_up() {
        let mut ration = Ration::new(10, Timestamp::ZERO);
        assert_eq!(takes(&mut ration, 0, Urgency::Vital), 10);
        assert_eq!(takes(&mut ration, SECOND / 10 - 1, Urgency::Vital), 0);
        assert_eq!(takes(&mut ration, SECOND / 10, Urgency::Vital), 1);
        assert_eq!(takes(&mut ration, 100 * SECOND, Urgency::Vital), 10);
    }
}
