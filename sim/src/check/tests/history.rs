//! Hand-made histories for the tests of checkers.
//!
//! Processes, tasks and failures are called by their numbers on the current node,
//! which is the first incarnation of n1 until `on` says otherwise. Times are in
//! milliseconds.

use std::time::Duration;

use steadfast::event::{Event, FailureEvent, ProcessEvent};
use steadfast::failure::{FailureId, Settlement};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::{Incarnation, NodeId};
use steadfast::supervision::{Restart, ShutdownPolicy, Strategy};

use crate::check::{Checker, Findings};
use crate::fault::{Fault, Target};
use crate::keyed::Key;
use crate::outcome::Violation;
use crate::trace::{FaultEvent, NodeEvent, Phase, Record, RunEvent, TaskEvent, TaskId, TraceEvent};

/// A millisecond of simulated time.
pub(crate) const MS: u64 = 1_000_000;

/// Stopped within 100 ms.
pub(crate) const GENTLE: ShutdownPolicy = ShutdownPolicy::Timeout(Duration::from_millis(100));

#[derive(Clone)]
pub(crate) struct History {
    records: Vec<Record>,
    time: u64,
    node: NodeId,
    incarnation: Incarnation,
}

impl History {
    /// Nothing has happened.
    pub(crate) const fn new() -> Self {
        Self {
            records: Vec::new(),
            time: 0,
            node: NodeId(1),
            incarnation: Incarnation(1),
        }
    }

    /// A supervisor `top`, process 1, with permanent children that run: processes
    /// 2, 3 and so on. Intensity 3 in 5 s.
    pub(crate) fn tree(strategy: Strategy, children: &[&str]) -> Self {
        let mut history = Self::new().started().spawned(1, 0, "top");
        history = history.supervisor(1, strategy, 3, 5_000);
        for (index, child) in (0..).zip(children) {
            history = history.child(1, child, index, Restart::Permanent, GENTLE);
        }
        for (process, child) in (2..).zip(children) {
            history = history
                .spawned(process, 1, &format!("top/{child}"))
                .child_started(1, child, process);
        }
        history
    }

    pub(crate) const fn at(mut self, ms: u64) -> Self {
        self.time = ms * MS;
        self
    }

    pub(crate) const fn after(mut self, ms: u64) -> Self {
        self.time += ms * MS;
        self
    }

    pub(crate) const fn on(mut self, node: u32, incarnation: u32) -> Self {
        self.node = NodeId(node);
        self.incarnation = Incarnation(incarnation);
        self
    }

    pub(crate) fn push(mut self, node: Option<NodeId>, event: TraceEvent) -> Self {
        self.records.push(Record {
            index: self.records.len() as u64,
            time: self.time,
            node,
            event,
        });
        self
    }

    pub(crate) fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// Everything that the checker reports about this history.
    pub(crate) fn violations(self, checker: &mut dyn Checker) -> Vec<Violation> {
        let mut findings = Findings::new();
        for record in &self.records {
            findings.about(checker.name(), Some(record));
            checker.observe(record, &mut findings);
        }
        findings.about(checker.name(), None);
        checker.finish(&mut findings);
        findings.violations().to_vec()
    }

    /// The invariants that do not hold, each once, in the order of their report.
    pub(crate) fn broken(self, checker: &mut dyn Checker) -> Vec<String> {
        let mut broken: Vec<String> = Vec::new();
        for violation in self.violations(checker) {
            assert!(!violation.detail.is_empty());
            if !broken.contains(&violation.invariant) {
                broken.push(violation.invariant);
            }
        }
        broken
    }

    /// The same records in an order that no run has.
    pub(crate) fn shuffled(mut self, seed: u64) -> Self {
        let key = Key::new(seed, "shuffle");
        let mut order: Vec<usize> = (0..self.records.len()).collect();
        order.sort_by_key(|index| key.with(*index as u64).bits());
        let times: Vec<u64> = self.records.iter().map(|record| record.time).collect();
        let records = order.iter().zip(times).map(|(index, time)| Record {
            time,
            ..self.records[*index].clone()
        });
        self.records = records.collect();
        self
    }

    // Nodes, the run, faults.

    fn node_event(self, event: NodeEvent) -> Self {
        let node = self.node;
        self.push(Some(node), TraceEvent::Node(event))
    }

    pub(crate) fn started(self) -> Self {
        let incarnation = self.incarnation;
        self.node_event(NodeEvent::Started { incarnation })
    }

    pub(crate) fn crashed(self) -> Self {
        let (incarnation, wiped) = (self.incarnation, false);
        self.node_event(NodeEvent::Crashed { incarnation, wiped })
    }

    pub(crate) fn stopping(self) -> Self {
        let incarnation = self.incarnation;
        self.node_event(NodeEvent::Stopping { incarnation })
    }

