//! Processes that do what a plan tells them to, and where to find them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadfast::Label;
use steadfast::process::{Address, Context, ExitReason, FullPolicy, Next, Signal};
use steadfast::runtime::{Clock as _, NodeId};
use steadfast::supervision::SupervisorRef;
use steadfast_sim::SimRuntime;

/// What an actor can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// Panic.
    Panic,
    /// Return an error.
    Fail,
    /// Return normally.
    Leave,
    /// End with shutdown.
    Withdraw,
    /// Listen to nothing for a while.
    Deafen(Duration),
}

impl Cue {
    /// The cue that an operation's action names.
    pub(crate) fn parse(action: &str, value: u64) -> Option<Self> {
        match action {
            "panic" => Some(Self::Panic),
            "fail" => Some(Self::Fail),
            "leave" => Some(Self::Leave),
            "withdraw" => Some(Self::Withdraw),
            "deafen" => Some(Self::Deafen(Duration::from_millis(value))),
            _ => None,
        }
    }
}

/// The actors and top supervisors of one run.
#[derive(Default)]
pub(crate) struct Cast {
    actors: Mutex<BTreeMap<(NodeId, Label), Address<Cue>>>,
    supervisors: Mutex<BTreeMap<NodeId, SupervisorRef<SimRuntime>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cast {
    /// Makes the top supervisor of a node known.
    pub(crate) fn lead(&self, node: NodeId, supervisor: SupervisorRef<SimRuntime>) {
        lock(&self.supervisors).insert(node, supervisor);
    }

    /// The top supervisor of a node, as far as it is known.
    pub(crate) fn leader(&self, node: NodeId) -> Option<SupervisorRef<SimRuntime>> {
        lock(&self.supervisors).get(&node).cloned()
    }

    fn enter(&self, node: NodeId, actor: Label, address: Address<Cue>) {
        lock(&self.actors).insert((node, actor), address);
    }

    /// Gives an actor its cue. An actor that is not on stage misses it, which is part
    /// of the story: answers whether it was heard.
    pub(crate) fn cue(&self, node: NodeId, actor: &str, cue: Cue) -> bool {
        let address = lock(&self.actors).get(&(node, actor.into())).cloned();
        address.is_some_and(|address| address.try_send(cue).is_ok())
    }
}

/// How an actor behaves when it is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Farewell {
    /// How long it takes.
    pub(crate) takes: Duration,
    /// Whether it ends with an error instead of as asked.
    pub(crate) badly: bool,
}

impl Farewell {
    /// At once and as asked.
    pub(crate) const PROMPT: Self = Self {
        takes: Duration::ZERO,
        badly: false,
    };
}

/// The body of an actor: it plays what it is told until it is asked to stop.
pub(crate) async fn play(
    context: Context<SimRuntime>,
    actor: Label,
    farewell: Farewell,
) -> ExitReason {
    let cast = context.runtime().board::<Cast>();
    let (address, mut mailbox) = context.mailbox(8, FullPolicy::Reject);
    cast.enter(context.id().node, actor, address);
    context.ready();
    loop {
        match context.next(&mut mailbox).await {
            Next::Message(Cue::Panic) => panic!("told to panic"),
            Next::Message(Cue::Fail) => return ExitReason::failed("told to fail"),
            Next::Message(Cue::Leave) => return ExitReason::Normal,
            Next::Message(Cue::Withdraw) => return ExitReason::SHUTDOWN,
            Next::Message(Cue::Deafen(time)) => context.runtime().sleep(time).await,
            Next::Signal(Signal::Exit { reason, .. }) => {
                context.runtime().sleep(farewell.takes).await;
                return if farewell.badly {
                    ExitReason::failed("a bad farewell")
                } else {
                    reason
                };
            }
            Next::Signal(_) => {}
            Next::Closed => return ExitReason::Normal,
        }
    }
}
