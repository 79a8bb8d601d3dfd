//! Claims about the checker of exits.

use steadfast::process::ExitReason;
use steadfast::supervision::Strategy;

use super::history::History;
use crate::check::Exits;
use crate::fault::{Fault, Target};

const NORMAL: ExitReason = ExitReason::Normal;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Exits::new())
}

fn tree() -> History {
    History::tree(Strategy::OneForOne, &["a", "b"])
}

fn good() -> History {
    tree()
        .fail_child(1, "a", 2)
        .start_child(1, "a", 4)
        .after(10)
        .supervisor_stopping(1)
        .stop_child(1, "b", 3)
        .stop_child(1, "a", 4)
        .supervisor_stopped(1)
        .exited(1, ExitReason::SHUTDOWN)
        .after(5_000)
        .note("")
}

#[test]
fn exits_that_are_seen_once_are_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn an_exit_that_is_seen_again_is_caught() {
    let again = tree()
        .fail_child(1, "a", 2)
        .child_exited(1, "a", 2, NORMAL, false);
    assert_eq!(broken(again), ["an_exit_is_seen_once"]);
}

#[test]
fn an_exit_that_is_never_seen_is_caught() {
    let missed = || tree().exited(2, NORMAL);
    assert_eq!(
        broken(missed().after(1_051).note("")),
        ["an_exit_is_seen_once"]
    );
    let late = missed().after(1_000).child_exited(1, "a", 2, NORMAL, false);
    assert!(broken(late).is_empty());
    let stopped = missed().supervisor_stopping(1).supervisor_stopped(1);
    assert_eq!(broken(stopped), ["an_exit_is_seen_once"]);
}

#[test]
fn a_supervisor_that_is_gone_owes_nothing() {
    let killed = tree()
        .exited(2, ExitReason::Killed)
        .exited(3, ExitReason::Killed)
        .exited(1, ExitReason::Killed);
    assert!(broken(killed.after(9_000).note("")).is_empty());
    let crashed = tree().exited(2, NORMAL).crashed().after(9_000);
    assert!(broken(crashed.note("")).is_empty());
}

#[test]
fn a_node_that_stands_still_or_is_slow_sees_exits_later() {
    let paused = tree().exited(2, NORMAL).paused(1).after(5_000).resumed(1);
    let paused = paused.after(100).child_exited(1, "a", 2, NORMAL, false);
    assert!(broken(paused).is_empty());
    let slow = Fault::Slow { factor: 4.0 };
    let slow = tree().fired(0, slow, Target::All).exited(2, NORMAL);
    assert!(broken(slow.after(4_000).note("")).is_empty());
}

#[test]
fn an_exit_that_is_seen_before_it_happens_is_caught() {
    let early = tree().child_exited(1, "a", 2, NORMAL, false);
    assert_eq!(broken(early), ["an_exit_is_not_seen_early"]);
    let unknown = tree().child_exited(1, "a", 77, NORMAL, false);
    assert_eq!(broken(unknown), ["an_exit_is_not_seen_early"]);
}

#[test]
fn an_exit_with_another_reason_is_caught() {
    let changed = tree()
        .exited(2, ExitReason::Panic("boom".into()))
        .child_exited(1, "a", 2, NORMAL, false);
    assert_eq!(broken(changed), ["an_exit_keeps_its_reason"]);
}

#[test]
fn an_exit_that_a_stranger_sees_is_caught() {
    let stranger = tree()
        .spawned(9, 0, "other")
        .supervisor(9, Strategy::OneForOne, 1, 1_000)
        .exited(2, NORMAL)
        .child_exited(9, "a", 2, NORMAL, false)
        .child_exited(1, "a", 2, NORMAL, false);
    assert_eq!(broken(stranger), ["an_exit_is_seen_by_the_parent"]);
}

#[test]
fn processes_start_and_exit_once() {
    let again = tree().fail_child(1, "a", 2).process_exited(2, NORMAL);
    assert_eq!(broken(again), ["a_process_exits_once"]);
    assert_eq!(
        broken(tree().process_exited(9, NORMAL)),
        ["a_process_exits_once"]
    );
    let reused = tree().fail_child(1, "a", 2).start_child(1, "a", 2);
    assert_eq!(broken(reused), ["a_process_starts_once"]);
}

#[test]
fn the_dead_do_nothing() {
    let gone = || tree().fail_child(1, "a", 2).fail_child(1, "b", 3);
    let gone = || gone().exited(1, NORMAL);
    assert!(broken(gone()).is_empty());
    assert_eq!(broken(gone().ignored(1, "a")), ["the_dead_are_silent"]);
    assert_eq!(broken(gone().delivered(1, 2)), ["the_dead_are_silent"]);
}