    pub(crate) fn stopped(self, orderly: bool) -> Self {
        let incarnation = self.incarnation;
        self.node_event(NodeEvent::Stopped {
            incarnation,
            orderly,
        })
    }

    pub(crate) fn paused(self, node: u32) -> Self {
        self.push(Some(NodeId(node)), TraceEvent::Node(NodeEvent::Paused))
    }

    pub(crate) fn resumed(self, node: u32) -> Self {
        self.push(Some(NodeId(node)), TraceEvent::Node(NodeEvent::Resumed))
    }

    pub(crate) fn phase(self, phase: Phase) -> Self {
        self.push(None, TraceEvent::Run(RunEvent::PhaseStarted { phase }))
    }

    pub(crate) fn note(self, text: &str) -> Self {
        let text = text.into();
        self.push(None, TraceEvent::Run(RunEvent::Note { text }))
    }

    pub(crate) fn core_healed(self, core: &[u32]) -> Self {
        let core = core.iter().copied().map(NodeId).collect();
        self.push(None, TraceEvent::Run(RunEvent::CoreHealed { core }))
    }

    pub(crate) fn fired(self, episode: u32, fault: Fault, target: Target) -> Self {
        let event = FaultEvent::Fired {
            episode,
            fault,
            target,
        };
        self.push(None, TraceEvent::Fault(event))
    }

    pub(crate) fn healed(self, episode: u32) -> Self {
        let after = Duration::ZERO;
        let event = FaultEvent::Healed { episode, after };
        self.push(None, TraceEvent::Fault(event))
    }

    // Tasks and processes.

    const fn task(&self, ordinal: u64) -> TaskId {
        TaskId {
            node: self.node,
            incarnation: self.incarnation,
            ordinal,
        }
    }

    pub(super) const fn process(&self, local: u64) -> ProcessId {
        ProcessId {
            node: self.node,
            incarnation: self.incarnation,
            local,
        }
    }

    fn task_event(self, event: TaskEvent) -> Self {
        let node = self.node;
        self.push(Some(node), TraceEvent::Task(event))
    }

    pub(super) fn core(self, event: Event) -> Self {
        let node = self.node;
        self.push(Some(node), TraceEvent::Core(event))
    }

    pub(crate) fn task_spawned(self, ordinal: u64, owner: u64, name: &str) -> Self {
        let event = TaskEvent::Spawned {
            task: self.task(ordinal),
            owner: (owner != 0).then(|| self.task(owner)),
            name: name.into(),
            place: "src/lib.rs:1".into(),
        };
        self.task_event(event)
    }

    pub(crate) fn task_ended(self, ordinal: u64) -> Self {
        let task = self.task(ordinal);
        let end = "returned".into();
        self.task_event(TaskEvent::Ended { task, end })
    }

    pub(crate) fn foreign(self, count: u64) -> Self {
        self.task_event(TaskEvent::Foreign { count })
    }

    pub(crate) fn process_spawned(self, local: u64, parent: u64, path: &str) -> Self {
        let process = self.process(local);
        let parent = (parent != 0).then(|| self.process(parent));
        let path = path.into();
        self.core(Event::Process(ProcessEvent::Spawned {
            process,
            parent,
            path,
        }))
    }

    pub(crate) fn process_exited(self, local: u64, reason: ExitReason) -> Self {
        let process = self.process(local);
        self.core(Event::Process(ProcessEvent::Exited { process, reason }))
    }

    /// A process and its task, which has the same number.
    pub(crate) fn spawned(self, local: u64, parent: u64, path: &str) -> Self {
        self.process_spawned(local, parent, path)
            .task_spawned(local, parent, path)
    }

    pub(crate) fn exited(self, local: u64, reason: ExitReason) -> Self {
        self.process_exited(local, reason).task_ended(local)
    }

    // Failures.

    const fn failure(&self, ordinal: u64) -> FailureId {
        FailureId {
            node: self.node,
            incarnation: self.incarnation,
            ordinal,
        }
    }

    pub(crate) fn delivered(self, ordinal: u64, process: u64) -> Self {
        let failure = self.failure(ordinal);
        let process = (process != 0).then(|| self.process(process));
        let what = format!("failure {ordinal}").into();
        self.core(Event::Failure(FailureEvent::Delivered {
            failure,
            process,
            what,
        }))
    }

    pub(crate) fn settled(self, ordinal: u64) -> Self {
        let failure = self.failure(ordinal);
        let how = Settlement::Reported;
        self.core(Event::Failure(FailureEvent::Settled { failure, how }))
    }

    pub(crate) fn dropped(self, ordinal: u64) -> Self {
        let failure = self.failure(ordinal);
        let what = format!("failure {ordinal}").into();
        self.core(Event::Failure(FailureEvent::Dropped { failure, what }))
    }
}
