//! The children of one supervisor and what each of them is doing.

use std::collections::{BTreeMap, BTreeSet};

use super::child_info::{ChildCount, ChildInfo, ChildStatus};
use super::child_spec::{ChildKind, ChildPolicy};
use super::intensity::Window;
use super::policy::ShutdownPolicy;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId, StartInfo};
use crate::runtime::Timestamp;

/// Names a child within its supervisor; later children have greater keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChildKey(pub(super) u64);

/// What a child is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing; it has no process.
    Stopped,
    /// Its process is about to exist.
    Spawning,
    /// Its start is not acknowledged yet, or was answered with "ignore".
    Starting { process: ProcessId, ignored: bool },
    /// It runs since then.
    Running {
        process: ProcessId,
        since: Timestamp,
    },
    /// It ended by itself, and nothing was decided about that yet.
    Ended {
        process: ProcessId,
        since: Timestamp,
        reason: ExitReason,
    },
    /// It waits to be started again.
    Restarting,
    /// It was asked to stop, or killed.
    Stopping {
        process: ProcessId,
        cause: StopCause,
        killed: bool,
    },
}

/// Why a child is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopCause {
    /// The supervisor wants it gone.
    Wanted(ShutdownPolicy),
    /// It did not acknowledge its start in time.
    StartTimedOut,
}

impl State {
    /// The process, if there is one.
    pub(super) const fn process(&self) -> Option<ProcessId> {
        match self {
            Self::Stopped | Self::Spawning | Self::Ended { .. } | Self::Restarting => None,
            Self::Starting { process, .. }
            | Self::Running { process, .. }
            | Self::Stopping { process, .. } => Some(*process),
        }
    }

    /// Whether the last process can still be used to name the child.
    const fn answers_to_last(&self) -> bool {
        match self {
            Self::Spawning | Self::Starting { .. } | Self::Ended { .. } | Self::Restarting => true,
            Self::Stopped | Self::Running { .. } | Self::Stopping { .. } => false,
        }
    }

    const fn status(&self) -> ChildStatus {
        match self {
            Self::Stopped => ChildStatus::Stopped,
            Self::Spawning | Self::Starting { .. } => ChildStatus::Starting,
            Self::Running { .. } => ChildStatus::Running,
            // What has ended is restarted or given up next; until then nobody may
            // take it for stopped.
            Self::Ended { .. } | Self::Restarting => ChildStatus::Restarting,
            Self::Stopping { .. } => ChildStatus::Stopping,
        }
    }
}

/// One child.
pub(super) struct Child<F> {
    pub(super) policy: ChildPolicy,
    /// What it is called in events; the id, or under a dynamic supervisor the id and
    /// a number.
    pub(super) label: Label,
    /// Gone once a temporary child has started: its arguments are not retained.
    pub(super) factory: Option<F>,
    pub(super) starts: u64,
    /// Restarts that count against its own limit.
    pub(super) window: Window,
    /// Restarts in a row without a healthy time between them.
    pub(super) attempts: u32,
    /// Restarts decided so far; names the draws for jitter.
    pub(super) restarts: u64,
    /// What a nested supervisor handed over, to be found again.
    pub(super) info: Option<StartInfo>,
    last: Option<ProcessId>,
    state: State,
    deadline: Option<Timestamp>,
}

impl<F> Child<F> {
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// The last process that ran.
    pub(super) const fn last(&self) -> Option<ProcessId> {
        self.last
    }

    /// Its process, or the one that it had if it is being restarted.
    pub(super) fn present(&self) -> Option<ProcessId> {
        let restarting = matches!(self.state, State::Restarting | State::Ended { .. });
        self.state
            .process()
            .or_else(|| self.last.filter(|_| restarting))
    }

    pub(super) const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    pub(super) fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.label.clone(),
            process: self.state.process(),
            status: self.state.status(),
            kind: self.policy.kind,
            restart: self.policy.restart,
            starts: self.starts,
        }
    }

    fn names(&self) -> [Option<ProcessId>; 2] {
        let last = self.last.filter(|_| self.state.answers_to_last());
        [self.state.process(), last]
    }
}

/// The table. Every index is kept by [`Children::change`].
pub(super) struct Children<F> {
    entries: BTreeMap<ChildKey, Child<F>>,
    labels: BTreeMap<Label, ChildKey>,
    processes: BTreeMap<ProcessId, ChildKey>,
    /// When children that wait to be restarted are due.
    dues: BTreeSet<(Timestamp, ChildKey)>,
    /// When starts and stops have taken too long.
    limits: BTreeSet<(Timestamp, ChildKey)>,
    keys: u64,
    active: usize,
    supervisors: usize,
}

