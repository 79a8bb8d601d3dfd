//! Restarts that supervisors owe.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::supervision::{Restart, Strategy};

use super::super::checker::Findings;
use super::super::deadlines::Deadlines;
use super::super::tempo::Tempo;
use super::need::is_needed;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Finds restarts that are lost.
///
/// A supervisor owes a restart of each child whose end asks for one, and of each
/// sibling that it stopped to restart it along. It pays by starting the child, by
/// giving it up, or by ending itself; a child that declines, is removed, or is stopped
/// on request is no debt any more. A static supervisor does one thing at a time, so
/// time counts only while none of its children is being started or stopped.
pub(super) struct RestartDebts {
    supervisors: BTreeMap<ProcessId, Debtor>,
    due: Deadlines<(ProcessId, Label)>,
}

struct Debtor {
    strategy: Strategy,
    dynamic: bool,
    children: BTreeMap<Label, Child>,
    /// Counts children, for their order.
    added: u64,
    /// Processes that are being started, or stopped.
    busy: BTreeSet<ProcessId>,
    idle_since: u64,
    debts: BTreeMap<Label, Debt>,
    restart: Option<Decision>,
    stopping: bool,
}

struct Child {
    restart: Restart,
    order: u64,
    process: Option<ProcessId>,
    /// The record of its latest start.
    started: u64,
    /// The process that was asked to stop last.
    asked: Option<ProcessId>,
    /// Its start was stopped; if that was not on request, a failed start is next.
    called_off: bool,
    /// Its last start failed, and nothing was decided since.
    start_failed: bool,
}

struct Debt {
    since: u64,
    delay: Duration,
    /// The child whose restart it goes along with, until that has come.
    after: Option<Label>,
}

/// The restart that was decided last.
struct Decision {
    failed: Label,
    record: u64,
    /// Whether the siblings that stop next stop because of it.
    takes_along: bool,
}

impl RestartDebts {
    /// How long an idle supervisor may leave a restart that is due undone, on its
    /// node's clock.
    const PAID_WITHIN: Duration = Duration::from_secs(1);

    pub(super) const fn new() -> Self {
        Self {
            supervisors: BTreeMap::new(),
            due: Deadlines::new(),
        }
    }

    /// Takes a record, which is not about messages, files or tasks.
    pub(super) fn observe(&mut self, record: &Record, tempo: &Tempo, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Core(Event::Supervision(event)) => self.supervision(record, event, tempo),
            TraceEvent::Core(Event::Process(ProcessEvent::Spawned {
                process,
                parent: Some(parent),
                ..
            })) => {
                if let Some(supervisor) = self.supervisors.get_mut(parent) {
                    supervisor.busy.insert(*process);
                }
            }
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { process, .. })) => {
                self.supervisors.remove(process);
            }
            TraceEvent::Node(
                NodeEvent::Crashed { incarnation, .. } | NodeEvent::Stopped { incarnation, .. },
            ) => {
                let gone = |process: &ProcessId| {
                    Some(process.node) == record.node && process.incarnation <= *incarnation
                };
                self.supervisors.retain(|process, _| !gone(process));
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => {}
        }
        self.expire(record.time, tempo, findings);
    }

    fn supervision(&mut self, record: &Record, event: &SupervisionEvent, tempo: &Tempo) {
        let (id, _) = subject(event);
        if let SupervisionEvent::SupervisorStarted {
            strategy, dynamic, ..
        } = event
        {
            let supervisor = Debtor::new(*strategy, *dynamic, record.time);
            self.supervisors.insert(id, supervisor);
            return;
        }
        let Some(supervisor) = self.supervisors.get_mut(&id) else {
            return;
        };
        for child in supervisor.take(record, event) {
            let until = supervisor.latest(id, &child, record.time, tempo);
            self.due.set(until, (id, child));
        }
    }

    fn expire(&mut self, now: u64, tempo: &Tempo, findings: &mut Findings) {
        while let Some((id, child)) = self.due.overdue(now) {
            let Some(supervisor) = self.supervisors.get_mut(&id) else {
                continue;
            };
            let Some(debt) = supervisor.debts.get(&child) else {
                continue;
            };
            let since = debt.since;
            let until = supervisor.latest(id, &child, now, tempo);
            if until >= now {
                self.due.set(until, (id, child));
                continue;
            }
            supervisor.debts.remove(&child);
            let owed = Duration::from_nanos(now.saturating_sub(since));
            let detail = format!("{id} owes the restart of {child} for {owed:?}");
            findings.violated("no_restart_is_lost", detail);
        }
    }
}

