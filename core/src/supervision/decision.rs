//! The rules of OTP as plain functions.

use std::collections::BTreeSet;

use super::policy::{AutoShutdown, Restart, Strategy};
use super::table::{ChildKey, Children, State};
use crate::process::ExitReason;

/// What follows when a child ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterEnd {
    /// It is restarted, if the limits allow it.
    Restart,
    /// Its spec stays, without a process.
    Keep,
    /// Its spec goes.
    Drop,
}

/// What follows when a child ends by itself.
pub(super) const fn after_end(restart: Restart, reason: &ExitReason) -> AfterEnd {
    match restart {
        Restart::Permanent => AfterEnd::Restart,
        Restart::Transient if reason.is_abnormal() => AfterEnd::Restart,
        Restart::Transient => AfterEnd::Keep,
        Restart::Temporary => AfterEnd::Drop,
    }
}

/// Who is stopped and started again when `failed` is restarted: in start order,
/// itself included.
pub(super) fn group<F>(
    strategy: Strategy,
    children: &Children<F>,
    failed: ChildKey,
) -> Vec<ChildKey> {
    match strategy {
        Strategy::OneForOne => vec![failed],
        Strategy::OneForAll => children.keys().collect(),
        Strategy::RestForOne => children.keys_from(failed).collect(),
        Strategy::DependentsForOne => dependents(children, failed),
    }
}

/// Who must stay stopped although its group starts: those that wait for the restart
/// of a child outside of it.
pub(super) fn held<F>(
    strategy: Strategy,
    children: &Children<F>,
    starting: &[ChildKey],
) -> BTreeSet<ChildKey> {
    let waiting = children
        .iter()
        .filter(|(key, child)| *child.state() == State::Restarting && !starting.contains(key));
    waiting
        .flat_map(|(key, _)| group(strategy, children, key))
        .collect()
}

/// The child and those that depend on it, directly or through others.
fn dependents<F>(children: &Children<F>, failed: ChildKey) -> Vec<ChildKey> {
    let mut labels = BTreeSet::new();
    let mut group = Vec::new();
    // A child depends on earlier ones only, so that one pass finds all.
    for key in children.keys_from(failed) {
        let Some(child) = children.get(key) else {
            continue;
        };
        let mut dependencies = child.policy.dependencies.iter();
        if key == failed || dependencies.any(|needed| labels.contains(needed)) {
            labels.insert(&child.label);
            group.push(key);
        }
    }
    group
}

/// Whether the end of a child for good ends the supervisor. `ended` is out of the
/// table already, or stopped.
pub(super) fn shuts_down<F>(
    auto_shutdown: AutoShutdown,
    significant: bool,
    children: &Children<F>,
) -> bool {
    match (auto_shutdown, significant) {
        (AutoShutdown::Never, _) | (_, false) => false,
        (AutoShutdown::AnySignificant, true) => true,
        (AutoShutdown::AllSignificant, true) => !children
            .iter()
            .any(|(_, child)| child.policy.significant && *child.state() != State::Stopped),
    }
}

/// Whether no child runs or is to be restarted.
pub(super) fn all_ended<F>(children: &Children<F>) -> bool {
    children
        .iter()
        .all(|(_, child)| *child.state() == State::Stopped)
}

/// Whether the end of a child that was to be stopped is worth a report: an abnormal
/// end that is not the kill it was to have.
pub(super) fn stopped_badly(reason: &ExitReason, killed: bool) -> bool {
    reason.is_abnormal() && !(killed && *reason == ExitReason::Killed)
}
