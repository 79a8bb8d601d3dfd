//! Claims about lost restarts.

use steadfast::process::ExitReason;
use steadfast::supervision::{Restart, ShutdownPolicy, Strategy};

use super::history::{GENTLE, History};
use crate::check::RestartBudget;
use crate::fault::{Fault, Target};

const LOST: &str = "no_restart_is_lost";

fn broken(history: History) -> Vec<String> {
    history.broken(&mut RestartBudget::new())
}

/// Much later, something else happens.
fn later(history: History) -> Vec<String> {
    broken(history.after(20_000).note("").after(20_000).note(""))
}

/// Children a, b, c, d: processes 2, 3, 4, 5.
fn tree(strategy: Strategy) -> History {
    History::tree(strategy, &["a", "b", "c", "d"])
}

fn good() -> History {
    tree(Strategy::OneForAll)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 500, 1)
        .stop_child(1, "d", 5)
        .stop_child(1, "c", 4)
        .stop_child(1, "a", 2)
        .after(500)
        .start_child(1, "a", 6)
        .start_failed(1, "b")
        .scheduled(1, "b", 900, 2)
        .stop_child(1, "a", 6)
        .after(900)
        .start_child(1, "a", 7)
        .start_child(1, "b", 8)
        .start_child(1, "c", 9)
        .start_child(1, "d", 10)
}

#[test]
fn restarts_that_come_in_time_are_fine() {
    assert!(later(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        later(good().shuffled(seed));
    }
}

#[test]
fn a_failure_without_any_decision_is_caught() {
    let lost = || tree(Strategy::OneForOne).fail_child(1, "b", 3);
    assert_eq!(later(lost()), [LOST]);
    assert_eq!(broken(lost().after(1_101).note("")), [LOST]);
    assert!(broken(lost().after(1_000).note("")).is_empty());
}

#[test]
fn a_decision_that_is_not_carried_out_is_caught() {
    let decided = || {
        tree(Strategy::OneForOne)
            .fail_child(1, "b", 3)
            .scheduled(1, "b", 5_000, 1)
    };
    assert_eq!(later(decided()), [LOST]);
    assert!(broken(decided().after(6_000).note("")).is_empty());
    assert!(later(decided().after(5_000).start_child(1, "b", 6)).is_empty());
}

#[test]
fn a_start_that_fails_in_a_restart_is_owed_again() {
    let failing = || {
        tree(Strategy::OneForOne)
            .fail_child(1, "b", 3)
            .scheduled(1, "b", 0, 1)
            .spawned(6, 1, "top/b")
            .exited(6, ExitReason::Normal)
            .child_exited(1, "b", 6, ExitReason::Normal, false)
            .start_failed(1, "b")
    };
    assert_eq!(later(failing()), [LOST]);
    assert!(later(failing().limit_exceeded(1, "b")).is_empty());
    let on_request = tree(Strategy::OneForOne)
        .stop_child(1, "b", 3)
        .start_failed(1, "b");
    assert!(later(on_request).is_empty());
}

#[test]
fn whatever_settles_a_debt_is_accepted() {
    let owed = || {
        tree(Strategy::OneForOne)
            .fail_child(1, "b", 3)
            .scheduled(1, "b", 500, 1)
    };
    assert!(later(owed().ignored(1, "b")).is_empty());
    assert!(later(owed().removed(1, "b")).is_empty());
    assert!(later(owed().cancelled(1, "b")).is_empty());
    assert!(later(owed().supervisor_stopping(1)).is_empty());
    assert!(later(owed().crashed()).is_empty());
    let killed = [2, 4, 5, 1].into_iter().fold(owed(), |history, process| {
        history.exited(process, ExitReason::Killed)
    });
    assert!(later(killed).is_empty());
}

#[test]
fn ends_that_ask_for_no_restart_are_no_debt() {
    let child = |restart| {
        History::new()
            .started()
            .spawned(1, 0, "top")
            .supervisor(1, Strategy::OneForOne, 1, 1_000)
            .child(1, "a", 0, restart, GENTLE)
            .start_child(1, "a", 2)
    };
    let normal = |restart| {
        child(restart).exited(2, ExitReason::Normal).child_exited(
            1,
            "a",
            2,
            ExitReason::Normal,
            false,
        )
    };
    assert!(later(normal(Restart::Transient)).is_empty());
    assert_eq!(later(normal(Restart::Permanent)), [LOST]);
    assert!(later(child(Restart::Temporary).fail_child(1, "a", 2)).is_empty());
    assert_eq!(
        later(child(Restart::Transient).fail_child(1, "a", 2)),
        [LOST]
    );
    assert!(later(child(Restart::Permanent).stop_child(1, "a", 2)).is_empty());
}

#[test]
fn siblings_that_were_stopped_for_a_restart_are_owed_too() {
    let group = |strategy| {
        tree(strategy)
            .fail_child(1, "b", 3)
            .scheduled(1, "b", 0, 1)
            .stop_child(1, "d", 5)
            .start_child(1, "b", 6)
    };
    for strategy in [
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::DependentsForOne,
    ] {
        assert_eq!(later(group(strategy)), [LOST]);
        assert!(later(group(strategy).start_child(1, "d", 7)).is_empty());
    }
    // In one_for_one that stop was a caller's.
    let alone = tree(Strategy::OneForOne)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 500, 1)
        .stop_child(1, "d", 5)
        .start_child(1, "b", 6);
    assert!(later(alone).is_empty());
}

