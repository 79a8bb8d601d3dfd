//! Facts about boot and health.

use super::emit::{Source, emit, facts};
use super::words::health_word;
use crate::event::{BootEvent, HealthStatus};

pub(super) fn boot(source: Source, event: &BootEvent) {
    use BootEvent as B;
    facts! { source, event;
        B::Planned { order } => debug "boot.planned" (order = order.join(" "));
        B::PhaseStarted { phase } => info "boot.phase_started" (%phase);
        B::ServiceStarted { service, process } => info "boot.service_started" (%service, %process);
        B::ServiceStopped { service } => info "boot.service_stopped" (%service);
        B::DependentRestarted { service, dependency } => warn "boot.dependent_restarted"
            (%service, %dependency);
        B::HealthChanged { service, from, to: HealthStatus::Healthy, detail } =>
            info "boot.health_changed"
            (%service, from = health_word(*from), to = health_word(HealthStatus::Healthy), %detail);
        B::HealthChanged { service, from, to, detail } => warn "boot.health_changed"
            (%service, from = health_word(*from), to = health_word(*to), %detail);
        B::Completed => info "boot.completed" ();
        B::Failed { service, reason } => error "boot.failed" (%service, %reason);
    }
}
