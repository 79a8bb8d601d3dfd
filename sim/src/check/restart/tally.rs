//! How many restarts there were in a supervisor's window.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::ProcessId;
use steadfast::runtime::NodeId;

use super::super::checker::Findings;
use super::super::deadlines::Deadlines;
use super::super::tempo::Tempo;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Counts restarts again, and holds supervisors to their intensity.
pub(super) struct RestartTallies {
    supervisors: BTreeMap<ProcessId, Tally>,
    due: Deadlines<ProcessId>,
}

struct Tally {
    intensity: u32,
    period: Duration,
    restarts: VecDeque<Restarted>,
    /// When the intensity was exceeded.
    exceeded: Option<u64>,
    stopping: bool,
}

struct Restarted {
    time: u64,
    /// Whether the supervisor may have found it too old already.
    let_go: bool,
}

/// How many restarts there are in the window: at least and at most.
struct Count {
    least: usize,
    most: usize,
}

impl RestartTallies {
    /// How long a supervisor may take to begin its end once its intensity is exceeded,
    /// on its node's clock.
    const ENDS_WITHIN: Duration = Duration::from_secs(1);

    pub(super) const fn new() -> Self {
        Self {
            supervisors: BTreeMap::new(),
            due: Deadlines::new(),
        }
    }

    /// Takes a record, which is not about messages, files or tasks.
    pub(super) fn observe(&mut self, record: &Record, tempo: &Tempo, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Core(Event::Supervision(event)) => {
                self.supervision(record.time, event, tempo, findings);
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

    fn supervision(
        &mut self,
        time: u64,
        event: &SupervisionEvent,
        tempo: &Tempo,
        findings: &mut Findings,
    ) {
        use SupervisionEvent as E;
        let (id, _) = subject(event);
        if let E::SupervisorStarted {
            intensity, period, ..
        } = event
        {
            let tally = Tally::new(*intensity, *period);
            self.supervisors.insert(id, tally);
            return;
        }
        let Some(tally) = self.supervisors.get_mut(&id) else {
            return;
        };
        match event {
            E::SupervisorReconfigured {
                intensity, period, ..
            } => {
                tally.intensity = *intensity;
                tally.period = *period;
            }
            E::RestartScheduled {
                child, in_window, ..
            } => tally.restart(tempo, id, time, (child, *in_window), findings),
            E::IntensityExceeded { in_window, .. } => {
                tally.exceed(tempo, id, time, *in_window, findings);
                let until = tempo.latest(id.node, time, time, Self::ENDS_WITHIN);
                self.due.set(until, id);
            }
            E::SupervisorStopping { .. } => tally.stopping = true,
            E::SupervisorStarted { .. }
            | E::ChildAdded { .. }
            | E::ChildRemoved { .. }
            | E::ChildStarted { .. }
            | E::ChildStartFailed { .. }
            | E::ChildIgnored { .. }
            | E::ChildExited { .. }
            | E::RestartCancelled { .. }
            | E::ChildStopping { .. }
            | E::ChildKilled { .. }
            | E::ChildLimitExceeded { .. }
            | E::AutoShutdown { .. }
            | E::SupervisorStopped { .. } => {}
        }
    }

    fn expire(&mut self, now: u64, tempo: &Tempo, findings: &mut Findings) {
        while let Some(id) = self.due.overdue(now) {
            let found = self.supervisors.get(&id);
            let Some(exceeded) = found.and_then(|found| found.exceeded.filter(|_| !found.stopping))
            else {
                continue;
            };
            let until = tempo.latest(id.node, exceeded, now, Self::ENDS_WITHIN);
            if until >= now {
                self.due.set(until, id);
                continue;
            }
            let detail = format!("{id} exceeded its intensity and did not begin to stop");
            findings.violated("an_exceeded_intensity_ends_the_supervisor", detail);
        }
    }
}

impl Tally {
    const fn new(intensity: u32, period: Duration) -> Self {
        Self {
            intensity,
            period,
            restarts: VecDeque::new(),
            exceeded: None,
            stopping: false,
        }
    }

    /// A restart was decided.
    fn restart(
        &mut self,
        tempo: &Tempo,
        supervisor: ProcessId,
        time: u64,
        (child, stated): (&Label, u32),
        findings: &mut Findings,
    ) {
        if self.exceeded.is_some() {
            let detail = format!("{supervisor} restarts {child} after its intensity was exceeded");
            findings.violated("an_exceeded_intensity_ends_the_supervisor", detail);
        }
        let before = self.count(tempo, supervisor.node, time);
        if before.least >= self.intensity as usize {
            let detail = format!(
                "{supervisor} restarts {child} after {} restarts in {:?}, of {} allowed",
                before.least, self.period, self.intensity
            );
            findings.violated("the_intensity_is_kept", detail);
        }
        before.check(supervisor, stated, findings);
        let let_go = false;
        self.restarts.push_back(Restarted { time, let_go });
    }

    /// The supervisor says that the next restart would be one too many.
    fn exceed(
        &mut self,
        tempo: &Tempo,
        supervisor: ProcessId,
        time: u64,
        stated: u32,
        findings: &mut Findings,
    ) {
        self.exceeded = Some(time);
        let before = self.count(tempo, supervisor.node, time);
        if before.most < self.intensity as usize {
            let detail = format!(
                "{supervisor} ends after {} restarts in {:?}, of {} allowed",
                before.most, self.period, self.intensity
            );
            findings.violated("the_intensity_is_used_up_first", detail);
        }
        before.check(supervisor, stated, findings);
    }

    /// The restarts that are in the window at `now`.
    fn count(&mut self, tempo: &Tempo, node: NodeId, now: u64) -> Count {
        let mut count = Count { least: 0, most: 0 };
        let period = self.period;
        self.restarts.retain_mut(|restart| {
            let (youngest, oldest) = tempo.elapsed(node, restart.time, now);
            if oldest <= period && !restart.let_go {
                count.least += 1;
            }
            if youngest <= period {
                count.most += 1;
            }
            restart.let_go |= oldest > period;
            youngest <= period
        });
        count
    }
}

impl Count {
    /// Whether a supervisor states this count, and the present restart, rightly.
    fn check(&self, supervisor: ProcessId, stated: u32, findings: &mut Findings) {
        let (least, most) = (self.least + 1, self.most + 1);
        if !(least..=most).contains(&(stated as usize)) {
            let detail = format!(
                "{supervisor} counts {stated} restarts in its window, but there are {least}"
            );
            findings.violated("restarts_are_counted", detail);
        }
    }
}
