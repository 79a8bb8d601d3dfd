//! Elections that are wrong in one way each.

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::catalogue::elections::Elections;
use crate::coordination::{Electors, Misrule};
use crate::weather;

pub(super) fn specimens() -> Vec<Specimen> {
    let election = |name, story, misrule, checker, invariant| {
        let caught_by = CaughtBy::Invariant { checker, invariant };
        let elections = Elections {
            name,
            story,
            weather: weather::of_connected_replicas,
            electors: Electors::Homemade(misrule),
        };
        specimen(elections, caught_by)
    };
    vec![
        election(
            "two_leaders",
            "a candidate that sees nobody leading leads, though another one did the same",
            Misrule::LeadsWhatSeemsFree,
            "leaderships",
            "one_leads",
        ),
        election(
            "clock_term",
            "terms come from the clocks of the nodes, which differ",
            Misrule::CountsByClock,
            "leaderships",
            "terms_grow",
        ),
        election(
            "backward_observer",
            "an observer that gets no answer shows the leader that it knew at first",
            Misrule::ShowsThePast,
            "observers",
            "an_observer_never_goes_back",
        ),
    ]
}
