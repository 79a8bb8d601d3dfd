//! Every end is seen once, by whom it concerns, and is an end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{Event, FailureEvent, ProcessEvent, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::{Incarnation, NodeId};

use super::checker::{Checker, Findings};
use super::deadlines::Deadlines;
use super::tempo::Tempo;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks that the end of every supervised process reaches its supervisor.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_process_starts_once` | a process is spawned under the number of an earlier one |
/// | `a_process_exits_once` | a process exits again, or without having been spawned |
/// | `an_exit_is_seen_once` | a supervisor sees an exit again, or does not see it within a second, or stops without having seen it |
/// | `an_exit_is_not_seen_early` | a supervisor sees the exit of a process that is alive |
/// | `an_exit_is_seen_by_the_parent` | a supervisor sees the exit of a process that is not below it |
/// | `an_exit_keeps_its_reason` | a supervisor sees another reason than the process had |
/// | `the_dead_are_silent` | a process supervises, is given a failure or discards a message after its exit |
///
/// The second is one of the node's own clock: a drifting clock, a slow node and the
/// time that a node stands still are allowed for. A supervisor that is killed, or
/// crashes with its node, owes nothing. Bounded by what is alive.
pub struct Exits {
    nodes: BTreeMap<(NodeId, Incarnation), Population>,
    unseen: Deadlines<ProcessId>,
    tempo: Tempo,
}

#[derive(Default)]
struct Population {
    /// The highest number of any process so far.
    last: u64,
    alive: BTreeMap<u64, Living>,
    supervisors: BTreeSet<u64>,
    /// Exits that the supervisor above has not seen.
    unseen: BTreeMap<u64, Unseen>,
}

struct Living {
    parent: Option<u64>,
    path: Label,
}

struct Unseen {
    supervisor: u64,
    path: Label,
    reason: ExitReason,
    time: u64,
}

impl Exits {
    /// How long a supervisor may take to see the exit of a child, on its node's clock.
    pub const SEEN_WITHIN: Duration = Duration::from_secs(1);

    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodes: BTreeMap::new(),
            unseen: Deadlines::new(),
            tempo: Tempo::new(),
        }
    }

    fn population(&mut self, process: ProcessId) -> &mut Population {
        let home = (process.node, process.incarnation);
        self.nodes.entry(home).or_default()
    }

    fn process(&mut self, time: u64, event: &ProcessEvent, findings: &mut Findings) {
        match event {
            ProcessEvent::Spawned {
                process,
                parent,
                path,
            } => {
                let population = self.population(*process);
                if process.local <= population.last {
                    let detail = format!("{process} {path} has the number of an earlier process");
                    findings.violated("a_process_starts_once", detail);
                }
                population.last = population.last.max(process.local);
                let (parent, path) = (parent.map(|parent| parent.local), path.clone());
                population
                    .alive
                    .insert(process.local, Living { parent, path });
            }
            ProcessEvent::Exited { process, reason } => {
                if self
                    .population(*process)
                    .exit(time, *process, reason, findings)
                {
                    let until = self.latest(*process, time, time);
                    self.unseen.set(until, *process);
                }
            }
            ProcessEvent::MessageDiscarded { process, .. } => {
                self.population(*process)
                    .expect_alive(*process, "discarded a message", findings);
            }
        }
    }

    fn supervision(&mut self, event: &SupervisionEvent, findings: &mut Findings) {
        let (supervisor, _) = subject(event);
        let population = self.population(supervisor);
        population.expect_alive(supervisor, "went on supervising", findings);
        if let SupervisionEvent::SupervisorStarted { .. } = event {
            population.supervisors.insert(supervisor.local);
        }
        if !population.supervisors.contains(&supervisor.local) {
            return;
        }
        if let SupervisionEvent::ChildExited {
            process,
            child,
            reason,
            ..
        } = event
        {
            population.see(supervisor, child, *process, reason, findings);
        }
        if let SupervisionEvent::SupervisorStopped { .. } = event {
            let mut left = population.unseen.iter();
            let missed = left.find(|(_, unseen)| unseen.supervisor == supervisor.local);
            if let Some((local, unseen)) = missed {
                let path = &unseen.path;
                let detail =
                    format!("{supervisor} stopped without seeing the exit of {path} ({local})");
                findings.violated("an_exit_is_seen_once", detail);
            }
        }
    }

    fn latest(&self, process: ProcessId, since: u64, now: u64) -> u64 {
        self.tempo
            .latest(process.node, since, now, Self::SEEN_WITHIN)
    }

    fn expire(&mut self, now: u64, findings: &mut Findings) {
        while let Some(process) = self.unseen.overdue(now) {
            let home = (process.node, process.incarnation);
            let unseen = self
                .nodes
                .get(&home)
                .and_then(|home| home.unseen.get(&process.local));
            let Some(unseen) = unseen else { continue };
            let until = self.latest(process, unseen.time, now);
            if until >= now {
                self.unseen.set(until, process);
                continue;
            }
            let detail = format!(
                "the exit of {process} {} was not seen by its supervisor ({}) within {:?}",
                unseen.path,
                unseen.supervisor,
                Self::SEEN_WITHIN
            );
            findings.violated("an_exit_is_seen_once", detail);
        }
    }
}

impl Default for Exits {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker for Exits {
    fn name(&self) -> &'static str {
        "exits"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Net(_) | TraceEvent::Disk(_) | TraceEvent::Task(_) => return,
            TraceEvent::Core(Event::Process(event)) => self.process(record.time, event, findings),
            TraceEvent::Core(Event::Supervision(event)) => self.supervision(event, findings),
            TraceEvent::Core(Event::Failure(FailureEvent::Delivered {
                process: Some(process),
                ..
            })) => {
                self.population(*process)
                    .expect_alive(*process, "was given a failure", findings);
            }
            TraceEvent::Core(_) => {}
            TraceEvent::Node(event) => {
                self.tempo.observe(record);
                if let (
                    Some(node),
                    NodeEvent::Crashed { incarnation, .. } | NodeEvent::Stopped { incarnation, .. },
                ) = (record.node, event)
                {
                    self.nodes.remove(&(node, *incarnation));
                }
            }
            TraceEvent::Run(_) | TraceEvent::Fault(_) => self.tempo.observe(record),
        }
        self.expire(record.time, findings);
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

impl Population {
    /// Whether a supervisor has to see this exit from here on.
    fn exit(
        &mut self,
        time: u64,
        process: ProcessId,
        reason: &ExitReason,
        findings: &mut Findings,
    ) -> bool {
        let Some(living) = self.alive.remove(&process.local) else {
            let how = if process.local <= self.last {
                "exited again"
            } else {
                "exited but was never spawned"
            };
            let detail = format!("{process} {how}: {reason}");
            findings.violated("a_process_exits_once", detail);
            return false;
        };
        if self.supervisors.remove(&process.local) {
            // Nobody is left who could see the exits of its children.
            self.unseen
                .retain(|_, unseen| unseen.supervisor != process.local);
        }
        let parent = living.parent;
        let Some(supervisor) = parent.filter(|parent| self.supervisors.contains(parent)) else {
            return false;
        };
        let unseen = Unseen {
            supervisor,
            path: living.path,
            reason: reason.clone(),
            time,
        };
        self.unseen.insert(process.local, unseen);
        true
    }

    fn see(
        &mut self,
        supervisor: ProcessId,
        child: &Label,
        process: ProcessId,
        reason: &ExitReason,
        findings: &mut Findings,
    ) {
        let home = (supervisor.node, supervisor.incarnation);
        if home != (process.node, process.incarnation) {
            let detail = format!("{supervisor} saw the exit of {process}, of another node");
            findings.violated("an_exit_is_seen_by_the_parent", detail);
            return;
        }
        let Some(unseen) = self.unseen.get(&process.local) else {
            let alive = self.alive.contains_key(&process.local);
            if alive || process.local > self.last {
                let detail = format!("{supervisor} saw {child} exit, but {process} has not");
                findings.violated("an_exit_is_not_seen_early", detail);
            } else {
                let detail = format!("{supervisor} saw the exit of {child} ({process}) again");
                findings.violated("an_exit_is_seen_once", detail);
            }
            return;
        };
        if unseen.supervisor != supervisor.local {
            let detail = format!("{supervisor} saw the exit of {}, not below it", unseen.path);
            findings.violated("an_exit_is_seen_by_the_parent", detail);
            return;
        }
        if unseen.reason != *reason {
            let detail = format!(
                "{process} {} exited with `{}`, its supervisor saw `{reason}`",
                unseen.path, unseen.reason
            );
            findings.violated("an_exit_keeps_its_reason", detail);
        }
        self.unseen.remove(&process.local);
    }

    fn expect_alive(&self, process: ProcessId, what: &str, findings: &mut Findings) {
        if process.local <= self.last && !self.alive.contains_key(&process.local) {
            let detail = format!("{process} {what} after its exit");
            findings.violated("the_dead_are_silent", detail);
        }
    }
}
