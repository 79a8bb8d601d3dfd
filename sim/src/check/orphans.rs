//! No orphans: whatever has a parent or an owner does not outlive it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{BootEvent, Event, FailureEvent, ProcessEvent};
use steadfast::process::ProcessId;
use steadfast::runtime::{Incarnation, NodeId};

use super::checker::{Checker, Findings};
use super::deadlines::Deadlines;
use super::population::{Population, Process, Task};
use super::tempo::Tempo;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TaskEvent, TaskId, TraceEvent};

/// Checks the first promise, "no orphans".
///
/// A process belongs to the parent that its `Spawned` names, whichever task happened
/// to start it: a task supervisor starts tasks on behalf of its callers. A raw task
/// that is not the task of a process belongs to the task that started it. The task of
/// a process is the one that is spawned next under the process's path.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `born_under_the_living` | a process starts under a parent that is not alive |
/// | `no_child_outlives_its_parent` | a process exits while a child of it is alive |
/// | `a_process_has_its_task` | the task of a process ends before the process exits |
/// | `no_task_outlives_its_owner` | a raw task is alive after its owner, and the time it needs to be aborted, are over |
/// | `nothing_is_seen_after_the_end` | an incarnation is seen after it crashed or stopped |
/// | `nothing_lives_after_a_stop` | a process or a raw task is alive when its node has stopped |
/// | `every_task_is_the_runtimes` | a node has tasks that were not started through the runtime |
///
/// A raw task is aborted by dropping its handle and ends when it is polled next, so
/// it gets a grace of 50 ms of simulated time (longer on a node that is slow or
/// stands still). Bounded by what is alive.
pub struct Orphans {
    nodes: BTreeMap<NodeId, Population>,
    grace: Deadlines<TaskId>,
    tempo: Tempo,
}

