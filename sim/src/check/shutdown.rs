//! Whatever is stopped ends in its time.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::ProcessId;
use steadfast::runtime::{Incarnation, NodeId};
use steadfast::supervision::ShutdownPolicy;

use super::checker::{Checker, Findings};
use super::deadlines::Deadlines;
use super::tempo::Tempo;
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TraceEvent};

/// Checks the orderly end of children, supervisors and nodes.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_late_child_is_killed` | a child with a limit is alive after it and was not killed |
/// | `only_a_late_child_is_killed` | a child is killed before its limit, without a limit, or without having been asked |
/// | `a_killed_child_ends` | a child is alive 50 ms after it was killed, or was to be stopped brutally |
/// | `a_stopped_supervisor_has_no_children` | a process lives below a supervisor that says it has stopped |
/// | `a_node_stops_in_time` | something had to be killed when a node stopped, or it did not stop at all |
///
/// Limits run on the node's own clock. When nothing is wrong with it they are exact
/// up to 50 ms of simulated time; a pause is added to a limit, a slow node and a
/// drifting clock stretch it by their factor, and a fast clock shrinks it. A node whose
/// time was disturbed while it stopped may have had to kill something. A task
/// supervisor (period zero) may be asked for a stricter stop than the first one, which
/// has no fact of its own, so its kills are not too early. Bounded by what is alive.
pub struct Shutdown {
    alive: BTreeMap<ProcessId, Living>,
    stops: BTreeMap<ProcessId, Stop>,
    due: Deadlines<ProcessId>,
    nodes: BTreeMap<NodeId, (Incarnation, u64)>,
    tempo: Tempo,
    stopping: bool,
}

struct Living {
    parent: Option<ProcessId>,
    path: Label,
    children: u64,
    /// Whether it supervises tasks, whose limits can be shortened.
    tasks: bool,
}

struct Stop {
    asked: u64,
    shutdown: ShutdownPolicy,
    killed: Option<u64>,
}

