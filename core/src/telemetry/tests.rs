//! What observers of `tracing` get.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

use super::emit;
use crate::event::{BootEvent, Event, FailureEvent, ProcessEvent, SupervisionEvent};
use crate::failure::{FailureId, Severity};
use crate::process::{ExitReason, ProcessId};
use crate::runtime::{Incarnation, NodeId};

#[derive(Debug, PartialEq)]
struct Seen {
    level: Level,
    target: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

struct Collector {
    level_max: Level,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level_max
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        let mut seen = Seen {
            level: *metadata.level(),
            target: metadata.target(),
            fields: BTreeMap::new(),
        };
        event.record(&mut seen);
        self.seen.lock().unwrap().push(seen);
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

const PROCESS: ProcessId = ProcessId {
    node: NodeId(1),
    incarnation: Incarnation(2),
    local: 7,
};

fn collect(level_max: Level, events: &[Event]) -> Vec<Seen> {
    let seen = Arc::default();
    let collector = Collector {
        level_max,
        seen: Arc::clone(&seen),
    };
    tracing::subscriber::with_default(collector, || {
        for event in events {
            emit(NodeId(1), Incarnation(2), event);
        }
    });
    std::mem::take(&mut *seen.lock().unwrap())
}

fn spawned(parent: Option<ProcessId>) -> Event {
    Event::Process(ProcessEvent::Spawned {
        process: PROCESS,
        parent,
        path: "root/worker".into(),
    })
}

fn restart() -> Event {
    Event::Supervision(SupervisionEvent::RestartScheduled {
        supervisor: PROCESS,
        child: "worker".into(),
        delay: Duration::from_millis(250),
        in_window: 3,
    })
}

fn incident(severity: Severity, failure: Option<FailureId>) -> Event {
    Event::Failure(FailureEvent::Incident {
        severity,
        failure,
        what: "n2 is unreachable".into(),
    })
}

/// The fields of one event, sorted by name, without those that all events have.
fn fields(seen: &Seen) -> String {
    let common = ["node", "incarnation"];
    let own = seen
        .fields
        .iter()
        .filter(|(name, _)| !common.contains(name));
    let own = own.map(|(name, value)| format!("{name}={value}"));
    own.collect::<Vec<_>>().join(" ")
}

/// What stands between `start` and `end` and names an event.
fn names<'a>(source: &'a str, start: &str, end: char) -> BTreeSet<&'a str> {
    let names = source.split(start).skip(1);
    let names = names.filter_map(|rest| rest.split_once(end));
    let names = names.map(|(name, _)| name);
    names.filter(|name| name.contains('.')).collect()
}

#[test]
fn the_documented_table_names_every_event_and_no_other() {
    let table = include_str!("mod.rs");
    let sources = [
        include_str!("boot.rs"),
        include_str!("coordination.rs"),
        include_str!("failure.rs"),
        include_str!("membership.rs"),
        include_str!("process.rs"),
        include_str!("registry.rs"),
        include_str!("store.rs"),
        include_str!("supervision.rs"),
    ]
    .concat();
    let documented = names(table, "//! | `", '`');
    let levels = [
        " trace \"",
        " debug \"",
        " info \"",
        " warn \"",
        " error \"",
    ];
    let emitted = levels.map(|level| names(&sources, level, '"'));
    assert!(documented.len() > 20, "{documented:?}");
    assert_eq!(documented, emitted.into_iter().flatten().collect());
}

#[test]
fn a_fact_is_one_event_with_flat_stable_fields() {
    let seen = collect(Level::TRACE, &[restart()]);
    let [seen] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((seen.level, seen.target), (Level::WARN, "steadfast"));
    assert_eq!(seen.fields["node"], "n1");
    assert_eq!(seen.fields["incarnation"], "2");
    assert_eq!(
        fields(seen),
        "child=worker delay_ms=250 event=child.restart_scheduled in_window=3 \
         supervisor=<n1.2.7>"
    );
}

#[test]
fn a_field_without_a_value_is_left_out() {
    let seen = collect(Level::TRACE, &[spawned(None), spawned(Some(PROCESS))]);
    assert_eq!(
        fields(&seen[0]),
        "event=process.spawned path=root/worker process=<n1.2.7>"
    );
    assert_eq!(seen[1].fields["parent"], "<n1.2.7>");
}

#[test]
fn levels_follow_how_bad_a_fact_is() {
    let exited = |reason| {
        Event::Process(ProcessEvent::Exited {
            process: PROCESS,
            reason,
        })
    };
    let exceeded = Event::Supervision(SupervisionEvent::IntensityExceeded {
        supervisor: PROCESS,
        child: "worker".into(),
        in_window: 4,
    });
    let cases = [
        (exited(ExitReason::Normal), Level::DEBUG),
        (exited(ExitReason::Killed), Level::DEBUG),
        (exited(ExitReason::Panic("boom".into())), Level::WARN),
        (restart(), Level::WARN),
        (exceeded, Level::ERROR),
        (incident(Severity::Warning, None), Level::WARN),
        (incident(Severity::Error, None), Level::ERROR),
        (Event::Boot(BootEvent::Completed), Level::INFO),
    ];
    for (event, level) in cases {
        let seen = collect(Level::TRACE, std::slice::from_ref(&event));
        assert_eq!(seen[0].level, level, "{event:?}");
    }
}

#[test]
fn facts_below_the_level_of_the_subscriber_are_not_recorded() {
    let seen = collect(Level::WARN, &[spawned(None), restart()]);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].fields["event"], "child.restart_scheduled");
}
