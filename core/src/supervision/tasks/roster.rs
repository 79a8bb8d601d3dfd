//! The tasks of one task supervisor and how they are being stopped.
//!
//! Pure bookkeeping: every function takes the roster and the time, changes it, and
//! returns what is to be done. `P` is whatever is kept with a task until its end.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StartTaskError;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::Timestamp;
use crate::supervision::ShutdownPolicy;

/// How far the supervisor is with its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Stopping,
    Over,
}

/// How far the stop of one task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nobody asked.
    Running,
    /// Asked; to be killed then, if there is a limit.
    Asked(Option<Timestamp>),
    /// Killed because somebody wanted just that.
    Killed,
    /// Killed because it did not stop in time.
    KilledLate,
}

/// A task as the roster keeps it. `P` is what else is kept with it.
pub(super) struct Entry<P> {
    child: Label,
    shutdown: ShutdownPolicy,
    stop: Stop,
    payload: P,
}

impl<P> Entry<P> {
    pub(super) const fn new(child: Label, shutdown: ShutdownPolicy, payload: P) -> Self {
        Self {
            child,
            shutdown,
            stop: Stop::Running,
            payload,
        }
    }

    pub(super) fn into_payload(self) -> P {
        self.payload
    }
}

/// What is to be done to a task now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StopStep {
    /// Ask it to exit. Announced with this policy.
    Ask(Label, ShutdownPolicy),
    /// Kill it without asking. Announced with the policy `Brutal`.
    Kill(Label),
    /// Kill it although it was asked first.
    KillAsked(Label),
    /// Nothing: it is gone, or is being stopped at least as strictly.
    Nothing,
}

/// What became of a task that was added.
pub(super) enum Added<P> {
    /// It is in the list.
    Running,
    /// It is in the list, and its end, which came first, is to be handled now.
    EndedBefore(ExitReason),
    /// It is in the list and is to be stopped, for the supervisor is stopping.
    ToStop,
    /// The supervisor is gone, and the task with it.
    Over(Entry<P>),
}

/// A task that has ended.
pub(super) struct Ended<P> {
    pub(super) child: Label,
    /// Whether it was being stopped.
    pub(super) expected: bool,
    /// Whether its end is a failure: abnormal, and not what its stop asked for.
    pub(super) failed: bool,
    pub(super) payload: P,
}

pub(super) struct Roster<P> {
    entries: BTreeMap<ProcessId, Entry<P>>,
    // Places held for tasks that are being spawned, and those of them whose end was
    // seen before they were added.
    reserved: usize,
    early: BTreeMap<ProcessId, ExitReason>,
    // The tasks that were asked to stop and have a limit, soonest first.
    deadlines: BTreeSet<(Timestamp, ProcessId)>,
    max_children: usize,
    started: u64,
    phase: Phase,
}

impl<P> Roster<P> {
    pub(super) const fn new(max_children: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            reserved: 0,
            early: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            max_children,
            started: 0,
            phase: Phase::Open,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is left and nothing can come any more.
    pub(super) fn is_finished(&self) -> bool {
        self.phase != Phase::Open && self.entries.is_empty() && self.reserved == 0
    }

    /// Processes and child ids, oldest first.
    pub(super) fn list(&self) -> Vec<(ProcessId, Label)> {
        let entries = self.entries.iter();
        entries
            .map(|(process, entry)| (*process, entry.child.clone()))
            .collect()
    }

    /// Holds a place for one more task, to be followed by [`add`](Self::add) or
    /// [`release`](Self::release). Gives an id that no other task of this
    /// supervisor has or will have.
    pub(super) fn reserve(&mut self, name: &Label) -> Result<Label, StartTaskError> {
        match self.phase {
            Phase::Open if self.entries.len() + self.reserved < self.max_children => {
                self.reserved += 1;
                self.started += 1;
                Ok(format!("{name}#{}", self.started).into())
            }
            Phase::Open => Err(StartTaskError::MaxChildren {
                limit: self.max_children,
            }),
            Phase::Stopping => Err(StartTaskError::Stopping),
            Phase::Over => Err(StartTaskError::NotRunning),
        }
    }

    /// Gives a place back.
    pub(super) fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
        if self.reserved == 0 {
            self.early.clear();
        }
    }

    /// Fills a place.
    pub(super) fn add(&mut self, process: ProcessId, entry: Entry<P>) -> Added<P> {
        let ended = self.early.remove(&process);
        self.release();
        if self.phase == Phase::Over {
            return Added::Over(entry);
        }
        self.entries.insert(process, entry);
        match ended {
            Some(reason) => Added::EndedBefore(reason),
            None if self.phase == Phase::Stopping => Added::ToStop,
            None => Added::Running,
        }
    }

