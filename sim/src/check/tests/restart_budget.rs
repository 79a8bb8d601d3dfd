//! Claims about the checker of restart limits.

use steadfast::process::ExitReason;
use steadfast::supervision::{Restart, Strategy};

use super::history::{GENTLE, History};
use crate::check::RestartBudget;
use crate::fault::{Fault, Target};

fn broken(history: History) -> Vec<String> {
    history.broken(&mut RestartBudget::new())
}

/// One permanent child a, process 2, that may be restarted twice in a second.
fn tree() -> History {
    History::new()
        .started()
        .spawned(1, 0, "top")
        .supervisor(1, Strategy::OneForOne, 2, 1_000)
        .child(1, "a", 0, Restart::Permanent, GENTLE)
        .start_child(1, "a", 2)
}

/// The child, now this process, fails and is restarted as the next.
fn restart(history: History, process: u64, in_window: u32) -> History {
    history
        .fail_child(1, "a", process)
        .scheduled(1, "a", 0, in_window)
        .start_child(1, "a", process + 1)
}

fn twice() -> History {
    restart(restart(tree(), 2, 1).after(1_000), 3, 2)
}

fn good() -> History {
    twice()
        .fail_child(1, "a", 4)
        .intensity_exceeded(1, "a", 3)
        .supervisor_stopping(1)
        .supervisor_stopped(1)
        .exited(1, ExitReason::SHUTDOWN)
        .after(9_000)
        .note("")
}

#[test]
fn a_budget_that_is_used_up_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_restart_beyond_the_intensity_is_caught() {
    assert_eq!(broken(restart(twice(), 4, 3)), ["the_intensity_is_kept"]);
}

#[test]
fn a_restart_just_out_of_the_window_counts_no_more() {
    let later = restart(twice().after(1), 4, 2);
    assert!(broken(later).is_empty());
}

#[test]
fn an_end_within_the_budget_is_caught() {
    let early = restart(tree(), 2, 1)
        .fail_child(1, "a", 3)
        .intensity_exceeded(1, "a", 3)
        .supervisor_stopping(1);
    assert_eq!(
        broken(early),
        ["the_intensity_is_used_up_first", "restarts_are_counted"]
    );
    let shared = tree()
        .fail_child(1, "a", 2)
        .intensity_exceeded(1, "a", 1)
        .supervisor_stopping(1);
    assert_eq!(broken(shared), ["the_intensity_is_used_up_first"]);
}

#[test]
fn a_wrong_count_is_caught() {
    assert_eq!(broken(restart(tree(), 2, 2)), ["restarts_are_counted"]);
}

#[test]
fn a_supervisor_that_goes_on_is_caught() {
    let exceeded = || twice().fail_child(1, "a", 4).intensity_exceeded(1, "a", 3);
    let invariant = "an_exceeded_intensity_ends_the_supervisor";
    assert_eq!(broken(exceeded().after(1_051).note("")), [invariant]);
    let restarts = exceeded().after(900).scheduled(1, "a", 0, 3);
    assert!(broken(restarts).contains(&invariant.to_owned()));
    assert!(broken(exceeded().crashed().after(9_000).note("")).is_empty());
}

#[test]
fn a_clock_that_drifts_may_count_either_way() {
    let drift = Fault::ClockDrift { rate_ppm: 10_000 };
    let drifting = |in_window| {
        let history = tree().fired(0, drift, Target::All);
        let history = restart(restart(history, 2, 1).after(995), 3, in_window);
        broken(history)
    };
    assert!(drifting(1).is_empty());
    assert!(drifting(2).is_empty());
    assert_eq!(drifting(3), ["restarts_are_counted"]);
}

#[test]
fn a_change_of_the_limits_applies_from_then_on() {
    let tighter = restart(tree(), 2, 1).reconfigured(1, 1, 1_000);
    assert_eq!(broken(restart(tighter, 3, 2)), ["the_intensity_is_kept"]);
    let longer = restart(tree(), 2, 1)
        .after(1_500)
        .reconfigured(1, 2, 10_000);
    assert!(broken(restart(longer, 3, 2)).is_empty());
    // The short period has let the first restart go at the second.
    let forgotten = restart(restart(tree(), 2, 1).after(1_500), 3, 1);
    let forgotten = || forgotten.clone().reconfigured(1, 2, 10_000).after(1);
    assert!(broken(restart(forgotten(), 4, 2)).is_empty());
    assert_eq!(broken(restart(forgotten(), 4, 3)), ["restarts_are_counted"]);
}

#[test]
fn a_restart_that_nothing_asks_for_is_caught() {
    let child = |restart| {
        History::new()
            .started()
            .spawned(1, 0, "top")
            .supervisor(1, Strategy::OneForOne, 2, 1_000)
            .child(1, "a", 0, restart, GENTLE)
            .start_child(1, "a", 2)
    };
    let normal = |restart| {
        child(restart)
            .exited(2, ExitReason::Normal)
            .child_exited(1, "a", 2, ExitReason::Normal, false)
            .scheduled(1, "a", 0, 1)
            .start_child(1, "a", 3)
    };
    let invariant = "only_failures_are_restarted";
    assert_eq!(broken(normal(Restart::Transient)), [invariant]);
    assert_eq!(broken(normal(Restart::Temporary)), [invariant]);
    assert!(broken(normal(Restart::Permanent)).is_empty());
    let stopped = child(Restart::Permanent).stop_child(1, "a", 2);
    let stopped = stopped.scheduled(1, "a", 0, 1).start_child(1, "a", 3);
    assert_eq!(broken(stopped), [invariant]);
    let failing = child(Restart::Transient)
        .exited(2, ExitReason::Normal)
        .child_exited(1, "a", 2, ExitReason::Normal, false)
        .start_failed(1, "a")
        .scheduled(1, "a", 0, 1)
        .start_child(1, "a", 3);
    assert!(broken(failing).is_empty());
}

#[test]
fn a_child_that_was_given_up_stays_down() {
    let given_up = || tree().fail_child(1, "a", 2).limit_exceeded(1, "a");
    assert!(broken(given_up().after(9_000).note("")).is_empty());
    let again = given_up().scheduled(1, "a", 0, 1).start_child(1, "a", 3);
    assert_eq!(broken(again), ["a_child_given_up_stays_down"]);
    let on_request = restart(given_up().start_child(1, "a", 3), 3, 1);
    assert!(broken(on_request).is_empty());
}

#[test]
fn restarts_that_are_spaced_wider_than_the_window_never_exceed_it() {
    let mut history = tree();
    for process in 2..5_000 {
        history = restart(history.after(1_001), process, 1);
    }
    assert!(broken(history).is_empty());
}
