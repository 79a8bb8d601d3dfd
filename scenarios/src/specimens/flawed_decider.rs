//! Deciders that are wrong in one way each.

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::catalogue::agreements::Agreements;
use crate::coordination::{Decider, Misjudgement};

pub(super) fn specimens() -> Vec<Specimen> {
    let decider = |name, story, misjudgement, invariant| {
        let decider = Decider::Homemade(misjudgement);
        let checker = "decisions";
        let caught_by = CaughtBy::Invariant { checker, invariant };
        specimen(
            Agreements {
                name,
                story,
                decider,
            },
            caught_by,
        )
    };
    vec![
        decider(
            "lonely_decision",
            "who knows of no decision takes its own proposal for one",
            Misjudgement::TrustsItsView,
            "one_value_is_decided",
        ),
        decider(
            "decision_by_clock",
            "whoever proposed first is right, by clocks that differ",
            Misjudgement::TrustsClocks,
            "one_value_is_decided",
        ),
        decider(
            "aborted_and_decided",
            "a proposal is said to be aborted though it may have been decided",
            Misjudgement::TakesUnknownForNothing,
            "what_came_to_nothing_is_not_decided",
        ),
    ]
}
