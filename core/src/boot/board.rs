//! What is known of the services of one boot.
//!
//! Pure: takes in what the services' supervisor announces and what the checks came
//! to, and returns the facts that follow for the boot, in order.

use std::collections::BTreeMap;

use super::health::{Observation, Thresholds, Tracker};
use super::plan::{BootPlan, PlannedService};
use super::status::{BootState, BootStatus, ServiceState, ServiceStatus};
use crate::event::{BootEvent, HealthStatus, SupervisionEvent};
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::Timestamp;

/// What the board is told of a service besides the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServiceRules {
    /// Whether a normal end means that its work is done.
    pub(super) transient: bool,
    pub(super) thresholds: Thresholds,
}

struct Service {
    /// Its place in the plan.
    place: usize,
    rules: ServiceRules,
    state: ServiceState,
    process: Option<ProcessId>,
    since: Timestamp,
    tracker: Tracker,
    /// Why it does not run.
    absence: Label,
    /// The health last told, once it has run.
    told: Option<HealthStatus>,
    starts: u64,
    /// When it last started and ended, in steps of the board.
    started: u64,
    ended: u64,
}

pub(super) struct Board {
    plan: BootPlan,
    services: BTreeMap<Label, Service>,
    state: BootState,
    /// How many services of the plan have had their first start.
    begun: usize,
    /// How many phases have begun.
    phases: usize,
    failed: Option<(Label, ExitReason)>,
    steps: u64,
}

impl Board {
    /// `rules` in start order.
    pub(super) fn new(plan: BootPlan, rules: Vec<ServiceRules>) -> Self {
        let services = plan.services().iter().zip(rules).enumerate();
        let service = |(place, (planned, rules)): (usize, (&PlannedService, _))| {
            (planned.name.clone(), Service::new(place, rules))
        };
        Self {
            services: services.map(service).collect(),
            plan,
            state: BootState::Waiting,
            begun: 0,
            phases: 0,
            failed: None,
            steps: 0,
        }
    }

    /// A run of the boot begins; nothing of an earlier one counts any more.
    pub(super) fn begin(&mut self) -> Vec<BootEvent> {
        for service in self.services.values_mut() {
            *service = Service::new(service.place, service.rules);
        }
        self.state = BootState::Starting;
        (self.begun, self.phases, self.failed) = (0, 0, None);
        let order = self.plan.order();
        let mut facts = vec![BootEvent::Planned { order }];
        self.begin_phases(&mut facts);
        facts
    }

    /// Takes in what the services' supervisor has announced.
    pub(super) fn hear(&mut self, event: &SupervisionEvent, now: Timestamp) -> Vec<BootEvent> {
        let mut facts = Vec::new();
        self.steps += 1;
        match event {
            SupervisionEvent::ChildStarted { child, process, .. } => {
                self.started(child, *process, now, &mut facts);
            }
            SupervisionEvent::ChildIgnored { child, .. } => {
                if let Some(service) = self.services.get_mut(child) {
                    service.state = ServiceState::Ignored;
                    service.absence = "does not want to run".into();
                }
                self.tell_health(child, &mut facts);
                self.first_start_done(child, &mut facts);
            }
            SupervisionEvent::ChildStartFailed { child, reason, .. } => {
                self.start_failed(child, reason, &mut facts);
            }
            SupervisionEvent::ChildExited {
                child,
                process,
                reason,
                expected,
                ..
            } => self.ended(child, *process, reason, *expected, &mut facts),
            SupervisionEvent::SupervisorStopping { .. } => self.state = BootState::Stopping,
            SupervisionEvent::SupervisorStopped { .. } => self.state = BootState::Stopped,
            SupervisionEvent::SupervisorStarted { .. }
            | SupervisionEvent::SupervisorReconfigured { .. }
            | SupervisionEvent::ChildAdded { .. }
            | SupervisionEvent::ChildRemoved { .. }
            | SupervisionEvent::RestartScheduled { .. }
            | SupervisionEvent::RestartCancelled { .. }
            | SupervisionEvent::ChildStopping { .. }
            | SupervisionEvent::ChildKilled { .. }
            | SupervisionEvent::ChildLimitExceeded { .. }
            | SupervisionEvent::IntensityExceeded { .. }
            | SupervisionEvent::AutoShutdown { .. } => {}
        }
        facts
    }

