//! The children of a supervisor in their order.

use std::collections::BTreeSet;

use steadfast::Label;
use steadfast::process::ProcessId;
use steadfast::supervision::{Restart, Strategy};

/// The children of one static supervisor in their order, and the restart that was
/// decided last.
pub(super) struct Lineup {
    strategy: Strategy,
    /// In start order.
    children: Vec<Child>,
    /// Whether only first children were added so far.
    beginning: bool,
    stopping: bool,
    restart: Option<Group>,
}

struct Child {
    id: Label,
    temporary: bool,
    /// Whether it belongs to those that start first.
    first: bool,
    /// The record at which a start of it last came to its end; 0 for none.
    tried: u64,
    process: Option<ProcessId>,
    /// The record of its latest start.
    started: u64,
    /// Whether it was asked to stop since then.
    asked: bool,
    /// Whether it ended by itself, which has not been dealt with.
    failed: bool,
}

/// A restart that was decided.
struct Group {
    failed: Label,
    /// The record of the decision.
    decided: u64,
    /// Whether nothing can come between the decision and the stops that follow it.
    stops_follow: bool,
    /// Whether nothing can come between the decision and the start of the failed child.
    start_follows: bool,
    /// The child that was asked to stop last.
    stopped: Option<Label>,
    /// Set once the failed child has started: who starts after it, and who came last.
    starting: Option<(BTreeSet<Label>, Label)>,
}