impl<F> Children<F> {
    pub(super) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            labels: BTreeMap::new(),
            processes: BTreeMap::new(),
            dues: BTreeSet::new(),
            limits: BTreeSet::new(),
            keys: 0,
            active: 0,
            supervisors: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The key that the next child gets.
    pub(super) const fn next_key(&self) -> ChildKey {
        ChildKey(self.keys)
    }

    /// Adds a child after all others. Labels are unique.
    pub(super) fn insert(&mut self, policy: ChildPolicy, label: Label, factory: F) -> ChildKey {
        let key = self.next_key();
        self.keys += 1;
        self.supervisors += usize::from(policy.kind == ChildKind::Supervisor);
        self.labels.insert(label.clone(), key);
        let child = Child {
            policy,
            label,
            factory: Some(factory),
            starts: 0,
            window: Window::default(),
            attempts: 0,
            restarts: 0,
            info: None,
            last: None,
            state: State::Stopped,
            deadline: None,
        };
        self.entries.insert(key, child);
        key
    }

    /// Gives a child another spec with the same id.
    pub(super) fn respecify(&mut self, key: ChildKey, policy: ChildPolicy, factory: Option<F>) {
        if let Some(child) = self.entries.get_mut(&key) {
            self.supervisors -= usize::from(child.policy.kind == ChildKind::Supervisor);
            self.supervisors += usize::from(policy.kind == ChildKind::Supervisor);
            child.policy = policy;
            child.factory = factory;
        }
    }

    /// The position of a child in start order.
    pub(super) fn position(&self, key: ChildKey) -> usize {
        self.entries.range(..key).count()
    }

    /// Removes a child that has no process.
    pub(super) fn remove(&mut self, key: ChildKey) -> Option<Child<F>> {
        self.change(key, State::Stopped, None);
        let child = self.entries.remove(&key)?;
        self.labels.remove(&child.label);
        self.supervisors -= usize::from(child.policy.kind == ChildKind::Supervisor);
        Some(child)
    }

    pub(super) fn get(&self, key: ChildKey) -> Option<&Child<F>> {
        self.entries.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: ChildKey) -> Option<&mut Child<F>> {
        self.entries.get_mut(&key)
    }

    pub(super) fn state(&self, key: ChildKey) -> Option<&State> {
        self.entries.get(&key).map(Child::state)
    }

    pub(super) fn labelled(&self, label: &str) -> Option<ChildKey> {
        self.labels.get(label).copied()
    }

    /// The child whose process this is, or was until its restart began.
    pub(super) fn of_process(&self, process: ProcessId) -> Option<ChildKey> {
        self.processes.get(&process).copied()
    }

    /// In start order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (ChildKey, &Child<F>)> + Clone {
        self.entries.iter().map(|(key, child)| (*key, child))
    }

    /// In start order.
    pub(super) fn keys(&self) -> impl DoubleEndedIterator<Item = ChildKey> + Clone {
        self.entries.keys().copied()
    }

    /// In start order, from this one on.
    pub(super) fn keys_from(&self, first: ChildKey) -> impl DoubleEndedIterator<Item = ChildKey> {
        self.entries.range(first..).map(|(key, _)| *key)
    }

    /// Puts a child into a state, which ends at the deadline if there is one.
    pub(super) fn change(&mut self, key: ChildKey, state: State, deadline: Option<Timestamp>) {
        let Some(child) = self.entries.get_mut(&key) else {
            return;
        };
        for name in child.names().into_iter().flatten() {
            self.processes.remove(&name);
        }
        self.active -= usize::from(child.state.process().is_some());
        if let Some(deadline) = child.deadline.take() {
            self.dues.remove(&(deadline, key));
            self.limits.remove(&(deadline, key));
        }
        if let State::Running { process, .. } = &state {
            child.last = Some(*process);
        }
        if let Some(deadline) = deadline {
            let deadlines = if state == State::Restarting {
                &mut self.dues
            } else {
                &mut self.limits
            };
            deadlines.insert((deadline, key));
        }
        child.deadline = deadline;
        child.state = state;
        self.active += usize::from(child.state.process().is_some());
        for name in child.names().into_iter().flatten() {
            self.processes.insert(name, key);
        }
    }

    /// The first child that is due to be restarted.
    pub(super) fn first_due(&self) -> Option<(Timestamp, ChildKey)> {
        self.dues.first().copied()
    }

    /// The first child whose start or stop will have taken too long.
    pub(super) fn first_limit(&self) -> Option<(Timestamp, ChildKey)> {
        self.limits.first().copied()
    }

    /// Newest first.
    pub(super) fn infos(&self) -> Vec<ChildInfo> {
        self.entries.values().rev().map(Child::info).collect()
    }

    pub(super) fn count(&self) -> ChildCount {
        ChildCount {
            specs: self.entries.len(),
            active: self.active,
            supervisors: self.supervisors,
            workers: self.entries.len() - self.supervisors,
        }
    }
}