    /// Takes in what a check of this process came to; of a process that runs no more
    /// it means nothing.
    pub(super) fn record(
        &mut self,
        name: &Label,
        process: ProcessId,
        observation: Observation,
    ) -> Vec<BootEvent> {
        let mut facts = Vec::new();
        if let Some(service) = self.services.get_mut(name)
            && service.process == Some(process)
        {
            service.tracker.observe(observation);
            self.tell_health(name, &mut facts);
        }
        facts
    }

    /// The supervisor of the services is gone, and all services with it.
    pub(super) fn close(&mut self) {
        self.state = BootState::Stopped;
        for service in self.services.values_mut() {
            if service.process.take().is_some() {
                service.state = ServiceState::Down;
                service.absence = "ended with the boot".into();
            }
        }
    }

    pub(super) const fn plan(&self) -> &BootPlan {
        &self.plan
    }

    pub(super) const fn state(&self) -> BootState {
        self.state
    }

    /// Which service failed to start, if that ended the boot.
    pub(super) const fn failed(&self) -> Option<&(Label, ExitReason)> {
        self.failed.as_ref()
    }

    /// The process of a service that runs.
    pub(super) fn process(&self, name: &str) -> Option<ProcessId> {
        self.services.get(name)?.process
    }

    pub(super) fn status(&self, now: Timestamp) -> BootStatus {
        let services = self.plan.services().iter();
        BootStatus {
            state: self.state,
            services: services
                .filter_map(|planned| self.service_status(planned, now))
                .collect(),
        }
    }

    pub(super) fn service(&self, name: &str, now: Timestamp) -> Option<ServiceStatus> {
        let planned = self.plan.services().get(self.services.get(name)?.place)?;
        self.service_status(planned, now)
    }

    fn service_status(&self, planned: &PlannedService, now: Timestamp) -> Option<ServiceStatus> {
        let service = self.services.get(&planned.name)?;
        let (health, detail) = service.health();
        Some(ServiceStatus {
            name: planned.name.clone(),
            phase: planned.phase.clone(),
            state: service.state,
            process: service.process,
            health,
            detail: detail.clone(),
            starts: service.starts,
            running_for: service.process.map(|_| now.since(service.since)),
        })
    }

    fn started(
        &mut self,
        name: &Label,
        process: ProcessId,
        now: Timestamp,
        facts: &mut Vec<BootEvent>,
    ) {
        if let Some(dependency) = self.restarted_dependency(name) {
            facts.push(BootEvent::DependentRestarted {
                service: name.clone(),
                dependency,
            });
        }
        let Some(service) = self.services.get_mut(name) else {
            return;
        };
        service.state = ServiceState::Running;
        service.process = Some(process);
        service.since = now;
        service.tracker = Tracker::new(service.rules.thresholds);
        service.starts += 1;
        service.started = self.steps;
        facts.push(BootEvent::ServiceStarted {
            service: name.clone(),
            process,
        });
        self.tell_health(name, facts);
        self.first_start_done(name, facts);
    }

    fn ended(
        &mut self,
        name: &Label,
        process: ProcessId,
        reason: &ExitReason,
        expected: bool,
        facts: &mut Vec<BootEvent>,
    ) {
        let Some(service) = self.services.get_mut(name) else {
            return;
        };
        if service.process != Some(process) {
            // It had not come up, so it has not stopped either.
            return;
        }
        let finished = service.rules.transient && !expected && !reason.is_abnormal();
        service.process = None;
        (service.state, service.absence) = if finished {
            (ServiceState::Finished, "finished".into())
        } else {
            (ServiceState::Down, format!("not running: {reason}").into())
        };
        service.ended = self.steps;
        facts.push(BootEvent::ServiceStopped {
            service: name.clone(),
        });
        self.tell_health(name, facts);
    }

