//! Claims about the checker of watchers.

use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Condition, Metadata};

use super::super::history::History;
use super::facts::{NAMES, of};
use crate::check::{Asked, Heard, Reading, Row, Watchers};

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Watchers::new())
}

fn tier(tier: i64) -> Metadata {
    Metadata::new().with("tier", tier)
}

fn row(name: &str, process: ProcessId, metadata: Metadata) -> Row {
    Row {
        name: name.into(),
        process,
        metadata,
    }
}

fn snapshot(asked: Asked, rows: Vec<Row>) -> Reading {
    Reading::Snapshot {
        registry: NAMES.into(),
        watch: 1,
        scope: "s".into(),
        asked,
        rows,
    }
}

const fn heard(change: Heard) -> Reading {
    Reading::Heard { watch: 1, change }
}

fn registered(name: &str, process: ProcessId) -> Reading {
    heard(Heard::Registered(row(name, process, Metadata::new())))
}

fn gone(name: &str, process: ProcessId) -> Reading {
    heard(Heard::Unregistered {
        name: name.into(),
        process,
        cause: Cause::Unregistered,
    })
}

const QUIET: Reading = Reading::Quiet { watch: 1 };

/// One name is held, then somebody watches everything.
fn watched() -> History {
    let history = History::new().started().serves("memory");
    let held = row("a", of(1, 1), Metadata::new());
    history
        .registered("a", of(1, 1), 1)
        .reads(1, &snapshot(Asked::default(), vec![held]))
}

/// Two changes that the watcher has not been told.
fn changed() -> History {
    watched()
        .registered("b", of(1, 2), 2)
        .left("a", of(1, 1), 1)
}

fn good() -> History {
    changed()
        .reads(1, &registered("b", of(1, 2)))
        .reads(1, &gone("a", of(1, 1)))
        .reads(1, &QUIET)
        .registered("c", of(1, 2), 3)
        .reads(1, &Reading::Ended { watch: 1 })
        .reads(1, &QUIET)
}

#[test]
fn a_watcher_that_hears_everything_is_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_wrong_snapshot_is_caught() {
    let history = History::new().started().serves("memory");
    let early = history.registered("a", of(1, 1), 1);
    let empty = early.reads(1, &snapshot(Asked::default(), Vec::new()));
    assert_eq!(broken(empty), ["a_snapshot_is_what_a_scan_finds"]);
}

#[test]
fn a_gap_and_a_double_are_caught() {
    let once = ["a_watcher_sees_every_change_once"];
    let gap = changed().reads(1, &gone("a", of(1, 1)));
    assert_eq!(broken(gap), once);
    let double = changed()
        .reads(1, &registered("b", of(1, 2)))
        .reads(1, &registered("b", of(1, 2)));
    assert_eq!(broken(double), once);
    let invented = watched().reads(1, &registered("b", of(1, 2)));
    assert_eq!(broken(invented), once);
}

#[test]
fn a_change_that_is_never_told_is_caught() {
    let missed = changed()
        .reads(1, &registered("b", of(1, 2)))
        .reads(1, &QUIET);
    assert_eq!(broken(missed), ["a_watcher_misses_nothing"]);
}

#[test]
fn a_fresh_snapshot_takes_the_place_of_what_was_missed() {
    let rows = vec![row("b", of(1, 2), Metadata::new())];
    let fresh = changed().reads(1, &snapshot(Asked::default(), rows));
    assert!(broken(fresh.reads(1, &QUIET)).is_empty());
}

#[test]
fn whoever_watches_some_entries_hears_of_those_that_come_and_go() {
    let asked = Asked {
        fields: vec![("tier".into(), Condition::Is(2.into()))],
        ..Asked::default()
    };
    let watched = History::new()
        .started()
        .serves("memory")
        .registered("a", of(1, 1), 1)
        .reads(1, &snapshot(asked, Vec::new()))
        .updated("a", of(1, 1), tier(2), 2)
        .updated("a", of(1, 1), tier(3), 3)
        .updated("a", of(1, 1), tier(4), 4);
    let told = watched
        .reads(1, &heard(Heard::Updated(row("a", of(1, 1), tier(2)))))
        .reads(1, &heard(Heard::Updated(row("a", of(1, 1), tier(3)))))
        .reads(1, &QUIET);
    assert!(broken(told).is_empty());
}
