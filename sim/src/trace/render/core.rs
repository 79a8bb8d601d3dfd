//! The words for what core announces.

use steadfast::event::{BootEvent, Event, FailureEvent, HealthStatus, ProcessEvent};
use steadfast::failure::{Settlement, Severity};
use steadfast::process::{ExitReason, ProcessId};

use super::membership;
use super::names::{Names, OneLine};
use super::supervision;

/// Turns events of core into words.
pub(super) struct CoreWords<'a> {
    pub(super) names: &'a Names,
    pub(super) ids: bool,
}

impl CoreWords<'_> {
    pub(super) fn event(&self, event: &Event) -> String {
        match event {
            Event::Process(event) => self.process_event(event),
            Event::Supervision(event) => supervision::event(self, event),
            Event::Boot(event) => self.boot_event(event),
            Event::Registry(event) => super::registry::event(self, event),
            Event::Coordination(event) => super::coordination::event(self, event),
            Event::Store(event) => super::store::event(event),
            Event::Failure(event) => self.failure_event(event),
            Event::Membership(event) => membership::event(event),
        }
    }

    pub(super) fn process(&self, process: ProcessId) -> String {
        self.names.process(process, self.ids)
    }

    fn process_event(&self, event: &ProcessEvent) -> String {
        match event {
            ProcessEvent::Spawned {
                process, parent, ..
            } => {
                let process = self.process(*process);
                match parent {
                    None => format!("process {process} spawned, a root"),
                    Some(parent) => {
                        format!("process {process} spawned under {}", self.process(*parent))
                    }
                }
            }
            ProcessEvent::Exited { process, reason } => {
                format!(
                    "process {} exited: {}",
                    self.process(*process),
                    exit(reason)
                )
            }
            ProcessEvent::MessageDiscarded { process, discarded } => format!(
                "process {} discarded a message, {discarded} so far",
                self.process(*process)
            ),
        }
    }

    fn boot_event(&self, event: &BootEvent) -> String {
        match event {
            BootEvent::Planned { order } => {
                let order: Vec<String> =
                    order.iter().map(|name| OneLine(name).to_string()).collect();
                format!("boot planned: {}", order.join(", "))
            }
            BootEvent::PhaseStarted { phase } => {
                format!("boot phase {} started", OneLine(phase))
            }
            BootEvent::ServiceStarted { service, process } => format!(
                "boot service {} started as {}",
                OneLine(service),
                self.process(*process)
            ),
            BootEvent::ServiceStopped { service } => {
                format!("boot service {} stopped", OneLine(service))
            }
            BootEvent::DependentRestarted {
                service,
                dependency,
            } => format!(
                "boot service {} restarted with its dependency {}",
                OneLine(service),
                OneLine(dependency)
            ),
            BootEvent::HealthChanged {
                service,
                from,
                to,
                detail,
            } => format!(
                "boot service {} went from {} to {}: {}",
                OneLine(service),
                health(*from),
                health(*to),
                OneLine(detail)
            ),
            BootEvent::Completed => "boot completed".to_owned(),
            BootEvent::Failed { service, reason } => {
                format!("boot failed at {}: {}", OneLine(service), exit(reason))
            }
        }
    }

    fn failure_event(&self, event: &FailureEvent) -> String {
        match event {
            FailureEvent::Delivered {
                failure,
                process,
                what,
            } => {
                let what = OneLine(what);
                match process {
                    None => format!("failure {failure} delivered: {what}"),
                    Some(process) => format!(
                        "failure {failure} delivered to {}: {what}",
                        self.process(*process)
                    ),
                }
            }
            FailureEvent::Settled { failure, how } => {
                format!("failure {failure} settled: {}", settlement(*how))
            }
            FailureEvent::Dropped { failure, what } => {
                format!("failure {failure} dropped: {}", OneLine(what))
            }
            FailureEvent::Incident {
                severity,
                failure,
                what,
            } => {
                let severity = match severity {
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                };
                let what = OneLine(what);
                match failure {
                    None => format!("incident {severity}: {what}"),
                    Some(failure) => format!("incident {severity} of failure {failure}: {what}"),
                }
            }
        }
    }
}

pub(super) fn exit(reason: &ExitReason) -> String {
    OneLine(&reason.to_string()).to_string()
}

const fn settlement(how: Settlement) -> &'static str {
    match how {
        Settlement::Returned => "returned",
        Settlement::Escalated => "escalated",
        Settlement::Reported => "reported",
        Settlement::EndedWithHolder => "ended with its holder",
    }
}

pub(super) const fn health(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Healthy => "healthy",
        HealthStatus::Degraded => "degraded",
        HealthStatus::Unhealthy => "unhealthy",
    }
}