impl Lineup {
    pub(super) const fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            children: Vec::new(),
            beginning: true,
            stopping: false,
            restart: None,
        }
    }

    pub(super) fn reconfigured(&mut self, strategy: Strategy) {
        self.strategy = strategy;
        self.restart = None;
    }

    pub(super) fn stopping(&mut self) {
        self.stopping = true;
        self.restart = None;
    }

    /// What was decided will not come, or may come apart.
    pub(super) fn no_restart(&mut self) {
        self.restart = None;
    }

    pub(super) fn start_failed(&mut self, id: &Label) {
        self.restart = None;
        if let Some(child) = self.child(id) {
            child.failed = false;
        }
    }

    pub(super) fn add(&mut self, id: &Label, index: u32, restart: Restart) {
        let temporary = restart == Restart::Temporary;
        if let Some(known) = self.child(id) {
            // A new spec for a child that stays where it is.
            known.temporary = temporary;
            return;
        }
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let child = Child {
            id: id.clone(),
            temporary,
            first: self.beginning,
            tried: 0,
            process: None,
            started: 0,
            asked: false,
            failed: false,
        };
        self.children.insert(index.min(self.children.len()), child);
    }

    pub(super) fn remove(&mut self, id: &Label) {
        self.children.retain(|child| child.id != *id);
        self.not_expected(id);
    }

    /// A start has come to its end, well or not.
    pub(super) fn tried(
        &mut self,
        index: u64,
        id: &Label,
        report: &mut impl FnMut(&'static str, String),
    ) {
        self.beginning = false;
        let Some(position) = self.position(id) else {
            return;
        };
        let child = &mut self.children[position];
        let (first, again) = (child.first, child.tried > 0);
        child.tried = index;
        let mut earlier = self.children[..position].iter();
        if let (true, false, Some(left_out)) = (
            first,
            again,
            earlier.find(|earlier| earlier.first && earlier.tried == 0),
        ) {
            let detail = format!("{id} was started before {}", left_out.id);
            report("children_start_in_order", detail);
        }
    }

    pub(super) fn started(
        &mut self,
        index: u64,
        id: &Label,
        process: ProcessId,
        report: &mut impl FnMut(&'static str, String),
    ) {
        let Some(position) = self.position(id) else {
            return;
        };
        let restart = self.restart.take();
        if let Some(mut group) = restart {
            if group.failed == *id && group.starting.is_none() {
                self.check_group(position, &group, report);
                group.starting = Some((self.followers(position, &group), id.clone()));
            } else if let Some((expected, last)) = &mut group.starting
                && expected.remove(id)
            {
                let before = self.position(last);
                if before.is_some_and(|before| before > position) {
                    let detail = format!("{id} was started again after {last}");
                    report("children_start_in_order", detail);
                }
                *last = id.clone();
            }
            self.restart = Some(group);
        }
        let child = &mut self.children[position];
        child.process = Some(process);
        child.started = index;
        child.asked = false;
        child.failed = false;
    }

    pub(super) fn not_expected(&mut self, id: &Label) {
        let starting = self
            .restart
            .as_mut()
            .and_then(|group| group.starting.as_mut());
        if let Some((expected, _)) = starting {
            expected.remove(id);
        }
    }

    pub(super) fn exited(&mut self, id: &Label, process: ProcessId) {
        if let Some(child) = self.child(id)
            && child.process == Some(process)
        {
            child.process = None;
            child.failed = !child.asked;
        }
    }

    pub(super) fn decided(&mut self, index: u64, id: &Label, at_once: bool) {
        let own_end = self
            .child(id)
            .is_some_and(|child| std::mem::take(&mut child.failed));
        self.restart = Some(Group {
            failed: id.clone(),
            decided: index,
            // After a failed start without a delay callers get their turn first. While
            // a restart waits they may stop those that do not depend on it.
            stops_follow: match self.strategy {
                Strategy::OneForOne | Strategy::DependentsForOne => own_end && at_once,
                Strategy::OneForAll | Strategy::RestForOne => own_end || !at_once,
            },
            start_follows: own_end && at_once,
            stopped: None,
            starting: None,
        });
    }

    pub(super) fn asked(
        &mut self,
        index: u64,
        id: &Label,
        report: &mut impl FnMut(&'static str, String),
    ) {
        let Some(position) = self.position(id) else {
            return;
        };
        // A start that is called off, or takes too long, is no part of any order.
        self.not_expected(id);
        if self.children[position].process.is_none() {
            self.children[position].tried = index;
            return;
        }
        if self.stopping {
            let mut later = self.children[position..].iter().skip(1);
            if let Some(later) = later.find(|later| later.process.is_some()) {
                let detail = format!("{id} was asked to stop while {} ran", later.id);
                report("children_stop_in_reverse_order", detail);
            }
        }
        self.asked_for_group(position, report);
        self.children[position].asked = true;
    }

    fn position(&self, id: &Label) -> Option<usize> {
        self.children.iter().position(|child| child.id == *id)
    }

    fn child(&mut self, id: &Label) -> Option<&mut Child> {
        self.children.iter_mut().find(|child| child.id == *id)
    }

    /// The failed child of a group starts again: who must be down, and who must have
    /// been started before it?
    fn check_group(
        &self,
        position: usize,
        group: &Group,
        report: &mut impl FnMut(&'static str, String),
    ) {
        let whole = match self.strategy {
            Strategy::OneForAll | Strategy::RestForOne => true,
            Strategy::OneForOne | Strategy::DependentsForOne => return,
        };
        let failed = &group.failed;
        let (earlier, later) = self.children.split_at(position);
        let mut later = later.iter().skip(1);
        if let Some(left) = later.find(|child| whole && child.process.is_some()) {
            let (invariant, detail) = if left.started > group.decided {
                let detail = format!("{} was started again before {failed}", left.id);
                ("children_start_in_order", detail)
            } else {
                let detail = format!("{failed} was restarted while {} ran on", left.id);
                ("a_group_restarts_as_a_whole", detail)
            };
            report(invariant, detail);
        }
        if self.strategy != Strategy::OneForAll {
            return;
        }
        let mut latest: Option<&Child> = None;
        for child in earlier {
            let runs = child.process.is_some();
            if runs && child.started < group.decided {
                let detail = format!("{failed} was restarted while {} ran on", child.id);
                report("a_group_restarts_as_a_whole", detail);
            } else if !child.temporary && child.tried < group.decided {
                let detail = format!("{failed} was started again before {}", child.id);
                report("children_start_in_order", detail);
            } else if let Some(before) =
                latest.filter(|before| runs && before.started > child.started)
            {
                let detail = format!("{} was started again before {}", child.id, before.id);
                report("children_start_in_order", detail);
            }
            latest = Some(child).filter(|_| runs).or(latest);
        }
    }

    /// Who starts after the failed child, in the same go.
    fn followers(&self, position: usize, group: &Group) -> BTreeSet<Label> {
        let later = self.children[position..].iter().skip(1);
        let follows = |child: &&Child| match self.strategy {
            Strategy::OneForOne => false,
            Strategy::OneForAll | Strategy::RestForOne => {
                !child.temporary && child.process.is_none()
            }
            // Those that were stopped for it.
            Strategy::DependentsForOne => {
                !child.temporary
                    && child.process.is_none()
                    && child.asked
                    && child.started < group.decided
            }
        };
        later
            .filter(follows)
            .map(|child| child.id.clone())
            .collect()
    }

    fn asked_for_group(&mut self, position: usize, report: &mut impl FnMut(&'static str, String)) {
        let child = &self.children[position];
        let (id, started) = (child.id.clone(), child.started);
        let Some(group) = &self.restart else { return };
        if group.starting.is_some() {
            // Stops come before starts: the restart is over.
            self.restart = None;
            return;
        }
        if started > group.decided {
            return;
        }
        let failed = self.position(&group.failed);
        let bystander = match self.strategy {
            Strategy::OneForOne => true,
            Strategy::OneForAll => false,
            Strategy::RestForOne | Strategy::DependentsForOne => {
                failed.is_some_and(|failed| position < failed)
            }
        };
        if bystander {
            if group.start_follows {
                let detail = format!("{id} was stopped for the restart of {}", group.failed);
                report("bystanders_are_left_alone", detail);
            }
            return;
        }
        let before = group.stopped.as_ref();
        if let Some(before) = before.filter(|before| {
            group.stops_follow
                && self
                    .position(before)
                    .is_some_and(|before| before < position)
        }) {
            let detail = format!("{id} was asked to stop after {before}");
            report("children_stop_in_reverse_order", detail);
        }
        if let Some(group) = &mut self.restart {
            group.stopped = Some(id);
        }
    }
}
