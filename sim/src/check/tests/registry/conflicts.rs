//! Claims about the checker of conflicts.

use steadfast::process::{ExitReason, ProcessId};

use super::super::history::History;
use super::facts::{key, lost_to, of};
use crate::check::{Conflicts, Reading};
use crate::trace::Phase;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Conflicts::new())
}

/// Three nodes with a process each, and the first two of them hold `a`.
fn split() -> History {
    (1..=3)
        .fold(History::new(), |history, node| {
            history
                .on(node, 1)
                .started()
                .serves("replicated")
                .spawned(1, 0, "w")
        })
        .on(1, 1)
        .registered("a", of(1, 1), 1)
        .on(2, 1)
        .registered("a", of(2, 1), 1)
}

/// A process loses `a` on its own node.
fn loses(history: History, loser: ProcessId, winner: ProcessId) -> History {
    history
        .on(loser.node.0, 1)
        .went(key("a"), loser, 1, lost_to(winner))
        .conflict("a", winner, loser)
}

fn good() -> History {
    loses(split(), of(2, 1), of(1, 1))
        .registered("a", of(1, 1), 2)
        .phase(Phase::Stop)
}

#[test]
fn a_conflict_with_one_loser_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn racers_that_all_lose_are_caught() {
    let both = loses(split(), of(2, 1), of(1, 1));
    let both = loses(both, of(1, 1), of(2, 1)).phase(Phase::Stop);
    assert_eq!(broken(both), ["a_conflict_has_a_survivor"]);
    let to_a_stranger = loses(split(), of(2, 1), of(3, 1));
    let to_a_stranger = loses(to_a_stranger, of(1, 1), of(3, 1)).phase(Phase::Stop);
    assert_eq!(broken(to_a_stranger), ["a_conflict_has_a_survivor"]);
}

#[test]
fn a_winner_that_is_gone_or_let_go_owes_nothing() {
    let lost = || loses(split(), of(2, 1), of(1, 1)).on(1, 1);
    let let_go = lost().left("a", of(1, 1), 1).phase(Phase::Stop);
    assert!(broken(let_go).is_empty());
    let ended = lost().exited(1, ExitReason::Normal).phase(Phase::Stop);
    assert!(broken(ended).is_empty());
    assert!(broken(lost().crashed().phase(Phase::Stop)).is_empty());
}

#[test]
fn a_loss_that_is_told_by_half_is_caught() {
    let silent = split().went(key("a"), of(2, 1), 1, lost_to(of(1, 1)));
    assert_eq!(broken(silent.phase(Phase::Stop)), ["a_loser_is_told"]);
    let false_alarm = split().conflict("a", of(1, 1), of(2, 1));
    assert_eq!(broken(false_alarm.phase(Phase::Stop)), ["a_loser_is_told"]);
    let undone = split().went(key("a"), of(2, 1), 1, lost_to(of(1, 1)));
    let undone = undone.registered("a", of(2, 1), 2);
    assert!(broken(undone.phase(Phase::Stop)).is_empty());
    let itself = loses(split(), of(2, 1), of(2, 1));
    assert_eq!(broken(itself), ["nobody_loses_to_itself"]);
}

#[test]
fn a_loser_that_has_the_name_again_unasked_is_caught() {
    let lost = || loses(split(), of(2, 1), of(1, 1));
    let back = |history: History| {
        let history = history.on(2, 1).registered("a", of(2, 1), 5);
        broken(history.phase(Phase::Stop))
    };
    assert_eq!(back(lost()), ["a_loser_stays_away"]);
    let wants = Reading::Wants {
        registry: "names".into(),
        process: of(2, 1),
        key: key("a"),
    };
    assert!(back(lost().reads(2, &wants)).is_empty());
}