    /// What is kept with a task, while it exists.
    pub(super) fn payload_mut(&mut self, process: ProcessId) -> Option<&mut P> {
        let entry = self.entries.get_mut(&process)?;
        Some(&mut entry.payload)
    }

    /// Stops a task by `policy`, or by its own. A later stop can only make the
    /// limit of an earlier one shorter.
    pub(super) fn stop(
        &mut self,
        process: ProcessId,
        policy: Option<ShutdownPolicy>,
        now: Timestamp,
    ) -> StopStep {
        let Some(entry) = self.entries.get_mut(&process) else {
            return StopStep::Nothing;
        };
        let policy = policy.unwrap_or(entry.shutdown);
        let child = entry.child.clone();
        let limit = match policy {
            ShutdownPolicy::Brutal => {
                let known = entry.stop;
                if known != Stop::KilledLate {
                    entry.stop = Stop::Killed;
                }
                return match known {
                    Stop::Running => StopStep::Kill(child),
                    Stop::Asked(limit) => {
                        self.forget_deadline(process, limit);
                        StopStep::KillAsked(child)
                    }
                    Stop::Killed | Stop::KilledLate => StopStep::Nothing,
                };
            }
            ShutdownPolicy::Timeout(limit) => Some(now + limit),
            ShutdownPolicy::Infinite => None,
        };
        match entry.stop {
            Stop::Running => {
                entry.stop = Stop::Asked(limit);
                self.deadlines.extend(limit.map(|limit| (limit, process)));
                StopStep::Ask(child, policy)
            }
            Stop::Asked(known) => {
                let shorter = limit.filter(|limit| known.is_none_or(|known| *limit < known));
                if let Some(limit) = shorter {
                    entry.stop = Stop::Asked(Some(limit));
                    self.forget_deadline(process, known);
                    self.deadlines.insert((limit, process));
                }
                StopStep::Nothing
            }
            Stop::Killed | Stop::KilledLate => StopStep::Nothing,
        }
    }

    /// When the next task is to be killed for being late.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The tasks that are late by now, soonest deadline first; they count as killed.
    pub(super) fn take_late(&mut self, now: Timestamp) -> Vec<(ProcessId, Label)> {
        let mut late = Vec::new();
        while let Some((deadline, process)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            self.deadlines.remove(&(deadline, process));
            if let Some(entry) = self.entries.get_mut(&process) {
                entry.stop = Stop::KilledLate;
                late.push((process, entry.child.clone()));
            }
        }
        late
    }

    /// A process below the supervisor has ended; `None` if it is not (or not yet)
    /// in the list.
    pub(super) fn ended(&mut self, process: ProcessId, reason: &ExitReason) -> Option<Ended<P>> {
        let Some(entry) = self.entries.remove(&process) else {
            if self.reserved > 0 {
                self.early.insert(process, reason.clone());
            }
            return None;
        };
        let (expected, failed) = match entry.stop {
            Stop::Running => (false, reason.is_abnormal()),
            Stop::Asked(limit) => {
                self.forget_deadline(process, limit);
                (true, reason.is_abnormal())
            }
            Stop::Killed => (true, reason.is_abnormal() && *reason != ExitReason::Killed),
            // As in Elixir: that it had to be killed is a failure.
            Stop::KilledLate => (true, reason.is_abnormal()),
        };
        Some(Ended {
            child: entry.child,
            expected,
            failed,
            payload: entry.payload,
        })
    }

