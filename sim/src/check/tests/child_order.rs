//! Claims about the checker of the order of children.

use steadfast::process::ExitReason;
use steadfast::supervision::{Restart, Strategy};

use super::history::{GENTLE, History};
use crate::check::ChildOrder;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut ChildOrder::new())
}

/// Children a, b, c, d: processes 2, 3, 4, 5.
fn tree(strategy: Strategy) -> History {
    History::tree(strategy, &["a", "b", "c", "d"])
}

/// Child b fails and its restart is decided.
fn failed(strategy: Strategy) -> History {
    tree(strategy).fail_child(1, "b", 3).scheduled(1, "b", 0, 1)
}

fn one_for_all() -> History {
    failed(Strategy::OneForAll)
        .stop_child(1, "d", 5)
        .stop_child(1, "c", 4)
        .stop_child(1, "a", 2)
}

fn good() -> History {
    one_for_all()
        .start_child(1, "a", 6)
        .start_child(1, "b", 7)
        .start_child(1, "c", 8)
        .start_child(1, "d", 9)
        .supervisor_stopping(1)
        .stop_child(1, "d", 9)
        .stop_child(1, "c", 8)
        .stop_child(1, "b", 7)
        .stop_child(1, "a", 6)
        .supervisor_stopped(1)
}

#[test]
fn orderly_restarts_and_stops_are_fine() {
    assert!(broken(good()).is_empty());
    let rest = failed(Strategy::RestForOne)
        .stop_child(1, "d", 5)
        .stop_child(1, "c", 4)
        .start_child(1, "b", 6)
        .start_child(1, "c", 7)
        .start_child(1, "d", 8);
    assert!(broken(rest).is_empty());
    let one = failed(Strategy::OneForOne).start_child(1, "b", 6);
    assert!(broken(one).is_empty());
    let dependents = failed(Strategy::DependentsForOne)
        .stop_child(1, "d", 5)
        .start_child(1, "b", 6)
        .start_child(1, "d", 7);
    assert!(broken(dependents).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_first_start_out_of_order_is_caught() {
    let empty = || {
        History::new()
            .started()
            .spawned(1, 0, "top")
            .supervisor(1, Strategy::OneForOne, 1, 1_000)
            .child(1, "a", 0, Restart::Permanent, GENTLE)
            .child(1, "b", 1, Restart::Permanent, GENTLE)
    };
    let swapped = empty().start_child(1, "b", 2).start_child(1, "a", 3);
    assert_eq!(broken(swapped), ["children_start_in_order"]);
    let ignored = empty().ignored(1, "a").start_child(1, "b", 2);
    assert!(broken(ignored).is_empty());
}

#[test]
fn a_child_added_by_an_upgrade_may_wait_for_its_start() {
    let history = tree(Strategy::OneForOne)
        .child(1, "a", 0, Restart::Transient, GENTLE)
        .child(1, "e", 4, Restart::Permanent, GENTLE)
        .child(1, "f", 5, Restart::Permanent, GENTLE)
        .start_child(1, "f", 6)
        .supervisor_stopping(1)
        .stop_child(1, "f", 6)
        .stop_child(1, "d", 5)
        .stop_child(1, "c", 4)
        .stop_child(1, "b", 3)
        .stop_child(1, "a", 2);
    assert!(broken(history).is_empty());
}

#[test]
fn a_supervisor_that_stops_in_the_wrong_order_is_caught() {
    let forward = tree(Strategy::OneForOne)
        .supervisor_stopping(1)
        .stop_child(1, "a", 2);
    assert_eq!(broken(forward), ["children_stop_in_reverse_order"]);
    let at_once = tree(Strategy::OneForOne)
        .supervisor_stopping(1)
        .child_stopping(1, "d", 5, GENTLE)
        .child_stopping(1, "c", 4, GENTLE);
    assert_eq!(broken(at_once), ["children_stop_in_reverse_order"]);
}

#[test]
fn a_dynamic_supervisor_has_no_order() {
    let history = History::new()
        .started()
        .spawned(1, 0, "top")
        .supervisor_of_kind(1, Strategy::OneForOne, (1, 1_000), true)
        .child(1, "a", 0, Restart::Permanent, GENTLE)
        .child(1, "b", 1, Restart::Permanent, GENTLE)
        .start_child(1, "b", 2)
        .start_child(1, "a", 3)
        .supervisor_stopping(1)
        .child_stopping(1, "a", 3, GENTLE)
        .child_stopping(1, "b", 2, GENTLE);
    assert!(broken(history).is_empty());
}

#[test]
fn a_group_that_stops_in_the_wrong_order_is_caught() {
    let forward = failed(Strategy::OneForAll)
        .stop_child(1, "a", 2)
        .stop_child(1, "c", 4);
    assert_eq!(broken(forward), ["children_stop_in_reverse_order"]);
    let waiting = tree(Strategy::RestForOne)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 500, 1)
        .stop_child(1, "c", 4)
        .stop_child(1, "d", 5);
    assert_eq!(broken(waiting), ["children_stop_in_reverse_order"]);
}

#[test]
fn a_group_that_is_not_restarted_as_a_whole_is_caught() {
    let later = failed(Strategy::RestForOne)
        .stop_child(1, "d", 5)
        .start_child(1, "b", 6);
    assert_eq!(broken(later), ["a_group_restarts_as_a_whole"]);
    let earlier = failed(Strategy::OneForAll)
        .stop_child(1, "d", 5)
        .stop_child(1, "c", 4)
        .start_child(1, "b", 6);
    assert_eq!(broken(earlier), ["a_group_restarts_as_a_whole"]);
}

#[test]
fn a_group_that_starts_in_the_wrong_order_is_caught() {
    let failed_first = one_for_all().start_child(1, "b", 6);
    assert_eq!(broken(failed_first), ["children_start_in_order"]);
    let swapped = one_for_all()
        .start_child(1, "a", 6)
        .start_child(1, "b", 7)
        .start_child(1, "d", 8)
        .start_child(1, "c", 9);
    assert_eq!(broken(swapped), ["children_start_in_order"]);
    let later_first = one_for_all()
        .start_child(1, "a", 6)
        .start_child(1, "c", 7)
        .start_child(1, "b", 8);
    assert_eq!(broken(later_first), ["children_start_in_order"]);
}

#[test]
fn a_bystander_that_is_stopped_is_caught() {
    let one = failed(Strategy::OneForOne).stop_child(1, "c", 4);
    assert_eq!(broken(one), ["bystanders_are_left_alone"]);
    for strategy in [Strategy::RestForOne, Strategy::DependentsForOne] {
        let earlier = failed(strategy).stop_child(1, "a", 2);
        assert_eq!(broken(earlier), ["bystanders_are_left_alone"]);
    }
}

#[test]
fn calls_between_restarts_raise_no_alarm() {
    let waiting = tree(Strategy::OneForOne)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 500, 1)
        .stop_child(1, "c", 4)
        .start_child(1, "c", 6)
        .start_child(1, "b", 7);
    assert!(broken(waiting).is_empty());
    // The start of b fails, and a caller stops a before the next try.
    let between_tries = one_for_all()
        .start_child(1, "a", 6)
        .start_failed(1, "b")
        .scheduled(1, "b", 0, 2)
        .stop_child(1, "a", 6)
        .start_child(1, "a", 7)
        .start_child(1, "b", 8)
        .start_child(1, "c", 9)
        .start_child(1, "d", 10)
        .stop_child(1, "b", 8)
        .start_child(1, "b", 11);
    assert!(broken(between_tries).is_empty());
}