impl Debtor {
    const fn new(strategy: Strategy, dynamic: bool, time: u64) -> Self {
        Self {
            strategy,
            dynamic,
            children: BTreeMap::new(),
            added: 0,
            busy: BTreeSet::new(),
            idle_since: time,
            debts: BTreeMap::new(),
            restart: None,
            stopping: false,
        }
    }

    /// Takes an event; answers the children whose debt is new.
    fn take(&mut self, record: &Record, event: &SupervisionEvent) -> Vec<Label> {
        use SupervisionEvent as E;
        let time = record.time;
        match event {
            E::ChildAdded { child, restart, .. } => self.add(child, *restart),
            E::ChildRemoved { child, .. } => {
                self.children.remove(child);
                return self.paid(child, time);
            }
            E::ChildStarted { child, process, .. } => {
                self.rest(*process, time);
                if let Some(known) = self.children.get_mut(child) {
                    known.process = Some(*process);
                    known.started = record.index;
                    known.called_off = false;
                    known.start_failed = false;
                }
                return self.paid(child, time);
            }
            E::ChildIgnored { child, .. } | E::ChildLimitExceeded { child, .. } => {
                return self.paid(child, time);
            }
            E::RestartCancelled { child, .. } => {
                self.debts.remove(child);
                // As in OTP, siblings that wait for it stay down.
                self.debts
                    .retain(|_, debt| debt.after.as_ref() != Some(child));
            }
            E::ChildStartFailed { child, .. } => return self.start_failed(child, time),
            E::ChildExited {
                child,
                process,
                reason,
                ..
            } => {
                self.rest(*process, time);
                return self.exited(child, *process, reason, time);
            }
            E::RestartScheduled { child, delay, .. } => {
                return self.decided(record, child, *delay);
            }
            E::ChildStopping { child, process, .. } => {
                self.busy.insert(*process);
                return self.asked(child, *process, time);
            }
            E::SupervisorReconfigured { strategy, .. } => {
                self.strategy = *strategy;
                self.restart = None;
            }
            E::IntensityExceeded { .. } | E::AutoShutdown { .. } | E::SupervisorStopping { .. } => {
                self.stopping = true;
                self.debts.clear();
            }
            E::SupervisorStarted { .. } | E::ChildKilled { .. } | E::SupervisorStopped { .. } => {}
        }
        Vec::new()
    }

    /// The last moment at which the debt may be open.
    fn latest(&self, id: ProcessId, child: &Label, now: u64, tempo: &Tempo) -> u64 {
        let Some(debt) = self.debts.get(child) else {
            return 0;
        };
        let waits = debt.after.as_ref();
        let waits = waits.is_some_and(|failed| self.debts.contains_key(failed));
        let from = if waits || (!self.dynamic && !self.busy.is_empty()) {
            now
        } else if self.dynamic {
            debt.since
        } else {
            debt.since.max(self.idle_since)
        };
        let due = tempo.latest(id.node, debt.since, now, debt.delay);
        tempo.latest(
            id.node,
            from.max(due.min(now)),
            now,
            RestartDebts::PAID_WITHIN,
        )
    }

    fn add(&mut self, id: &Label, restart: Restart) {
        self.added += 1;
        let order = self.added;
        let child = self.children.entry(id.clone()).or_insert(Child {
            restart,
            order,
            process: None,
            started: 0,
            asked: None,
            called_off: false,
            start_failed: false,
        });
        child.restart = restart;
    }

    /// A process is neither being started nor being stopped any more.
    fn rest(&mut self, process: ProcessId, time: u64) {
        if self.busy.remove(&process) && self.busy.is_empty() {
            self.idle_since = time;
        }
    }

