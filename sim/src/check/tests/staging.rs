//! What supervisors and their children do in hand-made histories.

use std::time::Duration;

use steadfast::event::{Event, SupervisionEvent};
use steadfast::process::ExitReason;
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

use super::history::{GENTLE, History};

impl History {
    fn supervision(self, event: SupervisionEvent) -> Self {
        self.core(Event::Supervision(event))
    }

    pub(crate) fn supervisor_of_kind(
        self,
        supervisor: u64,
        strategy: Strategy,
        (intensity, period_ms): (u32, u64),
        dynamic: bool,
    ) -> Self {
        let supervisor = self.process(supervisor);
        self.supervision(SupervisionEvent::SupervisorStarted {
            supervisor,
            strategy,
            intensity,
            period: Duration::from_millis(period_ms),
            auto_shutdown: AutoShutdown::Never,
            dynamic,
        })
    }

    pub(crate) fn supervisor(
        self,
        local: u64,
        strategy: Strategy,
        intensity: u32,
        ms: u64,
    ) -> Self {
        self.supervisor_of_kind(local, strategy, (intensity, ms), false)
    }

    pub(crate) fn reconfigured(self, supervisor: u64, intensity: u32, period_ms: u64) -> Self {
        let supervisor = self.process(supervisor);
        self.supervision(SupervisionEvent::SupervisorReconfigured {
            supervisor,
            strategy: Strategy::OneForOne,
            intensity,
            period: Duration::from_millis(period_ms),
            auto_shutdown: AutoShutdown::Never,
        })
    }

    pub(crate) fn child(
        self,
        supervisor: u64,
        child: &str,
        index: u32,
        restart: Restart,
        shutdown: ShutdownPolicy,
    ) -> Self {
        let supervisor = self.process(supervisor);
        self.supervision(SupervisionEvent::ChildAdded {
            supervisor,
            child: child.into(),
            index,
            restart,
            shutdown,
            significant: false,
        })
    }

    pub(crate) fn removed(self, supervisor: u64, child: &str) -> Self {
        let (supervisor, child) = (self.process(supervisor), child.into());
        self.supervision(SupervisionEvent::ChildRemoved { supervisor, child })
    }

    pub(crate) fn child_started(self, supervisor: u64, child: &str, process: u64) -> Self {
        let event = SupervisionEvent::ChildStarted {
            supervisor: self.process(supervisor),
            child: child.into(),
            process: self.process(process),
            starts: 1,
        };
        self.supervision(event)
    }

    pub(crate) fn start_failed(self, supervisor: u64, child: &str) -> Self {
        let event = SupervisionEvent::ChildStartFailed {
            supervisor: self.process(supervisor),
            child: child.into(),
            reason: ExitReason::failed("no start"),
        };
        self.supervision(event)
    }

    pub(crate) fn ignored(self, supervisor: u64, child: &str) -> Self {
        let (supervisor, child) = (self.process(supervisor), child.into());
        self.supervision(SupervisionEvent::ChildIgnored { supervisor, child })
    }

    pub(crate) fn child_exited(
        self,
        supervisor: u64,
        child: &str,
        process: u64,
        reason: ExitReason,
        expected: bool,
    ) -> Self {
        let event = SupervisionEvent::ChildExited {
            supervisor: self.process(supervisor),
            child: child.into(),
            process: self.process(process),
            reason,
            expected,
        };
        self.supervision(event)
    }

    pub(crate) fn scheduled(self, supervisor: u64, child: &str, ms: u64, in_window: u32) -> Self {
        let event = SupervisionEvent::RestartScheduled {
            supervisor: self.process(supervisor),
            child: child.into(),
            delay: Duration::from_millis(ms),
            in_window,
        };
        self.supervision(event)
    }

    pub(crate) fn cancelled(self, supervisor: u64, child: &str) -> Self {
        let (supervisor, child) = (self.process(supervisor), child.into());
        self.supervision(SupervisionEvent::RestartCancelled { supervisor, child })
    }

    pub(crate) fn child_stopping(
        self,
        supervisor: u64,
        child: &str,
        process: u64,
        shutdown: ShutdownPolicy,
    ) -> Self {
        let event = SupervisionEvent::ChildStopping {
            supervisor: self.process(supervisor),
            child: child.into(),
            process: self.process(process),
            shutdown,
        };
        self.supervision(event)
    }

    pub(crate) fn child_killed(self, supervisor: u64, child: &str, process: u64) -> Self {
        let event = SupervisionEvent::ChildKilled {
            supervisor: self.process(supervisor),
            child: child.into(),
            process: self.process(process),
        };
        self.supervision(event)
    }

    pub(crate) fn limit_exceeded(self, supervisor: u64, child: &str) -> Self {
        let event = SupervisionEvent::ChildLimitExceeded {
            supervisor: self.process(supervisor),
            child: child.into(),
            in_window: 1,
        };
        self.supervision(event)
    }

    pub(crate) fn intensity_exceeded(self, supervisor: u64, child: &str, in_window: u32) -> Self {
        let event = SupervisionEvent::IntensityExceeded {
            supervisor: self.process(supervisor),
            child: child.into(),
            in_window,
        };
        self.supervision(event)
    }

    pub(crate) fn supervisor_stopping(self, supervisor: u64) -> Self {
        let event = SupervisionEvent::SupervisorStopping {
            supervisor: self.process(supervisor),
            reason: ExitReason::SHUTDOWN,
        };
        self.supervision(event)
    }

    pub(crate) fn supervisor_stopped(self, supervisor: u64) -> Self {
        let supervisor = self.process(supervisor);
        self.supervision(SupervisionEvent::SupervisorStopped { supervisor })
    }

    // Common stretches.

    /// A child is asked to stop and does.
    pub(crate) fn stop_child(self, supervisor: u64, child: &str, process: u64) -> Self {
        self.child_stopping(supervisor, child, process, GENTLE)
            .exited(process, ExitReason::SHUTDOWN)
            .child_exited(supervisor, child, process, ExitReason::SHUTDOWN, true)
    }

    /// A child fails by itself, and its supervisor sees it.
    pub(crate) fn fail_child(self, supervisor: u64, child: &str, process: u64) -> Self {
        let reason = || ExitReason::failed("boom");
        self.exited(process, reason())
            .child_exited(supervisor, child, process, reason(), false)
    }

    /// A child starts as a new process.
    pub(crate) fn start_child(self, supervisor: u64, child: &str, process: u64) -> Self {
        self.spawned(process, supervisor, &format!("top/{child}"))
            .child_started(supervisor, child, process)
    }
}
