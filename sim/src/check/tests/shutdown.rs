//! Claims about the checker of orderly ends.

use std::time::Duration;

use steadfast::process::ExitReason;
use steadfast::supervision::{ShutdownPolicy, Strategy};

use super::history::{GENTLE, History};
use crate::check::Shutdown;
use crate::fault::{Fault, Target};
use crate::trace::Phase;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Shutdown::new())
}

fn tree() -> History {
    History::tree(Strategy::OneForOne, &["a", "b"]).at(1_000)
}

/// Child `a` is asked to stop within 100 ms.
fn asked() -> History {
    tree().child_stopping(1, "a", 2, GENTLE)
}

fn good() -> History {
    tree()
        .stopping()
        .supervisor_stopping(1)
        .stop_child(1, "b", 3)
        .child_stopping(1, "a", 2, GENTLE)
        .after(100)
        .child_killed(1, "a", 2)
        .exited(2, ExitReason::Killed)
        .child_exited(1, "a", 2, ExitReason::Killed, true)
        .supervisor_stopped(1)
        .exited(1, ExitReason::SHUTDOWN)
        .stopped(true)
        .after(9_000)
        .note("")
}

#[test]
fn an_orderly_end_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_late_child_that_is_not_killed_is_caught() {
    assert_eq!(
        broken(asked().after(151).note("")),
        ["a_late_child_is_killed"]
    );
    assert!(broken(asked().after(150).note("")).is_empty());
    let exits = asked().after(99).exited(2, ExitReason::SHUTDOWN);
    assert!(broken(exits.after(500).note("")).is_empty());
}

#[test]
fn a_child_that_is_killed_too_early_is_caught() {
    let early = || asked().after(99).child_killed(1, "a", 2);
    assert_eq!(broken(early()), ["only_a_late_child_is_killed"]);
    let infinite = tree()
        .child_stopping(1, "a", 2, ShutdownPolicy::Infinite)
        .after(9_000)
        .child_killed(1, "a", 2);
    assert_eq!(broken(infinite), ["only_a_late_child_is_killed"]);
    let unasked = tree().child_killed(1, "a", 2);
    assert_eq!(broken(unasked), ["only_a_late_child_is_killed"]);
}

#[test]
fn a_task_may_be_killed_early_because_its_limit_can_be_shortened() {
    let history = History::new()
        .started()
        .spawned(1, 0, "tasks")
        .supervisor_of_kind(1, Strategy::OneForOne, (0, 0), true)
        .spawned(2, 1, "tasks/a")
        .child_stopping(1, "a", 2, GENTLE)
        .after(10)
        .child_killed(1, "a", 2)
        .exited(2, ExitReason::Killed);
    assert!(broken(history).is_empty());
}

#[test]
fn a_killed_child_that_lives_is_caught() {
    let killed = || asked().after(100).child_killed(1, "a", 2);
    assert_eq!(broken(killed().after(51).note("")), ["a_killed_child_ends"]);
    assert!(broken(killed().after(49).exited(2, ExitReason::Killed)).is_empty());
    let brutal = tree().child_stopping(1, "a", 2, ShutdownPolicy::Brutal);
    assert_eq!(broken(brutal.after(51).note("")), ["a_killed_child_ends"]);
}

#[test]
fn a_child_without_a_limit_may_take_its_time() {
    let infinite = tree().child_stopping(1, "a", 2, ShutdownPolicy::Infinite);
    assert!(broken(infinite.after(900_000).note("")).is_empty());
}

#[test]
fn a_child_that_ended_before_it_was_asked_owes_nothing() {
    let gone = tree().exited(2, ExitReason::Normal);
    let gone = gone.child_stopping(1, "a", 2, GENTLE).after(500).note("");
    assert!(broken(gone).is_empty());
}

#[test]
fn faults_of_time_move_the_limits_and_no_further() {
    let paused = || asked().after(50).paused(1).after(400).resumed(1);
    assert!(broken(paused().after(90).child_killed(1, "a", 2)).is_empty());
    assert_eq!(
        broken(paused().after(110).note("")),
        ["a_late_child_is_killed"]
    );
    let slow = Fault::Slow { factor: 3.0 };
    let slow = || tree().fired(0, slow, Target::All);
    let slow = || slow().child_stopping(1, "a", 2, GENTLE);
    assert!(broken(slow().after(440).note("")).is_empty());
    assert_eq!(
        broken(slow().after(460).note("")),
        ["a_late_child_is_killed"]
    );
    let fast = Fault::ClockDrift { rate_ppm: 500_000 };
    let fast = tree().fired(0, fast, Target::All);
    let fast = fast.child_stopping(1, "a", 2, GENTLE).after(67);
    assert!(broken(fast.child_killed(1, "a", 2)).is_empty());
}

#[test]
fn a_crash_ends_every_obligation() {
    assert!(broken(asked().after(10).crashed().after(9_000).note("")).is_empty());
}

#[test]
fn children_below_a_stopped_supervisor_are_caught() {
    let history = tree().supervisor_stopping(1).stop_child(1, "b", 3);
    assert_eq!(
        broken(history.supervisor_stopped(1)),
        ["a_stopped_supervisor_has_no_children"]
    );
}

#[test]
fn a_node_that_does_not_stop_in_good_order_is_caught() {
    let node = || History::new().started().phase(Phase::Stop).stopping();
    assert!(broken(node().stopped(true)).is_empty());
    assert_eq!(broken(node().stopped(false)), ["a_node_stops_in_time"]);
    assert_eq!(broken(node()), ["a_node_stops_in_time"]);
    assert!(broken(node().crashed()).is_empty());
    let paused = node().paused(1).after(500).resumed(1).stopped(false);
    assert!(broken(paused).is_empty());
}

#[test]
fn many_children_cost_no_more_than_one_each() {
    let mut history = History::new().started().spawned(1, 0, "top");
    for child in 2..2_000 {
        history = history.spawned(child, 1, "top/a");
        history = history.child_stopping(1, "a", child, GENTLE);
    }
    let violations = history.at(10_000).note("").violations(&mut Shutdown::new());
    assert_eq!(violations.len(), crate::check::Findings::KEPT_MAX);
    assert!(
        violations[0]
            .detail
            .contains(&format!("{:?}", Duration::from_millis(100)))
    );
}