    /// From here on nothing more is started.
    pub(super) fn begin_stop(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Stopping;
        }
    }

    /// The supervisor is gone; gives back what was kept with the tasks that were
    /// left, oldest first.
    pub(super) fn close(&mut self) -> Vec<P> {
        self.phase = Phase::Over;
        self.deadlines.clear();
        let entries = std::mem::take(&mut self.entries);
        entries.into_values().map(Entry::into_payload).collect()
    }

    fn forget_deadline(&mut self, process: ProcessId, deadline: Option<Timestamp>) {
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, process));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runtime::{Incarnation, NodeId};

    const fn process(local: u64) -> ProcessId {
        ProcessId {
            node: NodeId(1),
            incarnation: Incarnation(1),
            local,
        }
    }

    fn with_one(shutdown: ShutdownPolicy) -> Roster<()> {
        let mut roster = Roster::new(10);
        let child = roster.reserve(&"work".into()).unwrap();
        let added = roster.add(process(1), Entry::new(child, shutdown, ()));
        assert!(matches!(added, Added::Running));
        roster
    }

    const TEN: ShutdownPolicy = ShutdownPolicy::Timeout(Duration::from_nanos(10));
    const TWENTY: ShutdownPolicy = ShutdownPolicy::Timeout(Duration::from_nanos(20));

    #[test]
    fn a_reserved_place_counts_until_it_is_given_back() {
        let mut roster: Roster<()> = Roster::new(1);
        roster.reserve(&"one".into()).unwrap();
        let full = StartTaskError::MaxChildren { limit: 1 };
        assert_eq!(roster.reserve(&"two".into()), Err(full));
        roster.release();
        assert_eq!(roster.reserve(&"two".into()), Ok("two#2".into()));
    }

    #[test]
    fn an_end_that_comes_before_the_task_is_on_record_is_not_lost() {
        let mut roster = Roster::new(10);
        let child = roster.reserve(&"work".into()).unwrap();
        assert!(roster.ended(process(1), &ExitReason::Killed).is_none());
        let added = roster.add(process(1), Entry::new(child, TEN, ()));
        let Added::EndedBefore(reason) = added else {
            panic!("the end was lost");
        };
        let ended = roster.ended(process(1), &reason).unwrap();
        assert!(ended.failed && !ended.expected);
        assert_eq!(roster.len(), 0);
    }

    #[test]
    fn a_task_added_while_the_supervisor_stops_is_stopped_too() {
        let mut roster = Roster::new(10);
        let child = roster.reserve(&"work".into()).unwrap();
        roster.begin_stop();
        assert!(!roster.is_finished(), "a place is still reserved");
        let added = roster.add(process(1), Entry::new(child, TEN, ()));
        assert!(matches!(added, Added::ToStop));
        assert_eq!(
            roster.reserve(&"more".into()),
            Err(StartTaskError::Stopping)
        );
    }

    #[test]
    fn a_second_stop_can_only_shorten_the_limit_of_the_first() {
        let mut roster = with_one(TWENTY);
        let asked = roster.stop(process(1), None, Timestamp(0));
        assert_eq!(asked, StopStep::Ask("work#1".into(), TWENTY));
        let longer = roster.stop(process(1), Some(TWENTY), Timestamp(5));
        assert_eq!(
            (longer, roster.next_deadline()),
            (StopStep::Nothing, Some(Timestamp(20)))
        );
        let shorter = roster.stop(process(1), Some(TEN), Timestamp(5));
        assert_eq!(
            (shorter, roster.next_deadline()),
            (StopStep::Nothing, Some(Timestamp(15)))
        );
        let killed = roster.stop(process(1), Some(ShutdownPolicy::Brutal), Timestamp(6));
        assert_eq!(killed, StopStep::KillAsked("work#1".into()));
        assert_eq!(roster.next_deadline(), None);
    }

    #[test]
    fn a_task_is_late_at_its_deadline_and_not_before() {
        let mut roster = with_one(TEN);
        roster.stop(process(1), None, Timestamp(0));
        assert!(roster.take_late(Timestamp(9)).is_empty());
        assert_eq!(roster.take_late(Timestamp(10)).len(), 1);
        assert!(roster.take_late(Timestamp(11)).is_empty());
        // That it had to be killed stays a failure, whoever else wants it gone.
        let killed = roster.stop(process(1), Some(ShutdownPolicy::Brutal), Timestamp(12));
        assert_eq!(killed, StopStep::Nothing);
        let ended = roster.ended(process(1), &ExitReason::Killed).unwrap();
        assert!(ended.failed && ended.expected);
    }

    #[test]
    fn only_an_end_that_was_not_asked_for_is_a_failure() {
        let panic = ExitReason::Panic("broken".into());
        for (stop, reason, failed) in [
            (None, ExitReason::Normal, false),
            (None, ExitReason::SHUTDOWN, false),
            (None, ExitReason::Killed, true),
            (None, panic.clone(), true),
            (Some(TEN), ExitReason::SHUTDOWN, false),
            (Some(TEN), ExitReason::Killed, true),
            (Some(TEN), panic.clone(), true),
            (Some(ShutdownPolicy::Brutal), ExitReason::Killed, false),
            (Some(ShutdownPolicy::Brutal), panic, true),
        ] {
            let mut roster = with_one(TEN);
            if stop.is_some() {
                roster.stop(process(1), stop, Timestamp(0));
            }
            let ended = roster.ended(process(1), &reason).unwrap();
            assert_eq!(
                (ended.failed, ended.expected),
                (failed, stop.is_some()),
                "{stop:?} {reason}"
            );
            assert_eq!(roster.next_deadline(), None);
        }
    }
}
