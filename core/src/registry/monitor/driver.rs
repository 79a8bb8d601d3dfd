//! The process that looks after a backend.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::config::{FailOver, MonitorConfig};
use super::verdict::{Observation, Turn, Verdict, Window, observe};
use crate::event::{Event, FailureEvent, HealthStatus, RegistryEvent};
use crate::failure::Severity;
use crate::label::Label;
use crate::process::{Context, ErrorCause};
use crate::registry::facade::{Registry, SwitchOptions};
use crate::registry::report::BackendHealth;
use crate::runtime::{Runtime, panic_text};

/// Looks after the backend for ever.
pub(in crate::registry) async fn run<R: Runtime>(
    context: Context<R>,
    registry: Registry<R>,
    monitor: MonitorConfig,
) {
    let mut counted = registry.operation_stats();
    let mut kind = registry.backend_kind();
    let mut verdict = Verdict::new(monitor.threshold);
    loop {
        let interval = Duration::from_millis(monitor.interval_ms);
        context.runtime().sleep(interval).await;
        if kind != registry.backend_kind() {
            // Another one is in charge, and what the one before did is not its fault.
            kind = registry.backend_kind();
            counted = registry.operation_stats();
            verdict = Verdict::new(monitor.threshold);
        }
        let now = registry.operation_stats();
        let window = Window::between(&counted, &now);
        counted = now;
        let latency_max = Duration::from_millis(monitor.latency_max_ms);
        let observation = match ask(&registry) {
            Ok(health) => observe(&health, window, latency_max),
            Err(detail) => Observation {
                status: HealthStatus::Unhealthy,
                detail,
            },
        };
        if let Some(turn) = verdict.see(observation) {
            announce(&registry, turn);
        }
        if let Some(fail_over) = &monitor.fail_over
            && verdict.status() == HealthStatus::Unhealthy
            && kind != fail_over.to.kind()
        {
            replace(&context, &registry, fail_over).await;
        }
    }
}

/// Asks the backend how it is doing. One that panics does not take the monitor along.
fn ask<R: Runtime>(registry: &Registry<R>) -> Result<BackendHealth, Label> {
    let asked = catch_unwind(AssertUnwindSafe(|| registry.health()));
    asked.map_err(|panic| format!("the check panicked: {}", panic_text(&*panic)).into())
}

fn announce<R: Runtime>(registry: &Registry<R>, turn: Turn) {
    registry.announce(RegistryEvent::BackendHealthChanged {
        registry: registry.name().clone(),
        backend: registry.backend_kind().into(),
        from: turn.from,
        to: turn.to,
        detail: turn.detail,
    });
}

/// Tries to put another backend in charge. If that is refused, it is tried again after
/// the next look.
async fn replace<R: Runtime>(context: &Context<R>, registry: &Registry<R>, fail_over: &FailOver) {
    let mut options = SwitchOptions::within(fail_over.limit());
    if fail_over.gives_up_remote_entries {
        options = options.giving_up_remote_entries();
    }
    let backend = registry.config().backend_spec_for(&fail_over.to);
    if let Err(error) = registry.switch_to(backend, options).await {
        let (name, why) = (registry.name(), ErrorCause::new(&error));
        context.announce(&Event::Failure(FailureEvent::Incident {
            severity: Severity::Error,
            failure: None,
            what: format!("fail-over of registry {name} was refused: {why}").into(),
        }));
    }
}