#[test]
fn a_start_that_is_called_off_leaves_the_others_their_order() {
    let history = one_for_all()
        .start_child(1, "a", 6)
        .start_child(1, "b", 7)
        .spawned(8, 1, "top/c")
        .child_stopping(1, "c", 8, GENTLE)
        .exited(8, ExitReason::SHUTDOWN)
        .child_exited(1, "c", 8, ExitReason::SHUTDOWN, true)
        .start_child(1, "d", 9)
        .start_child(1, "c", 10);
    assert!(broken(history).is_empty());
}

#[test]
fn temporary_bystanders_do_not_come_back() {
    let history = History::new()
        .started()
        .spawned(1, 0, "top")
        .supervisor(1, Strategy::OneForAll, 3, 5_000)
        .child(1, "a", 0, Restart::Permanent, GENTLE)
        .child(1, "t", 1, Restart::Temporary, GENTLE)
        .start_child(1, "a", 2)
        .start_child(1, "t", 3)
        .fail_child(1, "a", 2)
        .scheduled(1, "a", 0, 1)
        .stop_child(1, "t", 3)
        .removed(1, "t")
        .start_child(1, "a", 4);
    assert!(broken(history).is_empty());
}

#[test]
fn a_supervisor_that_is_killed_owes_no_order() {
    let killed = tree(Strategy::OneForOne)
        .exited(2, ExitReason::Killed)
        .exited(5, ExitReason::Killed)
        .exited(1, ExitReason::Killed)
        .child_stopping(1, "a", 2, GENTLE);
    assert!(broken(killed).is_empty());
}
