//! A node, children that do as they are told, and the facts that came of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::event::{Event, FailureEvent, SupervisionEvent};
use crate::failure::Severity;
use crate::process::{Context, ExitReason, Node, ProcessId};
use crate::runtime::Clock;
use crate::supervision::{ChildSpec, ChildStatus, SupervisorRef};
use crate::testing::{TestRuntime, run};

pub(super) type Rt = TestRuntime;

/// How many interleavings each claim is checked under.
const SEEDS: u64 = 40;

/// Runs a story on a fresh node, under many interleavings, and checks the two
/// promises at its end.
pub(super) fn story<B, F>(body: B)
where
    B: Fn(Node<Rt>) -> F,
    F: Future<Output = ()>,
{
    for seed in 0..SEEDS {
        run(seed, |node| async {
            let again = node.clone();
            body(node).await;
            assert!(again.stop(seconds(600)).await, "seed {seed}: killed");
            again.runtime().assert_books_balance();
            exits_are_seen_once(&again.runtime().events());
        });
    }
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A child that runs until it is told to stop.
pub(super) fn idle(id: &str) -> ChildSpec<Rt> {
    ChildSpec::worker(id, |_context| std::future::pending::<()>())
}

/// Ends children from outside, each with the reason it is told.
#[derive(Clone, Default)]
pub(super) struct Strings(Arc<Mutex<BTreeMap<String, Vec<ExitReason>>>>);

impl Strings {
    /// A child that ends when its string is pulled.
    pub(super) fn puppet(&self, id: &str) -> ChildSpec<Rt> {
        let (strings, name) = (self.clone(), id.to_owned());
        ChildSpec::worker(id, move |context: Context<Rt>| {
            let (strings, name) = (strings.clone(), name.clone());
            async move {
                loop {
                    let reason = strings.take(&name);
                    if let Some(reason) = reason {
                        if reason == ExitReason::Panic("pulled".into()) {
                            panic!("pulled");
                        }
                        return reason;
                    }
                    context.runtime().sleep(millis(1)).await;
                }
            }
        })
    }

    /// Ends the child soon, and its next incarnation too if called twice.
    pub(super) fn pull(&self, id: &str, reason: ExitReason) {
        let mut strings = self.0.lock().unwrap();
        strings.entry(id.to_owned()).or_default().push(reason);
    }

    fn take(&self, id: &str) -> Option<ExitReason> {
        let mut strings = self.0.lock().unwrap();
        let pulled = strings.get_mut(id)?;
        (!pulled.is_empty()).then(|| pulled.remove(0))
    }
}

pub(super) fn crash() -> ExitReason {
    ExitReason::failed("crash")
}

/// The process of a child, which must run.
pub(super) async fn process(supervisor: &SupervisorRef<Rt>, id: &str) -> ProcessId {
    let child = supervisor.which_child(id).await.unwrap();
    assert_eq!(child.status, ChildStatus::Running, "{id}");
    child.process.unwrap()
}

pub(super) async fn status(supervisor: &SupervisorRef<Rt>, id: &str) -> ChildStatus {
    supervisor.which_child(id).await.unwrap().status
}

/// What the supervisor did, in short: `+a` started, `-a` ended, `!a` ended by
/// itself, `~a` restart decided, `^a` restart cancelled, `.a` asked to stop.
pub(super) fn script(node: &Node<Rt>) -> String {
    let mut words = Vec::new();
    for event in node.runtime().events() {
        let Event::Supervision(event) = event else {
            continue;
        };
        let word = match event {
            SupervisionEvent::ChildStarted { child, .. } => format!("+{child}"),
            SupervisionEvent::ChildExited {
                child,
                expected: true,
                ..
            } => format!("-{child}"),
            SupervisionEvent::ChildExited {
                child,
                expected: false,
                ..
            } => format!("!{child}"),
            SupervisionEvent::RestartScheduled { child, .. } => format!("~{child}"),
            SupervisionEvent::RestartCancelled { child, .. } => format!("^{child}"),
            SupervisionEvent::ChildStopping { child, .. } => format!(".{child}"),
            SupervisionEvent::ChildStartFailed { child, .. } => format!("x{child}"),
            SupervisionEvent::ChildIgnored { child, .. } => format!("o{child}"),
            SupervisionEvent::ChildKilled { child, .. } => format!("k{child}"),
            SupervisionEvent::ChildAdded { child, .. } => format!("[{child}"),
            SupervisionEvent::ChildRemoved { child, .. } => format!("]{child}"),
            SupervisionEvent::ChildLimitExceeded { child, .. } => format!("limit:{child}"),
            SupervisionEvent::IntensityExceeded { child, .. } => format!("intensity:{child}"),
            SupervisionEvent::AutoShutdown { child, .. } => format!("auto:{child}"),
            SupervisionEvent::SupervisorStopping { .. } => "stopping".to_owned(),
            SupervisionEvent::SupervisorStopped { .. } => "stopped".to_owned(),
            SupervisionEvent::SupervisorStarted { .. } => "supervisor".to_owned(),
            SupervisionEvent::SupervisorReconfigured { .. } => "reconfigured".to_owned(),
        };
        words.push(word);
    }
    words.join(" ")
}

/// The incidents reported so far.
pub(super) fn incidents(node: &Node<Rt>) -> Vec<(Severity, String)> {
    let events = node.runtime().events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Failure(FailureEvent::Incident { severity, what, .. }) => {
                Some((severity, what.to_string()))
            }
            _ => None,
        })
        .collect()
}

fn exits_are_seen_once(events: &[Event]) {
    let mut seen = BTreeMap::new();
    for event in events {
        if let Event::Supervision(SupervisionEvent::ChildExited { process, .. }) = event {
            *seen.entry(*process).or_insert(0) += 1;
        }
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}
