//! Claims about the checker of agreements.

use std::time::Duration;

use steadfast::event::{ConsensusEvent, CoordinationEvent, Event};
use steadfast::store::Revision;

use super::history::History;
use crate::check::Decisions;

impl History {
    fn consensus(self, event: ConsensusEvent) -> Self {
        self.core(Event::Coordination(CoordinationEvent::Consensus(event)))
    }

    fn proposes(self, value: &str) -> Self {
        let (instance, value) = ("plan".into(), value.into());
        self.consensus(ConsensusEvent::Proposed { instance, value })
    }

    fn learns(self, value: &str, index: u64) -> Self {
        self.learns_of("plan", value, index)
    }

    fn learns_of(self, instance: &str, value: &str, index: u64) -> Self {
        self.consensus(ConsensusEvent::Committed {
            instance: instance.into(),
            value: value.into(),
            index: Revision(index),
            took: Duration::ZERO,
        })
    }

    fn aborts(self, value: &str) -> Self {
        self.consensus(ConsensusEvent::Aborted {
            instance: "plan".into(),
            value: value.into(),
            why: "no".into(),
        })
    }

    fn waits_no_more(self, value: &str, pending: bool) -> Self {
        self.consensus(ConsensusEvent::TimedOut {
            instance: "plan".into(),
            value: value.into(),
            waited: Duration::ZERO,
            pending,
        })
    }
}

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Decisions::new())
}

const NONE: [&str; 0] = [];

#[test]
fn one_value_for_all_who_learn_is_right() {
    let both = History::new().proposes("a").on(2, 1).proposes("b");
    let both = both.learns("a", 5).on(1, 1).learns("a", 5).crashed();
    assert_eq!(broken(both.on(1, 2).proposes("c").learns("a", 5)), NONE);
    // The proposer waited in vain, and its value was chosen all the same.
    let late = History::new().proposes("a").waits_no_more("a", true);
    assert_eq!(broken(late.on(2, 1).learns("a", 5)), NONE);
    // Of two proposals of one value the other one was chosen.
    let twice = History::new().proposes("a").proposes("a").aborts("a");
    assert_eq!(broken(twice.learns("a", 5)), NONE);
}

#[test]
fn another_value_and_another_index_are_found() {
    let two = History::new().proposes("a").on(2, 1).proposes("b");
    let other = two.clone().learns("a", 5).on(1, 1).learns("b", 6);
    assert_eq!(broken(other), ["one_value_is_decided"]);
    let again = two.learns("a", 5).on(1, 1).learns("a", 6);
    assert_eq!(broken(again), ["one_value_is_decided"]);
}

#[test]
fn what_nobody_proposed_is_found() {
    let other = History::new().proposes("a").learns("b", 5);
    assert_eq!(broken(other), ["what_is_decided_was_proposed"]);
}

#[test]
fn what_was_said_to_come_to_nothing_and_is_decided_is_found() {
    let nothing = ["what_came_to_nothing_is_not_decided"];
    let before = History::new().proposes("a").aborts("a").learns("a", 5);
    assert_eq!(broken(before), nothing);
    let after = History::new().proposes("a").on(2, 1).learns("a", 5);
    assert_eq!(broken(after.waits_no_more("a", false)), nothing);
}

#[test]
fn two_instances_at_one_index_are_found() {
    let both = History::new().proposes("a").learns("a", 5);
    let other = ConsensusEvent::Proposed {
        instance: "other".into(),
        value: "a".into(),
    };
    let both = both.consensus(other).learns_of("other", "a", 5);
    assert_eq!(broken(both), ["instances_differ"]);
}