impl Shutdown {
    /// Nothing is alive.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            alive: BTreeMap::new(),
            stops: BTreeMap::new(),
            due: Deadlines::new(),
            nodes: BTreeMap::new(),
            tempo: Tempo::new(),
            stopping: false,
        }
    }

    fn process(&mut self, event: &ProcessEvent) {
        match event {
            ProcessEvent::Spawned {
                process,
                parent,
                path,
            } => {
                if let Some(above) = parent.and_then(|parent| self.alive.get_mut(&parent)) {
                    above.children += 1;
                }
                let living = Living {
                    parent: *parent,
                    path: path.clone(),
                    children: 0,
                    tasks: false,
                };
                self.alive.insert(*process, living);
            }
            ProcessEvent::Exited { process, .. } => {
                self.stops.remove(process);
                let gone = self.alive.remove(process);
                let parent = gone.and_then(|gone| gone.parent);
                if let Some(above) = parent.and_then(|parent| self.alive.get_mut(&parent)) {
                    above.children = above.children.saturating_sub(1);
                }
            }
            ProcessEvent::MessageDiscarded { .. } => {}
        }
    }

    fn supervision(&mut self, time: u64, event: &SupervisionEvent, findings: &mut Findings) {
        use SupervisionEvent as E;
        match event {
            E::SupervisorStarted {
                supervisor, period, ..
            } => {
                if let Some(living) = self.alive.get_mut(supervisor) {
                    living.tasks = period.is_zero();
                }
            }
            E::ChildStopping {
                process, shutdown, ..
            } => self.asked(time, *process, *shutdown),
            E::ChildKilled {
                supervisor,
                process,
                ..
            } => self.killed(time, *supervisor, *process, findings),
            E::SupervisorStopped { supervisor } => self.supervisor_stopped(*supervisor, findings),
            E::SupervisorReconfigured { .. }
            | E::ChildAdded { .. }
            | E::ChildRemoved { .. }
            | E::ChildStarted { .. }
            | E::ChildStartFailed { .. }
            | E::ChildIgnored { .. }
            | E::ChildExited { .. }
            | E::RestartScheduled { .. }
            | E::RestartCancelled { .. }
            | E::ChildLimitExceeded { .. }
            | E::IntensityExceeded { .. }
            | E::AutoShutdown { .. }
            | E::SupervisorStopping { .. } => {}
        }
    }

    fn asked(&mut self, time: u64, process: ProcessId, shutdown: ShutdownPolicy) {
        if !self.alive.contains_key(&process) {
            // It ended by itself, and its supervisor has not heard of it yet.
            return;
        }
        let stop = Stop {
            asked: time,
            shutdown,
            killed: (shutdown == ShutdownPolicy::Brutal).then_some(time),
        };
        if let Some(until) = self.latest(process, &stop, time) {
            self.due.set(until, process);
        }
        self.stops.insert(process, stop);
    }

    fn killed(
        &mut self,
        time: u64,
        supervisor: ProcessId,
        process: ProcessId,
        findings: &mut Findings,
    ) {
        let Some(living) = self.alive.get(&process) else {
            return;
        };
        let above = self.alive.get(&supervisor);
        let strict = !above.is_some_and(|above| above.tasks);
        let path = &living.path;
        let fault = match self.stops.get(&process) {
            None => Some("without having been asked".to_owned()),
            Some(stop) => match stop.shutdown {
                ShutdownPolicy::Timeout(limit) => {
                    let earliest = self.tempo.earliest(process.node, stop.asked, time, limit);
                    let after = Duration::from_nanos(time.saturating_sub(stop.asked));
                    (strict && time < earliest)
                        .then(|| format!("{after:?} after being asked to stop within {limit:?}"))
                }
                ShutdownPolicy::Infinite => strict.then(|| "although it has no limit".to_owned()),
                ShutdownPolicy::Brutal => None,
            },
        };
        if let Some(fault) = fault {
            let detail = format!("{process} {path} was killed {fault}");
            findings.violated("only_a_late_child_is_killed", detail);
        }
        let stop = Stop {
            asked: time,
            shutdown: ShutdownPolicy::Brutal,
            killed: Some(time),
        };
        if let Some(until) = self.latest(process, &stop, time) {
            self.due.set(until, process);
        }
        self.stops.insert(process, stop);
    }

    fn supervisor_stopped(&self, supervisor: ProcessId, findings: &mut Findings) {
        let Some(living) = self
            .alive
            .get(&supervisor)
            .filter(|living| living.children > 0)
        else {
            return;
        };
        let (path, count) = (&living.path, living.children);
        let mut alive = self.alive.iter();
        let child = alive.find(|(_, living)| living.parent == Some(supervisor));
        let child = child.map_or_else(String::new, |(child, living)| {
            format!(", such as {child} {}", living.path)
        });
        let detail = format!("{supervisor} {path} stopped with {count} children alive{child}");
        findings.violated("a_stopped_supervisor_has_no_children", detail);
    }

    /// The last moment at which the process may be alive, or its supervisor idle.
    fn latest(&self, process: ProcessId, stop: &Stop, now: u64) -> Option<u64> {
        let (from, local) = match (stop.killed, stop.shutdown) {
            (Some(killed), _) => (killed, Duration::ZERO),
            (None, ShutdownPolicy::Timeout(limit)) => (stop.asked, limit),
            (None, ShutdownPolicy::Brutal | ShutdownPolicy::Infinite) => return None,
        };
        Some(self.tempo.latest(process.node, from, now, local))
    }

    fn expire(&mut self, now: u64, findings: &mut Findings) {
        while let Some(process) = self.due.overdue(now) {
            let found = self.alive.get(&process).zip(self.stops.get(&process));
            let Some((living, stop)) = found else {
                continue;
            };
            let Some(until) = self.latest(process, stop, now) else {
                continue;
            };
            if until >= now {
                self.due.set(until, process);
                continue;
            }
            let path = &living.path;
            if stop.killed.is_some() {
                let detail = format!("{process} {path} is alive after it was killed");
                findings.violated("a_killed_child_ends", detail);
            } else {
                let detail = format!(
                    "{process} {path} is alive, was not killed: {:?}",
                    stop.shutdown
                );
                findings.violated("a_late_child_is_killed", detail);
            }
            self.stops.remove(&process);
        }
    }

    fn node(&mut self, time: u64, node: NodeId, event: &NodeEvent, findings: &mut Findings) {
        match event {
            NodeEvent::Stopping { incarnation } => {
                self.nodes.insert(node, (*incarnation, time));
            }
            NodeEvent::Stopped {
                incarnation,
                orderly,
            } => {
                let since = self.nodes.remove(&node).map_or(time, |(_, since)| since);
                if !orderly && !self.tempo.is_disturbed(node, since, time) {
                    let after = Duration::from_nanos(time.saturating_sub(since));
                    let detail = format!("{node} stopped after {after:?}, but not in good order");
                    findings.violated("a_node_stops_in_time", detail);
                }
                self.forget(node, *incarnation);
            }
            NodeEvent::Crashed { incarnation, .. } => {
                self.nodes.remove(&node);
                self.forget(node, *incarnation);
            }
            NodeEvent::Started { .. } | NodeEvent::Paused | NodeEvent::Resumed => {}
        }
    }

    fn forget(&mut self, node: NodeId, incarnation: Incarnation) {
        let gone = |process: &ProcessId| process.node == node && process.incarnation <= incarnation;
        self.alive.retain(|process, _| !gone(process));
        self.stops.retain(|process, _| !gone(process));
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker for Shutdown {
    fn name(&self) -> &'static str {
        "shutdown"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Net(_) | TraceEvent::Disk(_) | TraceEvent::Task(_) => return,
            TraceEvent::Core(Event::Process(event)) => self.process(event),
            TraceEvent::Core(Event::Supervision(event)) => {
                self.supervision(record.time, event, findings);
            }
            TraceEvent::Core(
                Event::Boot(_)
                | Event::Membership(_)
                | Event::Store(_)
                | Event::Registry(_)
                | Event::Coordination(_)
                | Event::Failure(_),
            ) => {}
            TraceEvent::Node(event) => {
                self.tempo.observe(record);
                if let Some(node) = record.node {
                    self.node(record.time, node, event, findings);
                }
            }
            TraceEvent::Run(event) => {
                self.tempo.observe(record);
                self.stopping |= *event == RunEvent::PhaseStarted { phase: Phase::Stop };
            }
            TraceEvent::Fault(_) => self.tempo.observe(record),
        }
        self.expire(record.time, findings);
    }

    fn finish(&mut self, findings: &mut Findings) {
        // Only a run that came to its end has stopped its nodes.
        if let Some((node, _)) = self.nodes.first_key_value().filter(|_| self.stopping) {
            let detail = format!("{node} was to be stopped and never did");
            findings.violated("a_node_stops_in_time", detail);
        }
    }
}
