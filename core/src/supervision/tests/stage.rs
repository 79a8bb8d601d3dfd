//! A node, children that do as they are told, and the facts that came of it.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::event::{Event, FailureEvent, SupervisionEvent};
use crate::failure::Severity;
use crate::process::{Context, ExitReason, Node, ProcessId, StartInfo};
use crate::runtime::Clock;
use crate::supervision::{ChildSpec, ChildStatus, Supervisor, SupervisorRef, SupervisorSpec};
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
pub(super) struct Strings(Arc<Mutex<BTreeMap<String, Pulls>>>);

#[derive(Default)]
struct Pulls {
    reasons: VecDeque<ExitReason>,
    puppet: Option<Waker>,
}

impl Strings {
    /// A child that ends when its string is pulled.
    pub(super) fn puppet(&self, id: &str) -> ChildSpec<Rt> {
        let (strings, name) = (self.clone(), id.to_owned());
        ChildSpec::worker(id, move |_context: Context<Rt>| {
            let (strings, name) = (strings.clone(), name.clone());
            async move { strings.dance(&name).await }
        })
    }

    /// Ends the child, and its next incarnation too if called twice.
    pub(super) fn pull(&self, id: &str, reason: ExitReason) {
        let mut strings = self.0.lock().unwrap();
        let pulls = strings.entry(id.to_owned()).or_default();
        pulls.reasons.push_back(reason);
        if let Some(puppet) = pulls.puppet.take() {
            puppet.wake();
        }
    }

    async fn dance(&self, name: &str) -> ExitReason {
        let reason = poll_fn(|task| {
            let mut strings = self.0.lock().unwrap();
            let pulls = strings.entry(name.to_owned()).or_default();
            match pulls.reasons.pop_front() {
                Some(reason) => Poll::Ready(reason),
                None => {
                    pulls.puppet = Some(task.waker().clone());
                    Poll::Pending
                }
            }
        });
        let reason = reason.await;
        if let ExitReason::Panic(text) = &reason {
            return panics(text);
        }
        reason
    }
}

/// Says how the starts of children go, one word a start; those not mentioned succeed.
#[derive(Clone, Default)]
pub(super) struct Starts(Arc<Mutex<BTreeMap<String, Vec<Start>>>>);

/// How one start goes.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// Acknowledged after this time.
    Ready(Duration),
    /// The child does not want to run.
    Ignore,
    /// The child ends with an error.
    Fail,
    /// The child panics.
    Panic,
    /// The child never answers.
    Hang,
}

impl Starts {
    /// How the next starts of a child go.
    pub(super) fn plan(&self, id: &str, starts: &[Start]) {
        let mut plans = self.0.lock().unwrap();
        plans.entry(id.to_owned()).or_default().extend(starts);
    }

    /// A child that starts as planned, within a minute, and ends when its string is
    /// pulled.
    pub(super) fn child(&self, id: &str, strings: &Strings) -> ChildSpec<Rt> {
        let (starts, strings, name) = (self.clone(), strings.clone(), id.to_owned());
        ChildSpec::worker(id, move |context: Context<Rt>| {
            let (starts, strings, name) = (starts.clone(), strings.clone(), name.clone());
            async move {
                match starts.next(&name) {
                    Start::Ready(after) => context.runtime().sleep(after).await,
                    Start::Ignore => return context.ignore(),
                    Start::Fail => return ExitReason::failed("no start"),
                    Start::Panic => panic!("no start"),
                    Start::Hang => std::future::pending().await,
                }
                context.ready_with(StartInfo::new(name.clone()));
                strings.dance(&name).await
            }
        })
        .acknowledged(seconds(60))
    }

    fn next(&self, id: &str) -> Start {
        let mut plans = self.0.lock().unwrap();
        match plans.get_mut(id) {
            Some(plan) if !plan.is_empty() => plan.remove(0),
            _ => Start::Ready(Duration::ZERO),
        }
    }
}

/// The end of a body that panics.
pub(super) fn panics(text: &str) -> ExitReason {
    panic!("{text}")
}

pub(super) fn crash() -> ExitReason {
    ExitReason::failed("crash")
}

/// Starts a supervisor that must start.
pub(super) async fn start(node: &Node<Rt>, spec: SupervisorSpec<Rt>) -> SupervisorRef<Rt> {
    Supervisor::start(node, "top", spec).await.unwrap()
}

/// Lets virtual time pass.
pub(super) async fn pass(node: &Node<Rt>, time: Duration) {
    node.runtime().sleep(time).await;
}

/// Runs two futures side by side.
pub(super) async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut left, mut right) = (None, None);
    poll_fn(|task| {
        if left.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(task)
        {
            left = Some(output);
        }
        if right.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(task)
        {
            right = Some(output);
        }
        match (left.take(), right.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (left, right) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// What happened since the last call, as [`script`] tells it.
pub(super) struct News {
    node: Node<Rt>,
    read: usize,
}

impl News {
    /// News from now on.
    pub(super) fn of(node: &Node<Rt>) -> Self {
        let read = node.runtime().events().len();
        Self {
            node: node.clone(),
            read,
        }
    }

    pub(super) fn read(&mut self) -> String {
        let events = self.node.runtime().events();
        let news = script(&events[self.read..]);
        self.read = events.len();
        news
    }
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

/// What supervisors did, in short.
///
/// `+a` started, `xa` failed to start, `oa` did not want to run, `!a` ended by
/// itself, `~a` restart decided, `^a` restart cancelled, `.a` asked to stop, `ka` killed for being late, `-a`
/// ended as asked, `[a` added, `]a` removed.
fn script(events: &[Event]) -> String {
    let mut words = Vec::new();
    for event in events {
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
    let mut incidents = Vec::new();
    for event in node.runtime().events() {
        if let Event::Failure(FailureEvent::Incident { severity, what, .. }) = event {
            incidents.push((severity, what.to_string()));
        }
    }
    incidents
}

/// Every end of a child is announced by its supervisor once.
pub(super) fn exits_are_seen_once(events: &[Event]) {
    let mut seen = BTreeMap::new();
    for event in events {
        if let Event::Supervision(SupervisionEvent::ChildExited { process, .. }) = event {
            *seen.entry(*process).or_insert(0) += 1;
        }
    }
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}
