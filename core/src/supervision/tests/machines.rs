//! Claims about the pure machines, fact by fact.

use std::time::Duration;

use crate::process::reply::reply;
use crate::process::{ExitReason, ProcessId, SpawnError, Start};
use crate::runtime::{Incarnation, NodeId, Timestamp};
use crate::supervision::child_spec::{Acknowledgement, ChildKind, ChildPolicy};
use crate::supervision::dynamic_spec::DynamicSupervisorFlags;
use crate::supervision::group::Group;
use crate::supervision::intensity::RestartLimit;
use crate::supervision::machine::{Effect, Input, Machine, Moment};
use crate::supervision::policy::Strategy;
use crate::supervision::pool::{Pool, PoolCall};
use crate::supervision::supervisor_spec::SupervisorFlags;
use crate::supervision::table::ChildKey;

/// No word.
const NOTHING: [&str; 0] = [];

const REFUSED: SpawnError = SpawnError::TooManyProcesses { limit: 1 };

fn process(local: u64) -> ProcessId {
    ProcessId {
        node: NodeId(1),
        incarnation: Incarnation(1),
        local,
    }
}

/// A machine and the time.
struct Bench<M> {
    machine: M,
    now: Timestamp,
}

impl<M: Machine<()>> Bench<M> {
    fn new(machine: M) -> Self {
        let now = Timestamp::ZERO;
        Self { machine, now }
    }

    /// Feeds one fact; answers what is to be done, without announcements.
    fn feed(&mut self, input: Input<M::Call>) -> Vec<String> {
        let mut fx = Vec::new();
        let moment = Moment {
            now: self.now,
            draw: &|_, _| 0.0,
        };
        self.machine.handle(input, &moment, &mut fx);
        fx.iter().filter_map(word).collect()
    }

    fn due(&self) -> Option<Duration> {
        let deadline = self.machine.deadline();
        deadline.map(|deadline| deadline.since(self.now))
    }
}

fn word(effect: &Effect<()>) -> Option<String> {
    match effect {
        Effect::Spawn(spawn) => Some(format!("spawn {}", spawn.name)),
        Effect::Ask(process) => Some(format!("ask {}", process.local)),
        Effect::Kill(process) => Some(format!("kill {}", process.local)),
        Effect::Notify { to, from, .. } => Some(format!("tell {} of {}", to.local, from.local)),
        Effect::Answer(_) => Some("answer".to_owned()),
        Effect::Ready => Some("ready".to_owned()),
        Effect::End(reason, _) => Some(format!("end {reason}")),
        Effect::Announce(_) | Effect::Settle(..) => None,
    }
}

fn policy(id: &str, acknowledged: bool) -> ChildPolicy {
    let mut policy = ChildPolicy::new(id.into(), ChildKind::Worker);
    if acknowledged {
        policy.acknowledgement = Acknowledgement::Within(Some(Duration::from_secs(9)));
    }
    policy
}

fn limit(intensity: u32) -> RestartLimit {
    RestartLimit {
        intensity,
        period: Duration::from_secs(5),
    }
}

fn group(intensity: u32, children: &[(&str, bool)]) -> Bench<Group<()>> {
    let flags = SupervisorFlags {
        limit: limit(intensity),
        ..SupervisorFlags::new(Strategy::OneForOne)
    };
    let children = children.iter();
    let children = children.map(|(id, acknowledged)| (policy(id, *acknowledged), ()));
    Bench::new(Group::new(process(1), flags, children.collect()))
}

/// A pool with children that run as processes 10, 11, and so on.
fn pool(intensity: u32, children: u64) -> Bench<Pool<()>> {
    let flags = DynamicSupervisorFlags {
        limit: limit(intensity),
        ..DynamicSupervisorFlags::default()
    };
    let mut bench = Bench::new(Pool::new(process(1), flags));
    for child in 0..children {
        let (sender, _receiver) = reply();
        let policy = Box::new(policy("w", false));
        let asked = bench.feed(Input::Call(PoolCall::Start(policy, (), sender)));
        assert_eq!(asked, [format!("spawn w#{}", child + 1)]);
        let spawned = Ok(process(10 + child));
        bench.feed(Input::Spawned(ChildKey(child), spawned));
    }
    bench
}

