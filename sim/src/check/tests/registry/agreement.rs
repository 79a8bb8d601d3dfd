//! Claims about the checker of agreement.

use steadfast::process::ExitReason;
use steadfast::registry::Metadata;

use super::super::history::History;
use super::facts::{NAMES, of};
use crate::check::Agreement;
use crate::trace::Phase;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Agreement::of(NAMES))
}

/// Three nodes with a process each; the first two are healed.
fn cluster() -> History {
    (1..=3)
        .fold(History::new(), |history, node| {
            history
                .on(node, 1)
                .started()
                .serves("replicated")
                .spawned(1, 0, "w")
        })
        .core_healed(&[1, 2])
}

/// The first two nodes see the process of the first one.
fn seen() -> History {
    let history = cluster().on(1, 1).registered("a", of(1, 1), 1);
    history.on(2, 1).registered("a", of(1, 1), 1)
}

fn good() -> History {
    // What the third node does is its own affair.
    seen()
        .on(3, 1)
        .registered("c", of(3, 1), 1)
        .on(1, 1)
        .registered("c", of(3, 1), 2)
        .phase(Phase::Stop)
}

#[test]
fn a_core_that_agrees_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn views_that_differ_are_caught() {
    let same = ["the_core_sees_the_same"];
    let missing = cluster().on(1, 1).registered("a", of(1, 1), 1);
    assert_eq!(broken(missing.phase(Phase::Stop)), same);
    let stale = seen().on(1, 1);
    let stale = stale.updated("a", of(1, 1), Metadata::new().with("tier", 1), 2);
    assert_eq!(broken(stale.phase(Phase::Stop)), same);
    let joins = cluster().on(1, 1).joined("g", of(1, 1), 1);
    let joins = joins.joined("g", of(1, 1), 2).on(2, 1);
    let joins = joins.joined("g", of(1, 1), 1);
    assert_eq!(broken(joins.phase(Phase::Stop)), same);
}

#[test]
fn a_name_that_a_broken_node_competes_for_is_left_alone() {
    let disputed = cluster()
        .on(3, 1)
        .registered("a", of(3, 1), 1)
        .on(1, 1)
        .registered("a", of(1, 1), 1)
        .on(2, 1)
        .registered("a", of(3, 1), 1);
    assert!(broken(disputed.phase(Phase::Stop)).is_empty());
}

#[test]
fn rows_of_what_is_gone_are_caught() {
    let gone = ["the_dead_are_forgotten"];
    let ended = seen().on(1, 1).left("a", of(1, 1), 1);
    let ended = ended.exited(1, ExitReason::Normal).phase(Phase::Stop);
    assert_eq!(broken(ended)[0], gone[0]);
    let crashed = cluster().registered("a", of(3, 1), 1).on(1, 1);
    let crashed = crashed.registered("a", of(3, 1), 1).on(2, 1);
    let crashed = crashed.registered("a", of(3, 1), 1).on(3, 1).crashed();
    assert_eq!(broken(crashed.phase(Phase::Stop)), gone);
}

#[test]
fn a_row_that_its_own_node_does_not_have_is_caught() {
    let zombie = seen().on(1, 1).left("a", of(1, 1), 1);
    assert_eq!(broken(zombie.phase(Phase::Stop))[0], "no_row_is_a_zombie");
}

#[test]
fn a_node_without_a_registry_is_caught() {
    let bare = cluster().on(1, 1).crashed().on(1, 2).started();
    assert_eq!(broken(bare.phase(Phase::Stop)), ["the_core_serves"]);
}
