//! Claims about the checker of orphans.

use steadfast::process::ExitReason;
use steadfast::supervision::Strategy;

use super::history::History;
use crate::check::Orphans;
use crate::fault::{Fault, Target};

const NORMAL: ExitReason = ExitReason::Normal;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Orphans::new())
}

/// A tree that stops in good order, its supervisor last.
fn good() -> History {
    History::tree(Strategy::OneForOne, &["a", "b"])
        .after(10)
        .fail_child(1, "a", 2)
        .start_child(1, "a", 4)
        .after(10)
        .stopping()
        .exited(3, ExitReason::SHUTDOWN)
        .exited(4, ExitReason::SHUTDOWN)
        .exited(1, ExitReason::SHUTDOWN)
        .stopped(true)
}

#[test]
fn a_tree_that_stops_in_order_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_child_that_outlives_its_parent_is_caught() {
    let history = History::tree(Strategy::OneForOne, &["a"]).exited(1, NORMAL);
    assert_eq!(broken(history), ["no_child_outlives_its_parent"]);
}

#[test]
fn a_child_of_the_dead_or_of_a_stranger_is_caught() {
    let dead = History::new()
        .started()
        .spawned(1, 0, "top")
        .exited(1, NORMAL)
        .spawned(2, 1, "top/late");
    assert_eq!(broken(dead), ["born_under_the_living"]);
    let unknown = History::new().started().spawned(2, 9, "top/lost");
    assert_eq!(broken(unknown), ["born_under_the_living"]);
}

#[test]
fn a_task_started_for_a_caller_belongs_to_its_supervisor() {
    // Process 3 runs below supervisor 1 although process 2 started it.
    let history = History::new()
        .started()
        .spawned(1, 0, "top")
        .spawned(2, 0, "caller")
        .process_spawned(3, 1, "top/task#1")
        .task_spawned(3, 2, "top/task#1")
        .exited(2, NORMAL)
        .after(1_000)
        .exited(3, NORMAL)
        .exited(1, NORMAL);
    assert!(broken(history).is_empty());
}

#[test]
fn nested_starts_find_their_tasks() {
    // The body of process 1 starts process 2 before its own task is spawned.
    let history = History::new()
        .started()
        .process_spawned(1, 0, "same")
        .process_spawned(2, 0, "same")
        .task_spawned(1, 0, "same")
        .task_spawned(2, 0, "same")
        .process_exited(2, NORMAL)
        .task_ended(1)
        .process_exited(1, NORMAL)
        .task_ended(2)
        .after(1_000)
        .note("");
    assert!(broken(history).is_empty());
}

#[test]
fn a_raw_task_that_outlives_its_owner_is_caught_after_its_grace() {
    let detached = || {
        History::new()
            .started()
            .spawned(1, 0, "worker")
            .task_spawned(2, 1, "pump")
            .exited(1, NORMAL)
    };
    assert_eq!(
        broken(detached().after(51).note("")),
        ["no_task_outlives_its_owner"]
    );
    assert!(broken(detached().after(49).task_ended(2).after(9).note("")).is_empty());
    let grandchild = detached()
        .task_spawned(3, 2, "pump of the pump")
        .task_ended(2)
        .after(51)
        .note("");
    assert_eq!(broken(grandchild), ["no_task_outlives_its_owner"]);
}

#[test]
fn a_task_on_a_node_that_stands_still_has_its_grace_later() {
    let detached = || {
        History::new()
            .started()
            .spawned(1, 0, "worker")
            .task_spawned(2, 1, "pump")
            .exited(1, NORMAL)
            .paused(1)
            .after(500)
            .note("still paused")
            .resumed(1)
    };
    assert!(broken(detached().after(40).task_ended(2)).is_empty());
    assert_eq!(
        broken(detached().after(60).note("")),
        ["no_task_outlives_its_owner"]
    );
    let slow = Fault::Slow { factor: 10.0 };
    let slow = History::new().fired(0, slow, Target::All).started();
    let slow = slow.spawned(1, 0, "worker").task_spawned(2, 1, "pump");
    assert!(broken(slow.exited(1, NORMAL).after(400).task_ended(2)).is_empty());
}

#[test]
fn a_process_whose_task_is_gone_is_caught() {
    let history = History::new().started().spawned(1, 0, "top").task_ended(1);
    assert_eq!(broken(history), ["a_process_has_its_task"]);
    let stays = History::new().started().spawned(1, 0, "top");
    let stays = stays.process_exited(1, NORMAL).after(60).note("");
    assert_eq!(broken(stays), ["no_task_outlives_its_owner"]);
}

#[test]
fn a_crash_takes_everything_and_the_dead_stay_silent() {
    let crashed = || {
        History::tree(Strategy::OneForOne, &["a"])
            .after(5)
            .crashed()
    };
    assert!(broken(crashed().after(100).on(1, 2).started().spawned(1, 0, "top")).is_empty());
    assert_eq!(
        broken(crashed().exited(2, ExitReason::Killed)),
        ["nothing_is_seen_after_the_end"]
    );
    let later = crashed().on(1, 2).started().on(1, 1).task_ended(2);
    assert_eq!(broken(later), ["nothing_is_seen_after_the_end"]);
    let failure = crashed().on(1, 2).started().on(1, 1).settled(1);
    assert_eq!(broken(failure), ["nothing_is_seen_after_the_end"]);
}

#[test]
fn what_is_alive_after_a_stop_is_caught() {
    let process = History::new().started().spawned(1, 0, "top").stopped(true);
    assert_eq!(broken(process), ["nothing_lives_after_a_stop"]);
    let task = History::new().started().task_spawned(1, 0, "stray");
    assert_eq!(broken(task.stopped(true)), ["nothing_lives_after_a_stop"]);
    let late = History::new().started().stopped(true).spawned(1, 0, "late");
    assert_eq!(broken(late), ["nothing_is_seen_after_the_end"]);
}

#[test]
fn a_task_that_is_being_aborted_may_end_just_after_the_stop() {
    let history = || {
        History::new()
            .started()
            .spawned(1, 0, "worker")
            .task_spawned(2, 1, "pump")
            .exited(1, NORMAL)
            .stopped(true)
    };
    assert!(broken(history().after(1).task_ended(2)).is_empty());
    assert_eq!(
        broken(history().after(60).note("")),
        ["no_task_outlives_its_owner"]
    );
}

#[test]
fn tasks_behind_the_runtimes_back_are_caught() {
    let history = History::new().started();
    assert!(broken(history.clone().foreign(0)).is_empty());
    assert_eq!(broken(history.foreign(2)), ["every_task_is_the_runtimes"]);
}
