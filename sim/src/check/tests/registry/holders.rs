//! Claims about the checker of holders.

use steadfast::registry::{Cause, Key, Keys, Metadata};

use super::super::history::History;
use super::facts::of;
use crate::check::Holders;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Holders::new())
}

fn serving() -> History {
    History::new().started().serves("memory")
}

fn tier(tier: i64) -> Metadata {
    Metadata::new().with("tier", tier)
}

fn good() -> History {
    serving()
        .registered("a", of(1, 1), 1)
        .registered("b", of(1, 1), 2)
        .updated("a", of(1, 1), tier(2), 3)
        .left("a", of(1, 1), 3)
        .registered("a", of(1, 2), 4)
        .joined("g", of(1, 1), 5)
        .joined("g", of(1, 1), 6)
        .joined("g", of(1, 2), 7)
        .went(Key::new("groups", "g"), of(1, 1), 5, Cause::Exited)
        .switched("partitioned")
        .left("b", of(1, 1), 77)
        .updated("a", of(1, 2), tier(1), 1)
        .left("a", of(1, 2), 1)
        .closed("s")
        .opened("s", Keys::Unique)
        .crashed()
        .on(1, 2)
        .started()
        .serves("memory")
        .registered("a", of(1, 1), 1)
}

#[test]
fn a_history_of_one_holder_at_a_time_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_second_holder_is_caught_and_named() {
    let two = serving()
        .registered("a", of(1, 1), 1)
        .registered("a", of(1, 2), 2);
    let violations = two.clone().violations(&mut Holders::new());
    assert_eq!(
        violations[0].detail,
        "<n1.1.2> registered as s:a, held by <n1.1.1>"
    );
    assert_eq!(broken(two), ["a_name_has_one_holder"]);
    let again = serving()
        .registered("a", of(1, 1), 1)
        .registered("a", of(1, 1), 2);
    assert_eq!(broken(again), ["a_name_has_one_holder"]);
    let elsewhere = serving()
        .registered("a", of(1, 1), 1)
        .on(2, 1)
        .started()
        .serves("memory")
        .registered("a", of(2, 1), 1);
    assert!(broken(elsewhere).is_empty());
}

#[test]
fn a_change_of_what_is_not_held_is_caught() {
    let only_held = ["only_what_is_held_changes"];
    assert_eq!(broken(serving().left("a", of(1, 1), 1)), only_held);
    let held = || serving().registered("a", of(1, 1), 1);
    assert_eq!(broken(held().left("a", of(1, 2), 1)), only_held);
    assert_eq!(broken(held().updated("a", of(1, 2), tier(1), 2)), only_held);
    assert_eq!(
        broken(held().left("a", of(1, 1), 1).left("a", of(1, 1), 1)),
        only_held
    );
    assert_eq!(
        broken(held().left("a", of(1, 1), 2)),
        ["a_registration_keeps_its_revision"]
    );
    assert_eq!(
        broken(held().updated("a", of(1, 1), Metadata::new(), 2)),
        ["an_update_changes_something"]
    );
}

#[test]
fn revisions_that_stand_still_are_caught() {
    let held = || serving().registered("a", of(1, 1), 4);
    assert_eq!(
        broken(held().registered("b", of(1, 1), 4)),
        ["revisions_grow"]
    );
    assert_eq!(
        broken(held().updated("a", of(1, 1), tier(1), 3)),
        ["revisions_grow"]
    );
}

#[test]
fn scopes_are_open_while_they_are_used_and_empty_when_they_close() {
    let scopes = ["a_scope_opens_and_closes"];
    assert_eq!(broken(serving().opened("s", Keys::Unique)), scopes);
    assert_eq!(broken(serving().closed("s").closed("s")), scopes);
    assert_eq!(
        broken(serving().closed("s").registered("a", of(1, 1), 1)),
        scopes
    );
    let full = serving().registered("a", of(1, 1), 1).closed("s");
    assert_eq!(broken(full), ["a_closed_scope_is_empty"]);
}