    fn start_failed(&mut self, name: &Label, reason: &ExitReason, facts: &mut Vec<BootEvent>) {
        if let Some(service) = self.services.get_mut(name) {
            service.state = ServiceState::Down;
            service.absence = format!("failed to start: {reason}").into();
        }
        if self.state == BootState::Starting {
            self.failed = Some((name.clone(), reason.clone()));
            facts.push(BootEvent::Failed {
                service: name.clone(),
                reason: reason.clone(),
            });
        }
    }

    /// The first of a service's dependencies that was started again while it was
    /// down itself.
    fn restarted_dependency(&self, name: &Label) -> Option<Label> {
        let service = self.services.get(name).filter(|known| known.starts > 0)?;
        let planned = self.plan.services().get(service.place)?;
        let restarted = |dependency: &&Label| {
            let dependency = self.services.get(*dependency);
            dependency.is_some_and(|dependency| dependency.started > service.ended)
        };
        planned.dependencies.iter().find(restarted).cloned()
    }

    /// Announces a change of a service's health, while it means something: not
    /// before the service has run, and not while all services are being stopped.
    fn tell_health(&mut self, name: &Label, facts: &mut Vec<BootEvent>) {
        let quiet = !matches!(self.state, BootState::Starting | BootState::Running);
        let Some(service) = self.services.get_mut(name).filter(|_| !quiet) else {
            return;
        };
        let (to, detail) = service.health();
        let detail = detail.clone();
        match service.told.replace(to) {
            Some(from) if from != to => facts.push(BootEvent::HealthChanged {
                service: name.clone(),
                from,
                to,
                detail,
            }),
            Some(_) | None => {}
        }
    }

    /// The first start of the next service in the plan has come to its end.
    fn first_start_done(&mut self, name: &Label, facts: &mut Vec<BootEvent>) {
        let next = self.plan.services().get(self.begun);
        if self.state == BootState::Starting && next.is_some_and(|next| next.name == *name) {
            self.begun += 1;
            self.begin_phases(facts);
        }
    }

    /// Begins all phases up to that of the next service; all, after the last service.
    fn begin_phases(&mut self, facts: &mut Vec<BootEvent>) {
        let phases = self.plan.phases();
        let next = self.plan.services().get(self.begun);
        let upto = next.and_then(|next| phases.iter().position(|phase| *phase == next.phase));
        let upto = upto.map_or(phases.len(), |place| place + 1);
        for phase in phases.iter().take(upto).skip(self.phases) {
            let phase = phase.clone();
            facts.push(BootEvent::PhaseStarted { phase });
        }
        self.phases = self.phases.max(upto);
        if next.is_none() {
            self.state = BootState::Running;
            facts.push(BootEvent::Completed);
        }
    }
}

impl Service {
    fn new(place: usize, rules: ServiceRules) -> Self {
        Self {
            place,
            rules,
            state: ServiceState::Waiting,
            process: None,
            since: Timestamp::ZERO,
            tracker: Tracker::new(rules.thresholds),
            absence: "not started yet".into(),
            told: None,
            starts: 0,
            started: 0,
            ended: 0,
        }
    }

    const fn health(&self) -> (HealthStatus, &Label) {
        match self.state {
            ServiceState::Running => (self.tracker.verdict(), self.tracker.detail()),
            ServiceState::Waiting | ServiceState::Down => (HealthStatus::Unhealthy, &self.absence),
            ServiceState::Finished | ServiceState::Ignored => {
                (HealthStatus::Healthy, &self.absence)
            }
        }
    }
}
