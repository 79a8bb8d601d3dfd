//! Claims about the checker of failures.

use super::history::History;
use crate::check::Books;
use crate::trace::Phase;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Books::new())
}

fn good() -> History {
    History::new()
        .started()
        .delivered(1, 4)
        .delivered(2, 0)
        .settled(2)
        .settled(1)
        .delivered(3, 4)
        .crashed()
        .on(1, 2)
        .started()
        .delivered(1, 0)
        .settled(1)
        .phase(Phase::Stop)
        .stopped(true)
}

#[test]
fn settled_failures_and_those_of_the_dead_balance() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_dropped_failure_is_caught_and_says_what_it_was() {
    let history = History::new().started().delivered(7, 4).dropped(7);
    let violations = history.violations(&mut Books::new());
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].invariant, "every_failure_is_settled");
    let detail = &violations[0].detail;
    assert_eq!(detail, "n1.1!7 was swallowed by <n1.1.4>: failure 7");
}

#[test]
fn a_failure_that_is_open_at_the_end_is_caught() {
    let open = || History::new().started().delivered(1, 4);
    assert_eq!(broken(open().stopped(true)), ["every_failure_is_settled"]);
    assert_eq!(
        broken(open().phase(Phase::Stop)),
        ["every_failure_is_settled"]
    );
    // A run that is cut off before its end says nothing about what is open.
    assert!(broken(open()).is_empty());
    let other_node = open().settled(1).on(2, 1).delivered(1, 0).on(1, 1);
    assert!(broken(other_node.stopped(true)).is_empty());
}

#[test]
fn settling_twice_or_out_of_the_blue_is_caught() {
    let twice = History::new().delivered(1, 0).settled(1).settled(1);
    assert_eq!(broken(twice), ["a_failure_is_settled_once"]);
    let dropped = History::new().delivered(1, 0).settled(1).dropped(1);
    let both = ["a_failure_is_settled_once", "every_failure_is_settled"];
    assert_eq!(broken(dropped), both);
    let never = History::new().delivered(1, 0).settled(1).settled(2);
    assert_eq!(broken(never), ["only_delivered_failures_are_settled"]);
}

#[test]
fn an_identity_used_twice_is_caught_whatever_the_order() {
    let twice = History::new().delivered(1, 0).settled(1).delivered(1, 0);
    assert_eq!(broken(twice.settled(1)), ["a_failure_is_delivered_once"]);
    let late = History::new().delivered(2, 0).delivered(1, 0).settled(1);
    assert!(broken(late.settled(2)).is_empty());
}
