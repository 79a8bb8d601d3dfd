//! Facts about supervisors.

use super::emit::{Source, emit, facts};
use super::words::{auto_shutdown_word, milliseconds, restart_word, shutdown_words, strategy_word};
use crate::event::SupervisionEvent;

pub(super) fn supervision(source: Source, event: &SupervisionEvent) {
    use SupervisionEvent as S;
    facts! { source, event;
        S::SupervisorStarted { supervisor, strategy, intensity, period, auto_shutdown, dynamic } =>
            debug "supervisor.started"
            (%supervisor, strategy = strategy_word(*strategy), intensity,
             period_ms = milliseconds(*period), auto_shutdown = auto_shutdown_word(*auto_shutdown),
             dynamic);
        S::SupervisorReconfigured { supervisor, strategy, intensity, period, auto_shutdown } =>
            info "supervisor.reconfigured"
            (%supervisor, strategy = strategy_word(*strategy), intensity,
             period_ms = milliseconds(*period), auto_shutdown = auto_shutdown_word(*auto_shutdown));
        S::IntensityExceeded { supervisor, child, in_window } => error "supervisor.intensity_exceeded"
            (%supervisor, %child, in_window);
        S::AutoShutdown { supervisor, child } => info "supervisor.auto_shutdown"
            (%supervisor, %child);
        S::SupervisorStopping { supervisor, reason } => debug "supervisor.stopping"
            (%supervisor, %reason);
        S::SupervisorStopped { supervisor } => debug "supervisor.stopped" (%supervisor);
        S::ChildAdded { supervisor, child, index, restart, shutdown, significant } =>
            debug "child.added"
            (%supervisor, %child, index, restart = restart_word(*restart),
             shutdown = shutdown_words(*shutdown), significant);
        S::ChildRemoved { supervisor, child } => debug "child.removed" (%supervisor, %child);
        S::ChildStarted { supervisor, child, process, starts } => debug "child.started"
            (%supervisor, %child, %process, starts);
        S::ChildStartFailed { supervisor, child, reason } => warn "child.start_failed"
            (%supervisor, %child, %reason);
        S::ChildIgnored { supervisor, child } => debug "child.ignored" (%supervisor, %child);
        S::ChildExited { supervisor, child, process, reason, expected } => debug "child.exited"
            (%supervisor, %child, %process, %reason, expected);
        S::RestartScheduled { supervisor, child, delay, in_window } => warn "child.restart_scheduled"
            (%supervisor, %child, delay_ms = milliseconds(*delay), in_window);
        S::RestartCancelled { supervisor, child } => info "child.restart_cancelled"
            (%supervisor, %child);
        S::ChildStopping { supervisor, child, process, shutdown } => debug "child.stopping"
            (%supervisor, %child, %process, shutdown = shutdown_words(*shutdown));
        S::ChildKilled { supervisor, child, process } => warn "child.killed"
            (%supervisor, %child, %process);
        S::ChildLimitExceeded { supervisor, child, in_window } => error "child.limit_exceeded"
            (%supervisor, %child, in_window);
    }
}
