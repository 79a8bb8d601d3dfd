//! Child specs of players, and supervisors over them.

use std::time::Duration;

use steadfast::event::{Event, ProcessEvent};
use steadfast::process::ProcessId;
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    Backoff, ChildSpec, DynamicSupervisor, DynamicSupervisorRef, DynamicSupervisorSpec, Supervisor,
    SupervisorRef, SupervisorSpec,
};

use super::bench::Bench;
use super::journal::Mark;
use super::stage::Manner;

/// How long a player has to come up. Players come up at once unless told otherwise.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(10);

/// Longer than anything that is not meant to last.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// How long a stop may take that is not meant to hit a limit.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(3000);

/// Keeps a failed child waiting for [`LONG`] before each restart.
pub(crate) const LONG_BACKOFF: Backoff = Backoff {
    base: LONG,
    factor: 1.0,
    cap: LONG,
    jitter: 0.0,
    reset_after: Duration::MAX,
};

impl<R: Runtime> Bench<R> {
    /// A child that is directed from the stage. It acknowledges its start, as the
    /// children of OTP do, and otherwise has the defaults.
    pub(crate) fn player(&self, name: &'static str, manner: Manner) -> ChildSpec<R> {
        let stage = self.stage().clone();
        let trap = manner.traps_exits();
        let body = move |context| stage.clone().play(name.into(), manner.clone(), context);
        ChildSpec::worker(name, body)
            .acknowledged(START_LIMIT)
            .trap_exit(trap)
    }

    /// A player that ends at once when it is asked to stop.
    pub(crate) fn worker(&self, name: &'static str) -> ChildSpec<R> {
        self.player(name, Manner::Plain)
    }

    /// Starts a supervisor at the top of the node.
    pub(crate) async fn supervise(&self, spec: SupervisorSpec<R>) -> SupervisorRef<R> {
        let started = Supervisor::start(self.node(), "top", spec).await;
        started.expect("the supervisor starts")
    }

    /// Starts a dynamic supervisor at the top of the node.
    pub(crate) async fn supervise_dynamic(
        &self,
        spec: DynamicSupervisorSpec<R>,
    ) -> DynamicSupervisorRef<R> {
        let started = DynamicSupervisor::start(self.node(), "dynamic", spec).await;
        started.expect("the supervisor starts")
    }

    /// The parent that a process was started by.
    pub(crate) fn parent_of(&self, child: ProcessId) -> Option<ProcessId> {
        self.since(Mark::default(), |facts| {
            facts.iter().find_map(|fact| {
                let Event::Process(event) = &fact.event else {
                    return None;
                };
                match event {
                    ProcessEvent::Spawned {
                        process, parent, ..
                    } if *process == child => *parent,
                    ProcessEvent::Spawned { .. }
                    | ProcessEvent::Exited { .. }
                    | ProcessEvent::MessageDiscarded { .. } => None,
                }
            })
        })
    }
}
