//! What lives on a node.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::runtime::Incarnation;

/// The processes and raw tasks of the present incarnation of a node.
#[derive(Default)]
pub(super) struct Population {
    pub(super) incarnation: Option<Incarnation>,
    /// The last incarnation that is over, and how it ended.
    pub(super) over: Option<(Incarnation, &'static str)>,
    pub(super) processes: BTreeMap<u64, Process>,
    pub(super) tasks: BTreeMap<u64, Task>,
    /// Processes whose task is still to come.
    pub(super) awaited: Vec<(u64, Label)>,
}

pub(super) struct Process {
    pub(super) parent: Option<u64>,
    pub(super) path: Label,
    pub(super) children: BTreeSet<u64>,
    pub(super) task: Option<u64>,
}

pub(super) struct Task {
    pub(super) name: Label,
    pub(super) place: Label,
    /// The process whose task it is, while that is alive.
    pub(super) process: Option<u64>,
    /// The raw tasks that it started and that are alive.
    pub(super) owned: BTreeSet<u64>,
    pub(super) owner: Option<u64>,
    /// When its owner, or its process, was over.
    pub(super) since: Option<u64>,
}

impl Population {
    pub(super) fn over(incarnation: Incarnation, how: &'static str) -> Self {
        Self {
            over: Some((incarnation, how)),
            ..Self::default()
        }
    }

    /// How the incarnation ended, if it is over. Without an incarnation: the node's.
    pub(super) fn is_over(&self, incarnation: Option<Incarnation>) -> Option<&'static str> {
        let (last, how) = self.over?;
        let over = match incarnation {
            Some(incarnation) => incarnation <= last,
            None => self.incarnation.is_none(),
        };
        over.then_some(how)
    }

    /// The process that this is the task of. Starts may nest, so the youngest
    /// process that waits under the name takes it.
    pub(super) fn claim(&mut self, name: &Label, ordinal: u64) -> Option<u64> {
        let waiting = self.awaited.iter().rposition(|(_, path)| path == name)?;
        let (local, _) = self.awaited.remove(waiting);
        self.processes.get_mut(&local)?.task = Some(ordinal);
        Some(local)
    }

    pub(super) fn list_processes<'a>(
        &self,
        locals: impl ExactSizeIterator<Item = &'a u64>,
    ) -> String {
        let name = |local: &u64| match self.processes.get(local) {
            Some(process) => format!("{} ({local})", process.path),
            None => local.to_string(),
        };
        list(locals, name)
    }

    pub(super) fn list_living(&self) -> Option<String> {
        let stray = |(_, task): &(&u64, &Task)| task.process.is_none() && task.since.is_none();
        let tasks: Vec<_> = self.tasks.iter().filter(stray).collect();
        let mut living = Vec::new();
        if !self.processes.is_empty() {
            living.push(format!(
                "processes {}",
                self.list_processes(self.processes.keys())
            ));
        }
        if !tasks.is_empty() {
            let name = |(_, task): &(&u64, &Task)| format!("{} of {}", task.name, task.place);
            living.push(format!("tasks {}", list(tasks.iter(), name)));
        }
        (!living.is_empty()).then(|| living.join(" and "))
    }
}

/// At most five names, and how many more there are.
fn list<T>(items: impl ExactSizeIterator<Item = T>, name: impl Fn(T) -> String) -> String {
    const NAMED_MAX: usize = 5;
    let more = items.len().saturating_sub(NAMED_MAX);
    let names: Vec<String> = items.take(NAMED_MAX).map(name).collect();
    let names = names.join(", ");
    if more == 0 {
        names
    } else {
        format!("{names} and {more} more")
    }
}
