//! One event of every kind, for tests.

use std::time::Duration;

use steadfast::event::{
    BootEvent, Event, FailureEvent, HealthStatus, MembershipEvent, ProcessEvent, SupervisionEvent,
};
use steadfast::failure::{FailureId, Settlement, Severity};
use steadfast::membership::Member;
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::{FileName, Incarnation, NodeId, Port, StorageOperation};
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

use crate::fault::{Delay, Fault, Target};
use crate::trace::{
    DiskEvent, DropCause, FaultEvent, MessageId, NetEvent, NodeEvent, Phase, Record, RunEvent,
    TaskEvent, TaskId, TraceEvent,
};

pub(super) const N1: NodeId = NodeId(1);
pub(super) const FIRST: Incarnation = Incarnation(1);

pub(super) fn process(local: u64) -> ProcessId {
    ProcessId {
        node: N1,
        incarnation: FIRST,
        local,
    }
}

pub(super) fn spawned(local: u64, parent: Option<u64>, path: &str) -> TraceEvent {
    TraceEvent::Core(Event::Process(ProcessEvent::Spawned {
        process: process(local),
        parent: parent.map(process),
        path: path.into(),
    }))
}

pub(super) fn exited(local: u64, reason: ExitReason) -> TraceEvent {
    TraceEvent::Core(Event::Process(ProcessEvent::Exited {
        process: process(local),
        reason,
    }))
}

pub(super) fn supervision(event: SupervisionEvent) -> TraceEvent {
    TraceEvent::Core(Event::Supervision(event))
}

/// Each event 1.5 ms after the one before; run and fault events are the world's.
pub(super) fn trace(events: Vec<TraceEvent>) -> Vec<Record> {
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
        E::RestartCancelled {
            supervisor,
            child: child(),
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

fn membership_events() -> Vec<TraceEvent> {
    use MembershipEvent as E;
    let member = Member {
        node: NodeId(2),
        incarnation: Incarnation(3),
    };
    let own = Member {
        node: N1,
        incarnation: FIRST,
    };
    let events = vec![
        E::MemberUp { member },
        E::MemberSuspected { member },
        E::MemberRefuted { member },
        E::MemberDown { member },
        E::MemberLeft { member },
        E::IdentityRenewed {
            member: own,
            generation: 2,
        },
        E::Departed { member: own },
        E::ForeignCluster { peer: NodeId(2) },
    ];
    let events = events.into_iter();
    events
        .map(|event| TraceEvent::Core(Event::Membership(event)))
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
    ]
}

fn fault_events() -> Vec<TraceEvent> {
    let (n2, n3) = (NodeId(2), NodeId(3));
    let short = Duration::from_millis(1);
    let long = Duration::from_millis(20);
    let probability = 0.25;
    let fired = [
        (Fault::Drop { probability }, Target::All),
        (
            Fault::Delay(Delay::Uniform {
                min: short,
                max: long,
            }),
            Target::Node(N1),
        ),
        (
            Fault::Delay(Delay::Exponential { mean: long }),
            Target::Link { from: N1, to: n2 },
        ),
        (
            Fault::Delay(Delay::Bimodal {
                fast: short,
                slow: long,
                slow_probability: 0.01,
            }),
            Target::OneWay {
                from: vec![N1, n2],
                to: vec![n3],
            },
        ),
        (Fault::Duplicate { probability }, Target::All),
        (
            Fault::Reorder {
                probability,
                window: long,
            },
            Target::All,
        ),
        (Fault::Hold, Target::All),
        (
            Fault::Cut { in_flight: true },
            Target::Between {
                left: vec![N1],
                right: vec![n2, n3],
            },
        ),
        (Fault::Cut { in_flight: false }, Target::All),
        (Fault::Crash { wipe_disk: true }, Target::Node(N1)),
        (Fault::Pause, Target::Node(N1)),
        (Fault::Slow { factor: 2.5 }, Target::Node(N1)),
        (Fault::ClockOffset { offset_ms: -500 }, Target::Node(N1)),
        (Fault::ClockDrift { rate_ppm: 200 }, Target::Node(N1)),
        (Fault::TornTail, Target::Node(N1)),
        (Fault::DiskError { probability }, Target::Node(N1)),
        (Fault::DiskFull, Target::Node(N1)),
    ];
    let mut events = vec![TraceEvent::Fault(FaultEvent::Armed { episode: 0 })];
    for (episode, (fault, target)) in (0..).zip(fired) {
        events.push(TraceEvent::Fault(FaultEvent::Fired {
            episode,
            fault,
            target,
        }));
    }
    events.push(TraceEvent::Fault(FaultEvent::Effective { episode: 0 }));
    events.push(TraceEvent::Fault(FaultEvent::Healed {
        episode: 0,
        after: Duration::from_millis(1_500),
    }));
    events
}

pub(super) fn every_event() -> Vec<Record> {
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
    events.extend(super::registry_samples::registry_events());
    events.extend(super::coordination_samples::coordination_events());
    events.extend(super::store_samples::store_events());
    events.extend(failure_events());
    events.extend(membership_events());
    events.extend(node_and_run_events());
    events.extend(net_events());
    events.extend(other_events());
    events.extend(fault_events());
    trace(events)
}
