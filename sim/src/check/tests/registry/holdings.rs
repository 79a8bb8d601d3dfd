//! Claims about the checkers of what the dead hold, of refusals and of hand-over.

use steadfast::process::ExitReason;
use steadfast::registry::Cause;
use steadfast::supervision::Strategy;

use super::super::history::History;
use super::facts::{key, of};
use crate::check::{Endings, Handover, Refusals};

const NORMAL: ExitReason = ExitReason::Normal;

fn tree() -> History {
    History::tree(Strategy::OneForOne, &["a", "b"]).serves("memory")
}

fn good() -> History {
    tree()
        .registered("a", of(1, 2), 1)
        .refused("a", of(1, 3), of(1, 2))
        .left("a", of(1, 2), 1)
        .fail_child(1, "a", 2)
        .registered("a", of(1, 3), 2)
        .start_child(1, "a", 4)
        .refused("a", of(1, 4), of(1, 3))
        .crashed()
        .on(1, 2)
        .started()
        .serves("memory")
}

#[test]
fn names_that_go_before_their_holders_are_fine() {
    assert!(good().broken(&mut Endings::new()).is_empty());
    assert!(good().broken(&mut Refusals::new()).is_empty());
    assert!(good().broken(&mut Handover::new()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        good().shuffled(seed).broken(&mut Endings::new());
        good().shuffled(seed).broken(&mut Refusals::new());
        good().shuffled(seed).broken(&mut Handover::new());
    }
}

#[test]
fn a_name_of_a_process_that_exits_is_caught_at_its_exit() {
    let held = tree().registered("a", of(1, 2), 1).exited(2, NORMAL);
    assert_eq!(held.broken(&mut Endings::new()), ["the_dead_hold_nothing"]);
    let group = tree().joined("g", of(1, 2), 1).exited(2, NORMAL);
    assert_eq!(group.broken(&mut Endings::new()), ["the_dead_hold_nothing"]);
    // Another node learns of the end later.
    let other = tree()
        .on(2, 1)
        .started()
        .serves("replicated")
        .registered("a", of(1, 2), 1)
        .on(1, 1)
        .exited(2, NORMAL);
    assert!(other.broken(&mut Endings::new()).is_empty());
}

#[test]
fn a_registration_of_the_dead_is_caught() {
    let dead = tree().exited(2, NORMAL).registered("a", of(1, 2), 1);
    assert_eq!(
        dead.broken(&mut Endings::new()),
        ["the_dead_register_nothing"]
    );
    let unborn = tree().registered("a", of(1, 9), 1);
    assert_eq!(
        unborn.broken(&mut Endings::new()),
        ["the_dead_register_nothing"]
    );
}

#[test]
fn an_exit_that_does_not_happen_is_caught() {
    let said = || {
        let held = tree().registered("a", of(1, 2), 1);
        held.went(key("a"), of(1, 2), 1, Cause::Exited)
    };
    assert!(
        said()
            .exited(2, NORMAL)
            .broken(&mut Endings::new())
            .is_empty()
    );
    let lives = ["only_the_dead_have_exited"];
    assert_eq!(said().exited(3, NORMAL).broken(&mut Endings::new()), lives);
    let both = tree()
        .registered("a", of(1, 2), 1)
        .registered("b", of(1, 3), 2);
    let both = both.went(key("a"), of(1, 2), 1, Cause::Exited);
    let both = both.went(key("b"), of(1, 3), 2, Cause::Exited);
    let both = both.exited(3, NORMAL);
    assert_eq!(both.broken(&mut Endings::new()), lives);
}

#[test]
fn a_refusal_that_names_somebody_else_is_caught() {
    let lie = ["a_refusal_names_the_holder"];
    let held = || tree().registered("a", of(1, 2), 1);
    let nobody = tree().refused("a", of(1, 3), of(1, 2));
    assert_eq!(nobody.broken(&mut Refusals::new()), lie);
    let other = held().refused("a", of(1, 3), of(1, 1));
    assert_eq!(other.broken(&mut Refusals::new()), lie);
    let itself = held().refused("a", of(1, 2), of(1, 2));
    assert_eq!(
        itself.broken(&mut Refusals::new()),
        ["nobody_is_refused_what_it_holds"]
    );
}

#[test]
fn a_successor_that_meets_its_predecessor_is_caught() {
    let early = tree()
        .registered("a", of(1, 2), 1)
        .fail_child(1, "a", 2)
        .start_child(1, "a", 4);
    assert_eq!(
        early.broken(&mut Handover::new()),
        ["a_successor_finds_no_predecessor"]
    );
    let another = tree().registered("b", of(1, 3), 1).fail_child(1, "a", 2);
    assert!(
        another
            .start_child(1, "a", 4)
            .broken(&mut Handover::new())
            .is_empty()
    );
}
