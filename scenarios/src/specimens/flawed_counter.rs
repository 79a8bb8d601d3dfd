//! Counters that are wrong in one way each.

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::catalogue::counters::Counters;
use crate::coordination::{CounterMaker, Miscount};

pub(super) fn specimens() -> Vec<Specimen> {
    let counter = |name, story, miscount, invariant| {
        let maker = CounterMaker::Homemade(miscount);
        let checker = "counter_bounds";
        let caught_by = CaughtBy::Invariant { checker, invariant };
        specimen(Counters { name, story, maker }, caught_by)
    };
    vec![
        counter(
            "lost_increment",
            "a counter is read and then written, so that of two who add at once one is lost",
            Miscount::WritesWhatItRead,
            "what_was_confirmed_is_there",
        ),
        counter(
            "increment_counted_twice",
            "an addition that may have happened is made again",
            Miscount::AddsAgain,
            "nothing_is_counted_twice",
        ),
    ]
}