#[test]
fn a_start_is_tried_again_only_after_others_had_their_turn() {
    let mut group = group(9, &[("a", false)]);
    assert_eq!(group.feed(Input::Begin), ["spawn a"]);
    let key = ChildKey(0);
    assert_eq!(group.feed(Input::Spawned(key, Ok(process(2)))), ["ready"]);
    let ended = Input::Ended(process(2), ExitReason::Killed);
    assert_eq!(group.feed(ended), ["spawn a"]);
    assert_eq!(group.feed(Input::Spawned(key, Err(REFUSED))), NOTHING);
    assert_eq!(group.due(), Some(Duration::ZERO));
    assert_eq!(group.feed(Input::Tick), ["spawn a"]);

    let mut pool = pool(9, 1);
    let ended = Input::Ended(process(10), ExitReason::Killed);
    assert_eq!(pool.feed(ended), ["spawn w#1"]);
    assert_eq!(pool.feed(Input::Spawned(key, Err(REFUSED))), NOTHING);
    assert_eq!(pool.due(), Some(Duration::ZERO));
    assert_eq!(pool.feed(Input::Tick), ["spawn w#1"]);
}

#[test]
fn a_restart_that_is_due_does_not_wake_a_busy_supervisor() {
    let mut group = group(9, &[("a", false), ("b", true)]);
    assert_eq!(group.feed(Input::Begin), ["spawn a"]);
    let (a, b) = (ChildKey(0), ChildKey(1));
    let spawned = Input::Spawned(a, Ok(process(2)));
    assert_eq!(group.feed(spawned), ["spawn b"]);
    assert_eq!(group.feed(Input::Spawned(b, Ok(process(3)))), NOTHING);
    let ready = Input::Answered(process(3), Start::Ready(None));
    assert_eq!(group.feed(ready), ["ready"]);
    // The restart of a is refused and due again, when b has to be restarted.
    group.feed(Input::Ended(process(2), ExitReason::Killed));
    group.feed(Input::Spawned(a, Err(REFUSED)));
    let ended = Input::Ended(process(3), ExitReason::Killed);
    assert_eq!(group.feed(ended), ["spawn b"]);
    group.feed(Input::Spawned(b, Ok(process(4))));
    assert_eq!(group.due(), Some(Duration::from_secs(9)));
    assert_eq!(group.feed(Input::Tick), NOTHING);
    group.feed(Input::Answered(process(4), Start::Ready(None)));
    assert_eq!(group.due(), Some(Duration::ZERO));
    assert_eq!(group.feed(Input::Tick), ["spawn a"]);
}

#[test]
fn a_child_that_was_about_to_start_when_the_pool_gave_up_is_stopped_too() {
    let mut pool = pool(4, 2);
    let (first, second) = (ChildKey(0), ChildKey(1));
    for (key, process) in [(first, process(10)), (second, process(11))] {
        pool.feed(Input::Ended(process, ExitReason::Killed));
        pool.feed(Input::Spawned(key, Err(REFUSED)));
    }
    // Four restarts are spent; the next refusal is one too many.
    assert_eq!(pool.feed(Input::Tick), ["spawn w#1", "spawn w#2"]);
    assert_eq!(pool.feed(Input::Spawned(first, Err(REFUSED))), NOTHING);
    let spawned = Input::Spawned(second, Ok(process(30)));
    assert_eq!(pool.feed(spawned), ["ask 30"]);
    let ended = Input::Ended(process(30), ExitReason::SHUTDOWN);
    assert_eq!(pool.feed(ended), ["end shutdown"]);
}