#[test]
fn siblings_that_wait_for_a_cancelled_restart_stay_down() {
    let cancelled = tree(Strategy::OneForAll)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 500, 1)
        .stop_child(1, "d", 5)
        .cancelled(1, "b");
    assert!(later(cancelled).is_empty());
}

#[test]
fn a_failure_during_the_restart_of_its_group_goes_along_with_it() {
    let restarting = tree(Strategy::RestForOne)
        .fail_child(1, "c", 4)
        .scheduled(1, "c", 500, 1)
        .stop_child(1, "d", 5)
        .fail_child(1, "b", 3)
        .scheduled(1, "b", 8_000, 2)
        .after(8_000)
        .start_child(1, "b", 6)
        .start_child(1, "c", 7)
        .start_child(1, "d", 8);
    assert!(later(restarting).is_empty());
}

#[test]
fn a_supervisor_that_is_busy_pays_later() {
    let busy = || {
        tree(Strategy::OneForOne)
            .child_stopping(1, "a", 2, ShutdownPolicy::Infinite)
            .fail_child(1, "b", 3)
            .after(60_000)
            .note("")
            .exited(2, ExitReason::SHUTDOWN)
            .child_exited(1, "a", 2, ExitReason::SHUTDOWN, true)
            .after(1_000)
            .note("")
    };
    let paid = busy().scheduled(1, "b", 0, 1).start_child(1, "b", 6);
    assert!(later(paid).is_empty());
    assert_eq!(later(busy()), [LOST]);
}

#[test]
fn a_dynamic_supervisor_does_many_things_at_once() {
    let history = History::new()
        .started()
        .spawned(1, 0, "top")
        .supervisor_of_kind(1, Strategy::OneForOne, (3, 5_000), true)
        .child(1, "a", 0, Restart::Permanent, GENTLE)
        .start_child(1, "a", 2)
        .child(1, "b", 1, Restart::Permanent, GENTLE)
        .start_child(1, "b", 3)
        .child_stopping(1, "a", 2, ShutdownPolicy::Infinite)
        .fail_child(1, "b", 3);
    assert_eq!(later(history), [LOST]);
}

#[test]
fn a_start_that_is_called_off_on_request_is_no_debt_but_one_that_hangs_is() {
    let stopped = || {
        tree(Strategy::OneForOne)
            .fail_child(1, "b", 3)
            .scheduled(1, "b", 0, 1)
            .spawned(6, 1, "top/b")
            .child_stopping(1, "b", 6, ShutdownPolicy::Brutal)
            .exited(6, ExitReason::Killed)
            .child_exited(1, "b", 6, ExitReason::Killed, true)
    };
    assert!(later(stopped()).is_empty());
    assert_eq!(later(stopped().start_failed(1, "b")), [LOST]);
}

#[test]
fn faults_of_time_give_more_time() {
    let lost = || tree(Strategy::OneForOne).fail_child(1, "b", 3);
    let paused = lost().paused(1).after(20_000).note("").resumed(1);
    let paused = paused.scheduled(1, "b", 0, 1).start_child(1, "b", 6);
    assert!(later(paused).is_empty());
    let slow = Fault::Slow { factor: 10.0 };
    let slow = tree(Strategy::OneForOne).fired(0, slow, Target::All);
    let slow = slow.fail_child(1, "b", 3).scheduled(1, "b", 2_000, 1);
    let slow = slow.after(19_900).note("").start_child(1, "b", 6);
    assert!(later(slow).is_empty());
}
