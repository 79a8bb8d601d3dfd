//! Logical names, learned from the records.

use std::collections::BTreeMap;
use std::fmt;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent};
use steadfast::process::ProcessId;
use steadfast::runtime::{Incarnation, NodeId};

use crate::trace::{FaultEvent, NodeEvent, Record, TaskEvent, TaskId, TraceEvent};

struct ProcessName {
    path: Label,
    /// How many processes of the incarnation had this path before, plus one.
    turn: u64,
}

/// What the records so far have named.
#[derive(Default)]
pub(super) struct Names {
    processes: BTreeMap<ProcessId, ProcessName>,
    turns: BTreeMap<(NodeId, Incarnation, Label), u64>,
    tasks: BTreeMap<TaskId, Label>,
    faults: BTreeMap<u32, &'static str>,
    incarnations: BTreeMap<NodeId, Incarnation>,
}

impl Names {
    pub(super) fn learn(&mut self, record: &Record) {
        match &record.event {
            TraceEvent::Core(Event::Process(ProcessEvent::Spawned { process, path, .. })) => {
                let place = (process.node, process.incarnation, path.clone());
                let turns = self.turns.entry(place).or_default();
                *turns += 1;
                let (path, turn) = (path.clone(), *turns);
                self.processes.insert(*process, ProcessName { path, turn });
            }
            TraceEvent::Node(NodeEvent::Started { incarnation }) => {
                if let Some(node) = record.node {
                    self.incarnations.insert(node, *incarnation);
                }
            }
            TraceEvent::Task(TaskEvent::Spawned { task, name, .. }) => {
                self.tasks.insert(*task, name.clone());
            }
            TraceEvent::Fault(FaultEvent::Fired { episode, fault, .. }) => {
                self.faults.insert(*episode, fault.word());
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => {}
        }
    }

    /// `n1.2`, or `n1` before its first start, or `world`.
    pub(super) fn place(&self, node: Option<NodeId>) -> String {
        match node.map(|node| (node, self.incarnations.get(&node))) {
            None => "world".to_owned(),
            Some((node, None)) => node.to_string(),
            Some((node, Some(incarnation))) => format!("{node}.{incarnation}"),
        }
    }

    /// `<n1.1.3> top/worker`, or `top/worker` without the id.
    pub(super) fn process(&self, process: ProcessId, ids: bool) -> String {
        match self.processes.get(&process) {
            None => process.to_string(),
            Some(name) if ids => format!("{process} {}", OneLine(&name.path)),
            Some(name) if name.turn == 1 => OneLine(&name.path).to_string(),
            Some(name) => format!("{}({})", OneLine(&name.path), name.turn),
        }
    }

    /// `n1.1/4 name`.
    pub(super) fn task(&self, task: TaskId) -> String {
        match self.tasks.get(&task) {
            None => task.to_string(),
            Some(name) => format!("{task} {}", OneLine(name)),
        }
    }

    /// `0 (drop)`, or `0` before it has fired.
    pub(super) fn fault(&self, episode: u32) -> String {
        match self.faults.get(&episode) {
            None => episode.to_string(),
            Some(fault) => format!("{episode} ({fault})"),
        }
    }
}

/// Text on one line: control characters are escaped.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if c.is_control() {
                write!(f, "{}", c.escape_default())
            } else {
                fmt::Write::write_char(f, c)
            }
        })
    }
}
