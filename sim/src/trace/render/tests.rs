//! Each event in words, and what the options leave out.

use std::time::Duration;

use steadfast::event::{
    BootEvent, Event, FailureEvent, HealthStatus, ProcessEvent, SupervisionEvent,
};
use steadfast::failure::{FailureId, Settlement, Severity};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::{FileName, Incarnation, NodeId, Port, StorageOperation};
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

use super::*;
use crate::trace::{
    DiskEvent, DropCause, FaultEvent, MessageId, NetEvent, NodeEvent, Phase, Record, RunEvent,
    TaskEvent, TaskId, TraceEvent,
};

const N1: NodeId = NodeId(1);
const FIRST: Incarnation = Incarnation(1);

fn process(local: u64) -> ProcessId {
    ProcessId {
        node: N1,
        incarnation: FIRST,
        local,
    }
}

fn spawned(local: u64, parent: Option<u64>, path: &str) -> TraceEvent {
    TraceEvent::Core(Event::Process(ProcessEvent::Spawned {
        process: process(local),
        parent: parent.map(process),
        path: path.into(),
    }))
}

fn exited(local: u64, reason: ExitReason) -> TraceEvent {
    TraceEvent::Core(Event::Process(ProcessEvent::Exited {
        process: process(local),
        reason,
    }))
}

fn supervision(event: SupervisionEvent) -> TraceEvent {
    TraceEvent::Core(Event::Supervision(event))
}

/// Each event 1.5 ms after the one before; run and fault events are the world's.
fn trace(events: Vec<TraceEvent>) -> Vec<Record> {
    let record = |(index, event)| Record {
        index: index as u64,
        time: 1_500_000 * index as u64,
        node: match event {
            TraceEvent::Run(_) | TraceEvent::Fault(_) => None,
            TraceEvent::Core(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_) => Some(N1),
        },
        event,
    };
    events.into_iter().enumerate().map(record).collect()
}

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

fn supervisor_events() -> Vec<TraceEvent> {
    use SupervisionEvent as E;
    let supervisor = process(1);
    let child = || "worker".into();
    let started = |dynamic| E::SupervisorStarted {
        supervisor,
        strategy: Strategy::OneForOne,
        intensity: 3,
        period: Duration::from_secs(5),
        auto_shutdown: AutoShutdown::Never,
        dynamic,
    };
    let events = vec![
        started(false),
        started(true),
        E::SupervisorReconfigured {
            supervisor,
            strategy: Strategy::OneForAll,
            intensity: 1,
            period: Duration::from_secs(1),
            auto_shutdown: AutoShutdown::AllSignificant,
        },
        E::IntensityExceeded {
            supervisor,
            child: child(),
            in_window: 4,
        },
        E::AutoShutdown {
            supervisor,
            child: child(),
        },
        E::SupervisorStopping {
            supervisor,
            reason: ExitReason::SHUTDOWN,
        },
        E::SupervisorStopped { supervisor },
    ];
    events.into_iter().map(supervision).collect()
}

fn child_events() -> Vec<TraceEvent> {
    use SupervisionEvent as E;
    let (supervisor, process) = (process(1), process(2));
    let child = || "worker".into();
    let events = vec![
        E::ChildAdded {
            supervisor,
            child: child(),
            index: 0,
            restart: Restart::Transient,
            shutdown: ShutdownPolicy::Brutal,
            significant: false,
        },
        E::ChildRemoved {
            supervisor,
            child: child(),
        },
        E::ChildStarted {
            supervisor,
            child: child(),
            process,
            starts: 2,
        },
        E::ChildStartFailed {
            supervisor,
            child: child(),
            reason: ExitReason::failed("no disk"),
        },
        E::ChildIgnored {
            supervisor,
            child: child(),
        },
        E::ChildExited {
            supervisor,
            child: child(),
            process,
            reason: ExitReason::SHUTDOWN,
            expected: true,
        },
        E::RestartScheduled {
            supervisor,
            child: child(),
            delay: Duration::ZERO,
            in_window: 2,
        },
        E::ChildStopping {
            supervisor,
            child: child(),
            process,
            shutdown: ShutdownPolicy::Infinite,
        },
        E::ChildKilled {
            supervisor,
            child: child(),
            process,
        },
        E::ChildLimitExceeded {
            supervisor,
            child: child(),
            in_window: 4,
        },
    ];
    events.into_iter().map(supervision).collect()
}

fn boot_events() -> Vec<TraceEvent> {
    let events = vec![
        BootEvent::Planned {
            order: vec!["store".into(), "api".into()],
        },
        BootEvent::PhaseStarted {
            phase: "storage".into(),
        },
        BootEvent::ServiceStarted {
            service: "store".into(),
            process: process(2),
        },
        BootEvent::ServiceStopped {
            service: "store".into(),
        },
        BootEvent::DependentRestarted {
            service: "api".into(),
            dependency: "store".into(),
        },
        BootEvent::HealthChanged {
            service: "api".into(),
            from: HealthStatus::Healthy,
            to: HealthStatus::Degraded,
            detail: "slow".into(),
        },
        BootEvent::Completed,
        BootEvent::Failed {
            service: "api".into(),
            reason: ExitReason::Killed,
        },
    ];
    let events = events.into_iter();
    events
        .map(|event| TraceEvent::Core(Event::Boot(event)))
        .collect()
}

