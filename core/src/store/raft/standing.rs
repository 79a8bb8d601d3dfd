//! When a leader that no majority answers falls silent.

use std::time::Duration;

use crate::runtime::Timestamp;

/// Whether a leader may still speak, decided from when a majority answered it last.
///
/// A leader whose messages arrive and whose answers do not keeps everybody else from
/// leading while it decides nothing. Consensus itself does not make it step down, so it
/// falls silent instead: for as long as the others need to elect one of them. Then it
/// speaks again for as long, because they may not have been there to do so.
pub(super) struct Standing {
    /// How long it speaks without an answer, and how long it is silent then.
    turn: Duration,
    /// The term in which it leads, and since when.
    leads: Option<(u64, Timestamp)>,
}

impl Standing {
    /// At a node where nobody wants to lead for `election` at least after it heard a
    /// leader, and twice that at most.
    pub(super) fn new(election: Duration) -> Self {
        Self {
            turn: (election * 4).max(Duration::from_nanos(1)),
            leads: None,
        }
    }

    /// How often it is to be asked.
    pub(super) fn period(&self) -> Duration {
        self.turn / 4
    }

    /// Whether it is to be silent now. `term` is that in which it leads, if it does;
    /// `answered` how long ago a majority answered, if one did in that term.
    pub(super) fn is_silent(
        &mut self,
        now: Timestamp,
        term: Option<u64>,
        answered: Option<Duration>,
    ) -> bool {
        let Some(term) = term else {
            self.leads = None;
            return false;
        };
        let since = match self.leads {
            Some((known, since)) if known == term => since,
            Some(_) | None => {
                self.leads = Some((term, now));
                now
            }
        };
        let alone = now.since(since).min(answered.unwrap_or(Duration::MAX));
        let turns = alone.as_nanos() / self.turn.as_nanos();
        !turns.is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION: Duration = Duration::from_millis(200);

    fn at(millis: u64) -> Timestamp {
        Timestamp::default() + Duration::from_millis(millis)
    }

    /// What a leader of term 3 does at these instants, after a majority answered it so
    /// long ago.
    fn silent(millis: &[u64], answered: impl Fn(u64) -> Option<u64>) -> Vec<bool> {
        let mut standing = Standing::new(ELECTION);
        assert!(!standing.is_silent(at(0), Some(3), None));
        let answered = |now| answered(now).map(Duration::from_millis);
        let look = |now: &u64| standing.is_silent(at(*now), Some(3), answered(*now));
        millis.iter().map(look).collect()
    }

    #[test]
    fn a_leader_that_is_answered_is_never_silent() {
        let instants = [100, 799, 800, 1_600, 9_000];
        assert_eq!(silent(&instants, |_| Some(60)), [false; 5]);
    }

    #[test]
    fn a_leader_without_a_majority_is_silent_every_other_turn() {
        let instants = [799, 800, 1_599, 1_600, 2_399, 2_400];
        let expected = [false, true, true, false, false, true];
        assert_eq!(silent(&instants, |_| None), expected);
        assert_eq!(silent(&instants, Some), expected);
    }

    #[test]
    fn a_new_term_and_the_end_of_a_lead_begin_anew() {
        let mut standing = Standing::new(ELECTION);
        assert!(!standing.is_silent(at(0), Some(3), None));
        assert!(standing.is_silent(at(900), Some(3), None));
        assert!(!standing.is_silent(at(900), Some(4), None));
        assert!(!standing.is_silent(at(5_000), None, None));
        assert!(!standing.is_silent(at(5_001), Some(4), None));
    }
}
