//! Processes of a case that are no players, and what is known of processes.

use std::collections::BTreeSet;
use std::future::Future;

use steadfast::event::{Event, FailureEvent, ProcessEvent, SupervisionEvent};
use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, IntoExit, ProcessId, ProcessSpec};
use steadfast::runtime::Runtime;

use super::bench::{Bench, same};
use super::journal::{Fact, Mark};

impl<R: Runtime> Bench<R> {
    /// Starts a process without a supervisor.
    pub(crate) fn start<B, F>(&self, spec: ProcessSpec, body: B) -> ProcessId
    where
        B: FnOnce(Context<R>) -> F,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        let started = self.node().start(spec, body);
        started.expect("the node takes processes")
    }

    /// Does something as a process, which must end normally.
    pub(crate) async fn perform<B, F>(&self, body: B)
    where
        B: FnOnce(Context<R>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let process = self.start(ProcessSpec::new("actor"), body);
        let reason = self.exit_of(process).await;
        same(self, &reason, &ExitReason::Normal);
    }

    /// Waits until a process of this path exists that did not exist at `mark`.
    pub(crate) async fn spawned(&self, mark: Mark, path: &str) -> ProcessId {
        let spawned = |fact: &Fact| {
            let Event::Process(ProcessEvent::Spawned {
                process,
                path: spawned,
                ..
            }) = &fact.event
            else {
                return None;
            };
            (spawned == path).then_some(*process)
        };
        let what = format!("the start of {path}");
        self.until_since(mark, &what, |facts| facts.iter().find_map(spawned))
            .await
    }

    /// The processes that have not ended, by what was announced.
    pub(crate) fn living(&self) -> BTreeSet<ProcessId> {
        self.since(Mark::default(), |facts| {
            let mut living = BTreeSet::new();
            for fact in facts {
                if let Event::Process(ProcessEvent::Spawned { process, .. }) = &fact.event {
                    living.insert(*process);
                }
                if let Some((process, _)) = fact.exited() {
                    living.remove(&process);
                }
            }
            living
        })
    }

    /// The ends since `mark`, in order.
    pub(crate) fn exits(&self, mark: Mark) -> Vec<(ProcessId, ExitReason)> {
        self.since(mark, |facts| {
            let exits = facts.iter().filter_map(Fact::exited);
            exits.map(|(process, why)| (process, why.clone())).collect()
        })
    }

    /// The incidents that were reported since `mark`.
    pub(crate) fn incidents(&self, mark: Mark) -> Vec<(Severity, String)> {
        self.since(mark, |facts| {
            let incidents = facts.iter().filter_map(|fact| {
                let Event::Failure(FailureEvent::Incident { severity, what, .. }) = &fact.event
                else {
                    return None;
                };
                Some((*severity, what.to_string()))
            });
            incidents.collect()
        })
    }

    /// Which supervisors saw the end of a process, and what they saw.
    pub(crate) fn seen(&self, ended: ProcessId) -> Vec<(ProcessId, ExitReason)> {
        self.since(Mark::default(), |facts| {
            let supervision = facts.iter().filter_map(Fact::supervision);
            let seen = supervision.filter_map(|event| {
                let SupervisionEvent::ChildExited {
                    supervisor,
                    process,
                    reason,
                    ..
                } = event
                else {
                    return None;
                };
                (*process == ended).then(|| (*supervisor, reason.clone()))
            });
            seen.collect()
        })
    }
}
