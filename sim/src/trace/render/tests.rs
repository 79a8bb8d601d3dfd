//! Each event in words, and what the options leave out.

use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::process::ExitReason;
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

use super::samples::{FIRST, N1, every_event, exited, process, spawned, supervision, trace};
use super::*;
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TaskEvent, TaskId, TraceEvent};

fn a_restart() -> Vec<Record> {
    let supervisor = process(1);
    trace(vec![
        TraceEvent::Run(RunEvent::PhaseStarted { phase: Phase::Boot }),
        TraceEvent::Node(NodeEvent::Started { incarnation: FIRST }),
        spawned(1, None, "top"),
        supervision(SupervisionEvent::SupervisorStarted {
            supervisor,
            strategy: Strategy::RestForOne,
            intensity: 3,
            period: Duration::from_secs(5),
            auto_shutdown: AutoShutdown::AnySignificant,
            dynamic: false,
        }),
        supervision(SupervisionEvent::ChildAdded {
            supervisor,
            child: "worker".into(),
            index: 0,
            restart: Restart::Permanent,
            shutdown: ShutdownPolicy::Timeout(Duration::from_millis(100)),
            significant: true,
        }),
        spawned(2, Some(1), "top/worker"),
        TraceEvent::Task(TaskEvent::Spawned {
            task: TaskId {
                node: N1,
                incarnation: FIRST,
                ordinal: 2,
            },
            owner: None,
            name: "top/worker".into(),
            place: "core/src/process/node.rs:250".into(),
        }),
        supervision(SupervisionEvent::ChildStarted {
            supervisor,
            child: "worker".into(),
            process: process(2),
            starts: 1,
        }),
        exited(2, ExitReason::Panic("two\nlines".into())),
        supervision(SupervisionEvent::ChildExited {
            supervisor,
            child: "worker".into(),
            process: process(2),
            reason: ExitReason::Panic("two\nlines".into()),
            expected: false,
        }),
        supervision(SupervisionEvent::RestartScheduled {
            supervisor,
            child: "worker".into(),
            delay: Duration::from_millis(10),
            in_window: 1,
        }),
        spawned(3, Some(1), "top/worker"),
    ])
}

#[test]
fn a_full_rendering_shows_times_ids_and_places() {
    insta::assert_snapshot!(render(&a_restart(), Options::FULL), @r"
    +0.000000000s world run phase boot
    +0.001500000s n1.1 node started, incarnation 1
    +0.003000000s n1.1 process <n1.1.1> top spawned, a root
    +0.004500000s n1.1 supervisor <n1.1.1> top started: rest_for_one, intensity 3 in 5s, auto-shutdown any_significant
    +0.006000000s n1.1 supervisor <n1.1.1> top child worker added at 0: permanent, shutdown within 100ms, significant
    +0.007500000s n1.1 process <n1.1.2> top/worker spawned under <n1.1.1> top
    +0.009000000s n1.1 task n1.1/2 top/worker spawned from outside at core/src/process/node.rs:250
    +0.010500000s n1.1 supervisor <n1.1.1> top child worker started as <n1.1.2> top/worker, start 1
    +0.012000000s n1.1 process <n1.1.2> top/worker exited: panic: two\nlines
    +0.013500000s n1.1 supervisor <n1.1.1> top child worker exited unasked, was <n1.1.2> top/worker: panic: two\nlines
    +0.015000000s n1.1 supervisor <n1.1.1> top child worker to be restarted in 10ms, 1 in the window
    +0.016500000s n1.1 process <n1.1.3> top/worker spawned under <n1.1.1> top
    ");
}

#[test]
fn a_story_without_times_names_processes_by_path_and_turn() {
    insta::assert_snapshot!(render(&a_restart(), Options::STORY.without_times()), @r"
    world run phase boot
    n1.1 node started, incarnation 1
    n1.1 process top spawned, a root
    n1.1 supervisor top started: rest_for_one, intensity 3 in 5s, auto-shutdown any_significant
    n1.1 supervisor top child worker added at 0: permanent, shutdown within 100ms, significant
    n1.1 process top/worker spawned under top
    n1.1 supervisor top child worker started as top/worker, start 1
    n1.1 process top/worker exited: panic: two\nlines
    n1.1 supervisor top child worker exited unasked, was top/worker: panic: two\nlines
    n1.1 supervisor top child worker to be restarted in 10ms, 1 in the window
    n1.1 process top/worker(2) spawned under top
    ");
}

#[test]
fn every_event_is_one_line_and_lines_of_different_events_differ() {
    let records = every_event();
    let text = render(&records, Options::FULL.without_times());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), records.len());
    let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
    assert_eq!(distinct.len(), lines.len());
    insta::assert_snapshot!("render__every_event", text);
}

#[test]
fn a_filter_keeps_its_domains_and_the_names_of_the_others() {
    let only = Domains::NONE.with(Domain::Supervision);
    let text = render(&a_restart(), Options::FULL.only(only));
    assert_eq!(text.lines().count(), 5);
    assert!(text.contains("started as <n1.1.2> top/worker"));
    for domain in Domain::ALL {
        assert_eq!(Domain::from_word(domain.word()), Some(domain));
        assert!(!Domains::ALL.without(domain).contains(domain));
    }
}
