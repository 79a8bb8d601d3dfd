//! What a supervisor did, as lines that a case compares.

use std::collections::BTreeSet;

use steadfast::event::SupervisionEvent;
use steadfast::process::ProcessId;
use steadfast::runtime::Runtime;

use super::bench::{Bench, same};
use super::journal::{Fact, Mark};

/// What became of the children of `supervisor`, in order:
///
/// - `start a`: it is up;
/// - `exit a: reason`: it ended after it had been up;
/// - `fail a: reason`: it ended, or was killed, before it was up;
/// - `ignore a`: it did not want to run.
///
/// What a supervisor intends (stopping, a restart, a limit) is left out: cases that
/// are about it look at the facts themselves.
pub(crate) fn story(facts: &[Fact], supervisor: ProcessId) -> Vec<String> {
    let mut up = BTreeSet::new();
    let events = facts.iter().filter_map(Fact::supervision);
    events
        .filter_map(|event| line(event, supervisor, &mut up))
        .collect()
}

fn line(
    event: &SupervisionEvent,
    teller: ProcessId,
    up: &mut BTreeSet<ProcessId>,
) -> Option<String> {
    use SupervisionEvent as E;
    let (supervisor, line) = match event {
        E::ChildStarted {
            supervisor,
            child,
            process,
            ..
        } => {
            up.insert(*process);
            (supervisor, format!("start {child}"))
        }
        E::ChildExited {
            supervisor,
            child,
            process,
            reason,
            ..
        } if up.remove(process) => (supervisor, format!("exit {child}: {reason}")),
        E::ChildStartFailed {
            supervisor,
            child,
            reason,
        } => (supervisor, format!("fail {child}: {reason}")),
        E::ChildIgnored { supervisor, child } => (supervisor, format!("ignore {child}")),
        E::ChildExited { .. }
        | E::SupervisorStarted { .. }
        | E::SupervisorReconfigured { .. }
        | E::ChildAdded { .. }
        | E::ChildRemoved { .. }
        | E::RestartScheduled { .. }
        | E::RestartCancelled { .. }
        | E::ChildStopping { .. }
        | E::ChildKilled { .. }
        | E::ChildLimitExceeded { .. }
        | E::IntensityExceeded { .. }
        | E::AutoShutdown { .. }
        | E::SupervisorStopping { .. }
        | E::SupervisorStopped { .. } => return None,
    };
    (*supervisor == teller).then_some(line)
}

impl<R: Runtime> Bench<R> {
    /// Waits until the story of `supervisor` since `mark` is as long as `expected`
    /// and nothing goes on any more; then both must be the same.
    pub(crate) async fn told(&self, supervisor: ProcessId, mark: Mark, expected: &[&str]) {
        let known = self.since(Mark::default(), |facts| {
            story(&facts[..mark.0], supervisor).len()
        });
        // Told from the beginning, since the exits of those who came up before the
        // mark belong to the story.
        let told = |facts: &[Fact]| story(facts, supervisor).split_off(known);
        let enough = |facts: &[Fact]| (told(facts).len() >= expected.len()).then_some(());
        // A story that stays too short is shown below.
        let _enough: Option<()> = self.wait_for(Mark::default(), enough).await;
        self.quiet().await;
        let lines = self.since(Mark::default(), told);
        let expected: Vec<_> = expected.iter().map(|line| (*line).to_owned()).collect();
        same(self, &lines, &expected);
    }
}
