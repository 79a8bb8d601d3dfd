//! The processes of one node and how they are tied together.
//!
//! Pure bookkeeping: every function takes the table, changes it, and returns the
//! wakers to wake once the lock is released.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::Waker;

use super::control::Control;
use super::exit::ExitReason;
use super::id::ProcessId;
use super::reply::ReplySender;
use super::signal::{MonitorRef, Signal};
use crate::label::Label;
use crate::runtime::TaskHandle;

/// Who is told of an end.
pub(super) enum Watcher {
    /// A process, through its signals.
    Process(ProcessId),
    /// Code outside every process.
    Outside(ReplySender<ExitReason>),
}

pub(super) struct Entry {
    pub(super) parent: Option<ProcessId>,
    pub(super) path: Label,
    pub(super) control: Arc<Control>,
    pub(super) children: BTreeSet<ProcessId>,
    links: BTreeSet<ProcessId>,
    watchers: BTreeMap<MonitorRef, Watcher>,
    watching: BTreeMap<MonitorRef, ProcessId>,
    exiting: bool,
    childless: Option<Waker>,
    task: Option<TaskHandle>,
}

/// The table itself; one per node, behind one lock.
#[derive(Default)]
pub(super) struct Table {
    entries: BTreeMap<ProcessId, Entry>,
    locals: u64,
    monitors: u64,
    closed: bool,
}