fn failure_events() -> Vec<TraceEvent> {
    let failure = FailureId {
        node: N1,
        incarnation: FIRST,
        ordinal: 7,
    };
    let delivered = |process| FailureEvent::Delivered {
        failure,
        process,
        what: "n2 is unreachable".into(),
    };
    let settled = |how| FailureEvent::Settled { failure, how };
    let incident = |severity, failure| FailureEvent::Incident {
        severity,
        failure,
        what: "n2 is unreachable".into(),
    };
    let events = vec![
        delivered(None),
        delivered(Some(process(2))),
        settled(Settlement::Returned),
        settled(Settlement::Escalated),
        settled(Settlement::Reported),
        settled(Settlement::EndedWithHolder),
        FailureEvent::Dropped {
            failure,
            what: "n2 is unreachable".into(),
        },
        incident(Severity::Warning, Some(failure)),
        incident(Severity::Error, None),
    ];
    let events = events.into_iter();
    events
        .map(|event| TraceEvent::Core(Event::Failure(event)))
        .collect()
}

fn node_and_run_events() -> Vec<TraceEvent> {
    let node = [
        NodeEvent::Started { incarnation: FIRST },
        NodeEvent::Crashed {
            incarnation: FIRST,
            wiped: false,
        },
        NodeEvent::Crashed {
            incarnation: FIRST,
            wiped: true,
        },
        NodeEvent::Paused,
        NodeEvent::Resumed,
        NodeEvent::Stopping { incarnation: FIRST },
        NodeEvent::Stopped {
            incarnation: FIRST,
            orderly: true,
        },
        NodeEvent::Stopped {
            incarnation: FIRST,
            orderly: false,
        },
    ];
    let phases = [Phase::Boot, Phase::Safety, Phase::Liveness, Phase::Stop];
    let run = phases
        .into_iter()
        .map(|phase| RunEvent::PhaseStarted { phase })
        .chain([
            RunEvent::CoreHealed {
                core: vec![NodeId(1), NodeId(3)],
            },
            RunEvent::Note {
                text: "put x\t1".into(),
            },
            RunEvent::Finished,
        ]);
    let run = run.map(TraceEvent::Run);
    node.into_iter().map(TraceEvent::Node).chain(run).collect()
}

fn net_events() -> Vec<TraceEvent> {
    let message = MessageId {
        from: N1,
        to: NodeId(2),
        ordinal: 7,
    };
    let causes = [
        DropCause::Lost,
        DropCause::Cut,
        DropCause::CutInFlight,
        DropCause::NodeDown,
        DropCause::PortClosed,
        DropCause::InboxFull,
    ];
    let dropped = causes
        .into_iter()
        .map(|cause| NetEvent::Dropped { message, cause });
    [
        NetEvent::Sent {
            message,
            port: Port(9),
            len: 64,
            hash: 0xbeef,
        },
        NetEvent::Delivered { message, copy: 0 },
        NetEvent::Delivered { message, copy: 1 },
        NetEvent::Refused { message },
    ]
    .into_iter()
    .chain(dropped)
    .map(TraceEvent::Net)
    .collect()
}

fn other_events() -> Vec<TraceEvent> {
    let task = |ordinal| TaskId {
        node: N1,
        incarnation: FIRST,
        ordinal,
    };
    let spawn = |ordinal, owner: Option<u64>| {
        TraceEvent::Task(TaskEvent::Spawned {
            task: task(ordinal),
            owner: owner.map(task),
            name: "pump".into(),
            place: "src/pump.rs:12".into(),
        })
    };
    let operation = StorageOperation::Append;
    vec![
        spawn(1, None),
        spawn(2, Some(1)),
        TraceEvent::Task(TaskEvent::Ended {
            task: task(2),
            end: "panicked: boom".into(),
        }),
        TraceEvent::Task(TaskEvent::Foreign { count: 3 }),
        TraceEvent::Disk(DiskEvent::Done {
            operation,
            file: "log/0".into(),
            len: 64,
        }),
        TraceEvent::Disk(DiskEvent::Failed {
            operation,
            file: "log/0".into(),
            reason: "the disk is full".into(),
        }),
        TraceEvent::Disk(DiskEvent::Lost {
            file: FileName::new("log/0").unwrap(),
            len: 32,
            torn: true,
        }),
        TraceEvent::Fault(FaultEvent::Armed { episode: 0 }),
        TraceEvent::Fault(FaultEvent::Fired {
            episode: 0,
            fault: "drop".into(),
        }),
        TraceEvent::Fault(FaultEvent::Effective { episode: 0 }),
        TraceEvent::Fault(FaultEvent::Healed {
            episode: 0,
            after: Duration::from_millis(1_500),
        }),
    ]
}

fn every_event() -> Vec<Record> {
    let mut events = vec![
        spawned(1, None, "top"),
        spawned(2, Some(1), "top/worker"),
        exited(2, ExitReason::Normal),
        TraceEvent::Core(Event::Process(ProcessEvent::MessageDiscarded {
            process: process(2),
            discarded: 3,
        })),
    ];
    events.extend(supervisor_events());
    events.extend(child_events());
    events.extend(boot_events());
    events.extend(failure_events());
    events.extend(node_and_run_events());
    events.extend(net_events());
    events.extend(other_events());
    trace(events)
}