impl Orphans {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodes: BTreeMap::new(),
            grace: Deadlines::new(),
            tempo: Tempo::new(),
        }
    }

    fn population(&mut self, node: NodeId) -> &mut Population {
        self.nodes.entry(node).or_default()
    }

    fn core(&mut self, record: &Record, event: &Event, findings: &mut Findings) {
        let Some(node) = record.node else { return };
        if let Some(over) = self.population(node).is_over(actor(event)) {
            let detail = format!("{node} announced a fact after it had {over}");
            findings.violated("nothing_is_seen_after_the_end", detail);
            return;
        }
        let Event::Process(event) = event else { return };
        match event {
            ProcessEvent::Spawned {
                process,
                parent,
                path,
            } => self.spawned(*process, *parent, path, findings),
            ProcessEvent::Exited { process, .. } => self.exited(*process, record.time, findings),
            ProcessEvent::MessageDiscarded { .. } => {}
        }
    }

    fn spawned(
        &mut self,
        process: ProcessId,
        parent: Option<ProcessId>,
        path: &Label,
        findings: &mut Findings,
    ) {
        let population = self.population(process.node);
        if let Some(parent) = parent {
            let home = (parent.node, parent.incarnation) == (process.node, process.incarnation);
            match population.processes.get_mut(&parent.local) {
                Some(above) if home => {
                    above.children.insert(process.local);
                }
                Some(_) | None => {
                    let detail = format!("{process} {path} started under {parent}, not alive");
                    findings.violated("born_under_the_living", detail);
                }
            }
        }
        population.awaited.push((process.local, path.clone()));
        let entry = Process {
            parent: parent.map(|parent| parent.local),
            path: path.clone(),
            children: BTreeSet::new(),
            task: None,
        };
        population.processes.insert(process.local, entry);
    }

    fn exited(&mut self, process: ProcessId, time: u64, findings: &mut Findings) {
        let population = self.population(process.node);
        let Some(entry) = population.processes.remove(&process.local) else {
            return;
        };
        population
            .awaited
            .retain(|(local, _)| *local != process.local);
        if !entry.children.is_empty() {
            let children = population.list_processes(entry.children.iter());
            let detail = format!("{process} {} exited before {children}", entry.path);
            findings.violated("no_child_outlives_its_parent", detail);
        }
        if let Some(parent) = entry.parent
            && let Some(parent) = population.processes.get_mut(&parent)
        {
            parent.children.remove(&process.local);
        }
        if let Some(ordinal) = entry.task {
            if let Some(task) = population.tasks.get_mut(&ordinal) {
                task.process = None;
            }
            let task = TaskId {
                node: process.node,
                incarnation: process.incarnation,
                ordinal,
            };
            self.grant_grace(task, time);
        }
    }

    fn task(&mut self, record: &Record, event: &TaskEvent, findings: &mut Findings) {
        let task = match event {
            TaskEvent::Spawned { task, .. } | TaskEvent::Ended { task, .. } => *task,
            TaskEvent::Foreign { count: 0 } => return,
            TaskEvent::Foreign { count } => {
                let node = record
                    .node
                    .map_or_else(String::new, |node| format!(" on {node}"));
                let detail = format!("{count} tasks{node} were not started through the runtime");
                findings.violated("every_task_is_the_runtimes", detail);
                return;
            }
        };
        let population = self.population(task.node);
        let known = population.tasks.contains_key(&task.ordinal);
        if let Some(over) = population
            .is_over(Some(task.incarnation))
            .filter(|_| !known)
        {
            let detail = format!("task {task} was seen after its node had {over}");
            findings.violated("nothing_is_seen_after_the_end", detail);
            return;
        }
        match event {
            TaskEvent::Spawned {
                owner, name, place, ..
            } => self.task_spawned(task, *owner, name, place, record.time),
            TaskEvent::Ended { .. } => self.task_ended(task, record.time, findings),
            TaskEvent::Foreign { .. } => {}
        }
    }

    fn task_spawned(
        &mut self,
        task: TaskId,
        owner: Option<TaskId>,
        name: &Label,
        place: &Label,
        time: u64,
    ) {
        let population = self.population(task.node);
        let process = population.claim(name, task.ordinal);
        // A process has a parent, which is not the task that happened to start it.
        let owner = owner.filter(|_| process.is_none());
        let owner_lives = match owner {
            None => true,
            Some(owner) => match population.tasks.get_mut(&owner.ordinal) {
                Some(owner) => {
                    owner.owned.insert(task.ordinal);
                    true
                }
                None => false,
            },
        };
        let entry = Task {
            name: name.clone(),
            place: place.clone(),
            process,
            owned: BTreeSet::new(),
            owner: owner.map(|owner| owner.ordinal),
            since: None,
        };
        population.tasks.insert(task.ordinal, entry);
        if !owner_lives {
            self.grant_grace(task, time);
        }
    }

    fn task_ended(&mut self, task: TaskId, time: u64, findings: &mut Findings) {
        let population = self.population(task.node);
        let Some(entry) = population.tasks.remove(&task.ordinal) else {
            return;
        };
        if let Some(owner) = entry.owner
            && let Some(owner) = population.tasks.get_mut(&owner)
        {
            owner.owned.remove(&task.ordinal);
        }
        if let Some(process) = entry.process {
            let detail = format!(
                "task {task} of {} ended, but the process did not exit",
                population.list_processes([process].iter())
            );
            findings.violated("a_process_has_its_task", detail);
        }
        for ordinal in entry.owned {
            self.grant_grace(TaskId { ordinal, ..task }, time);
        }
    }

    fn grant_grace(&mut self, task: TaskId, time: u64) {
        if let Some(entry) = self.population(task.node).tasks.get_mut(&task.ordinal) {
            entry.since = Some(time);
            let until = self.tempo.latest(task.node, time, time, Duration::ZERO);
            self.grace.set(until, task);
        }
    }

    fn expire(&mut self, now: u64, findings: &mut Findings) {
        while let Some(task) = self.grace.overdue(now) {
            let Some(population) = self.nodes.get_mut(&task.node) else {
                continue;
            };
            let found = population.tasks.get(&task.ordinal);
            let Some((entry, since)) = found.and_then(|entry| Some((entry, entry.since?))) else {
                continue;
            };
            let until = self.tempo.latest(task.node, since, now, Duration::ZERO);
            if until >= now {
                self.grace.set(until, task);
                continue;
            }
            let detail = format!(
                "task {task} {} of {} is alive {:?} after its owner was over",
                entry.name,
                entry.place,
                Duration::from_nanos(now - since)
            );
            findings.violated("no_task_outlives_its_owner", detail);
            population.tasks.remove(&task.ordinal);
        }
    }

    fn node(&mut self, node: NodeId, event: &NodeEvent, findings: &mut Findings) {
        let population = self.population(node);
        match event {
            NodeEvent::Started { incarnation } => {
                *population = Population {
                    incarnation: Some(*incarnation),
                    over: population.over,
                    ..Population::default()
                };
            }
            NodeEvent::Crashed { incarnation, .. } => {
                *population = Population::over(*incarnation, "crashed");
            }
            NodeEvent::Stopped { incarnation, .. } => {
                let living = population.list_living();
                if let Some(living) = living {
                    let detail = format!("{node} has stopped, but {living} are alive");
                    findings.violated("nothing_lives_after_a_stop", detail);
                }
                let mut tasks = std::mem::take(&mut population.tasks);
                // What is being aborted is over soon, or is found then.
                tasks.retain(|_, task| task.since.is_some());
                *population = Population::over(*incarnation, "stopped");
                population.tasks = tasks;
            }
            NodeEvent::Paused | NodeEvent::Resumed | NodeEvent::Stopping { .. } => {}
        }
    }
}

impl Default for Orphans {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker for Orphans {
    fn name(&self) -> &'static str {
        "orphans"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Net(_) | TraceEvent::Disk(_) => return,
            TraceEvent::Core(event) => self.core(record, event, findings),
            TraceEvent::Task(event) => self.task(record, event, findings),
            TraceEvent::Node(event) => {
                self.tempo.observe(record);
                if let Some(node) = record.node {
                    self.node(node, event, findings);
                }
            }
            TraceEvent::Run(_) | TraceEvent::Fault(_) => self.tempo.observe(record),
        }
        self.expire(record.time, findings);
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

/// The incarnation that announced a fact, if the fact says.
const fn actor(event: &Event) -> Option<Incarnation> {
    match event {
        Event::Process(
            ProcessEvent::Spawned { process, .. }
            | ProcessEvent::Exited { process, .. }
            | ProcessEvent::MessageDiscarded { process, .. },
        ) => Some(process.incarnation),
        Event::Supervision(event) => Some(subject(event).0.incarnation),
        Event::Boot(BootEvent::ServiceStarted { process, .. }) => Some(process.incarnation),
        Event::Failure(
            FailureEvent::Delivered { failure, .. }
            | FailureEvent::Settled { failure, .. }
            | FailureEvent::Dropped { failure, .. },
        ) => Some(failure.incarnation),
        Event::Boot(_)
        | Event::Membership(_)
        | Event::Store(_)
        | Event::Registry(_)
        | Event::Coordination(_)
        | Event::Failure(FailureEvent::Incident { .. }) => None,
    }
}