    fn owe(&mut self, child: &Label, since: u64, delay: Duration) -> Vec<Label> {
        if self.stopping {
            return Vec::new();
        }
        let after = None;
        let debt = Debt {
            since,
            delay,
            after,
        };
        self.debts.insert(child.clone(), debt);
        vec![child.clone()]
    }

    /// A debt is settled; those that waited for it are due now.
    fn paid(&mut self, child: &Label, time: u64) -> Vec<Label> {
        self.debts.remove(child);
        let mut released = Vec::new();
        for (waiting, debt) in &mut self.debts {
            if debt.after.as_ref() == Some(child) {
                debt.after = None;
                debt.since = time;
                released.push(waiting.clone());
            }
        }
        released
    }

    fn exited(
        &mut self,
        id: &Label,
        process: ProcessId,
        reason: &ExitReason,
        time: u64,
    ) -> Vec<Label> {
        let Some(child) = self.children.get_mut(id) else {
            return Vec::new();
        };
        let asked = child.asked == Some(process);
        if child.process != Some(process) {
            // It had not started. What that means is told next, unless the start was
            // called off.
            child.called_off = asked && self.debts.contains_key(id);
            return if child.called_off {
                self.paid(id, time)
            } else {
                Vec::new()
            };
        }
        child.process = None;
        if asked || !is_needed(child.restart, reason) {
            return Vec::new();
        }
        self.owe(id, time, Duration::ZERO)
    }

    fn start_failed(&mut self, id: &Label, time: u64) -> Vec<Label> {
        let Some(child) = self.children.get_mut(id) else {
            return Vec::new();
        };
        child.start_failed = true;
        let owed = std::mem::take(&mut child.called_off) || self.debts.contains_key(id);
        // Without a debt it was a start on request, or the first one.
        if owed {
            self.owe(id, time, Duration::ZERO)
        } else {
            Vec::new()
        }
    }

    fn decided(&mut self, record: &Record, id: &Label, delay: Duration) -> Vec<Label> {
        let child = self.children.get_mut(id);
        let own_end = child.is_some_and(|child| !std::mem::take(&mut child.start_failed));
        let takes_along = match self.strategy {
            Strategy::OneForOne => false,
            // Callers get their turn between a failed start and its next try at once.
            Strategy::OneForAll | Strategy::RestForOne => own_end || !delay.is_zero(),
            // And while a restart waits they may stop those that do not depend on it.
            Strategy::DependentsForOne => own_end && delay.is_zero(),
        };
        self.restart = Some(Decision {
            failed: id.clone(),
            record: record.index,
            takes_along,
        });
        // Siblings that wait for a restart of their own may go along with this one.
        if self.strategy != Strategy::OneForOne && !self.dynamic {
            for (sibling, debt) in &mut self.debts {
                if sibling != id && debt.after.is_none() {
                    debt.after = Some(id.clone());
                }
            }
        }
        self.owe(id, record.time, delay)
    }

    fn asked(&mut self, id: &Label, process: ProcessId, time: u64) -> Vec<Label> {
        let order = |children: &BTreeMap<Label, Child>, id| {
            children.get(id).map(|child: &Child| child.order)
        };
        let own_order = order(&self.children, id);
        let Some(child) = self.children.get_mut(id) else {
            return Vec::new();
        };
        child.asked = Some(process);
        let (Some(decision), false) = (&self.restart, self.dynamic) else {
            return Vec::new();
        };
        let (restart, started) = (child.restart, child.started);
        let failed = decision.failed.clone();
        let along = child.process == Some(process)
            && restart != Restart::Temporary
            && decision.takes_along
            && self.debts.contains_key(&failed)
            && failed != *id
            && started < decision.record
            && match self.strategy {
                Strategy::OneForOne => false,
                Strategy::OneForAll => true,
                Strategy::RestForOne | Strategy::DependentsForOne => {
                    own_order > order(&self.children, &failed)
                }
            };
        if !along {
            return Vec::new();
        }
        let debt = Debt {
            since: time,
            delay: Duration::ZERO,
            after: Some(failed),
        };
        self.debts.insert(id.clone(), debt);
        vec![id.clone()]
    }
}