/// Wakers to wake after the lock is released.
pub(super) type Wakers = Vec<Waker>;

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether a process may be added under `parent`.
    pub(super) fn admits(&self, parent: Option<ProcessId>) -> bool {
        match parent {
            None => !self.closed,
            Some(parent) => self
                .entries
                .get(&parent)
                .is_some_and(|entry| !entry.exiting),
        }
    }

    /// Whether a process lives and has not begun to end.
    pub(super) fn is_well(&self, process: ProcessId) -> bool {
        self.admits(Some(process))
    }

    pub(super) fn next_local(&mut self) -> u64 {
        self.locals += 1;
        self.locals
    }

    pub(super) fn insert(
        &mut self,
        process: ProcessId,
        parent: Option<ProcessId>,
        path: Label,
        control: Arc<Control>,
    ) {
        if let Some(parent) = parent.and_then(|parent| self.entries.get_mut(&parent)) {
            parent.children.insert(process);
        }
        let entry = Entry {
            parent,
            path,
            control,
            children: BTreeSet::new(),
            links: BTreeSet::new(),
            watchers: BTreeMap::new(),
            watching: BTreeMap::new(),
            exiting: false,
            childless: None,
            task: None,
        };
        self.entries.insert(process, entry);
    }

    /// Keeps the task of a process; gives it back if the process is gone already.
    pub(super) fn attach(&mut self, process: ProcessId, task: TaskHandle) -> Option<TaskHandle> {
        match self.entries.get_mut(&process) {
            Some(entry) => entry.task.replace(task),
            None => Some(task),
        }
    }

    pub(super) fn entry(&self, process: ProcessId) -> Option<&Entry> {
        self.entries.get(&process)
    }

    /// Processes without a parent, in start order.
    pub(super) fn roots(&self) -> Vec<ProcessId> {
        let roots = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.parent.is_none());
        roots.map(|(process, _)| *process).collect()
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn path(&self, process: ProcessId) -> Option<Label> {
        self.entries.get(&process).map(|entry| entry.path.clone())
    }

    /// Ties two processes. Linking twice is linking once. `false` if `other` is gone.
    pub(super) fn link(&mut self, process: ProcessId, other: ProcessId) -> bool {
        if process == other {
            return true;
        }
        if !self.entries.contains_key(&other) || !self.entries.contains_key(&process) {
            return false;
        }
        for (from, to) in [(process, other), (other, process)] {
            if let Some(entry) = self.entries.get_mut(&from) {
                entry.links.insert(to);
            }
        }
        true
    }

    /// Unties two processes. Whether they were tied: `false` after the end of one of
    /// them, which the link has then told the other.
    pub(super) fn unlink(&mut self, process: ProcessId, other: ProcessId) -> bool {
        let mut tied = false;
        for (from, to) in [(process, other), (other, process)] {
            if let Some(entry) = self.entries.get_mut(&from) {
                tied |= entry.links.remove(&to);
            }
        }
        tied
    }

    /// Watches `target`; gives the watcher back if the target is gone.
    pub(super) fn watch(
        &mut self,
        target: ProcessId,
        watcher: Watcher,
    ) -> (MonitorRef, Option<Watcher>) {
        self.monitors += 1;
        let monitor = MonitorRef(self.monitors);
        if let Watcher::Process(process) = &watcher
            && self.entries.contains_key(&target)
            && let Some(entry) = self.entries.get_mut(process)
        {
            entry.watching.insert(monitor, target);
        }
        match self.entries.get_mut(&target) {
            Some(entry) => {
                entry.watchers.insert(monitor, watcher);
                (monitor, None)
            }
            None => (monitor, Some(watcher)),
        }
    }

    pub(super) fn unwatch(&mut self, process: ProcessId, monitor: MonitorRef) {
        let target = self
            .entries
            .get_mut(&process)
            .and_then(|entry| entry.watching.remove(&monitor));
        if let Some(entry) = target.and_then(|target| self.entries.get_mut(&target)) {
            entry.watchers.remove(&monitor);
        }
        if let Some(entry) = self.entries.get(&process) {
            entry.control.forget_monitor(monitor);
        }
    }

    /// Delivers a trappable exit signal.
    pub(super) fn exit(
        &self,
        target: ProcessId,
        from: Option<ProcessId>,
        reason: &ExitReason,
        linked: bool,
        wakers: &mut Wakers,
    ) {
        if let Some(entry) = self.entries.get(&target) {
            wakers.extend(entry.control.exit(from, reason, linked));
        }
    }

    /// Ends a process without asking.
    pub(super) fn kill(&self, target: ProcessId, wakers: &mut Wakers) {
        if let Some(entry) = self.entries.get(&target) {
            wakers.extend(entry.control.kill());
        }
    }

    /// The body of `process` is gone: nothing can be added under it any more, and
    /// what is left under it is killed.
    pub(super) fn begin_exit(&mut self, process: ProcessId, wakers: &mut Wakers) {
        let children = match self.entries.get_mut(&process) {
            Some(entry) => {
                entry.exiting = true;
                entry.children.clone()
            }
            None => return,
        };
        for child in children {
            self.kill(child, wakers);
        }
    }

    /// Whether nothing is left below `process`; otherwise `waker` is woken then.
    pub(super) fn is_childless(&mut self, process: ProcessId, waker: &Waker) -> bool {
        match self.entries.get_mut(&process) {
            Some(entry) if !entry.children.is_empty() => {
                entry.childless = Some(waker.clone());
                false
            }
            _ => true,
        }
    }

    /// Removes the process and tells everyone. Returns the task handle and the
    /// outside watchers, both to be dealt with after the lock is released.
    pub(super) fn publish(
        &mut self,
        process: ProcessId,
        reason: &ExitReason,
        wakers: &mut Wakers,
    ) -> (Option<TaskHandle>, Vec<ReplySender<ExitReason>>) {
        let Some(entry) = self.entries.remove(&process) else {
            return (None, Vec::new());
        };
        for (monitor, target) in entry.watching {
            if let Some(target) = self.entries.get_mut(&target) {
                target.watchers.remove(&monitor);
            }
        }
        for partner in entry.links {
            if let Some(other) = self.entries.get_mut(&partner) {
                other.links.remove(&process);
            }
            self.exit(partner, Some(process), reason, true, wakers);
        }
        let mut outside = Vec::new();
        for (monitor, watcher) in entry.watchers {
            match watcher {
                Watcher::Process(watcher) => {
                    if let Some(watcher) = self.entries.get_mut(&watcher) {
                        watcher.watching.remove(&monitor);
                        let reason = reason.clone();
                        let signal = Signal::Down {
                            monitor,
                            process,
                            reason,
                        };
                        wakers.extend(watcher.control.push(signal));
                    }
                }
                Watcher::Outside(reply) => outside.push(reply),
            }
        }
        if let Some(parent) = entry
            .parent
            .and_then(|parent| self.entries.get_mut(&parent))
        {
            parent.children.remove(&process);
            let signal = Signal::ChildExited {
                process,
                reason: reason.clone(),
            };
            wakers.extend(parent.control.push(signal));
            if parent.children.is_empty() {
                wakers.extend(parent.childless.take());
            }
        }
        (entry.task, outside)
    }
}
