//! Canonical traces of coordination, short enough to read as documentation. Three nodes
//! share a store; on each of them one process takes part.

use std::future::Future;
use std::time::Duration;

use steadfast::coordination::{
    Barrier, Consensus, Coordinator, CoordinatorOptions, DoubleBarrier, Election, Mutex, Session,
    SessionOptions,
};
use steadfast::process::{Context, ExitReason, Node};
use steadfast::runtime::{Clock as _, NodeId};
use steadfast::store::{RaftOptions, RaftStore};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::trace::render::Domain;
use steadfast_sim::{SimRuntime, TestError, assert_trace_snapshot};

const SECOND: Duration = Duration::from_secs(1);

/// How long anything waits.
const LIMIT: Duration = Duration::from_secs(10);

/// Until when the store has a leader.
const READY: Duration = Duration::from_millis(900);

/// What takes part in a story, and how its node is called: 1, 2 or 3.
struct Part {
    context: Context<SimRuntime>,
    coordinator: Coordinator<SimRuntime>,
    number: u32,
}

impl Part {
    async fn session(&self) -> Result<Session<SimRuntime>, TestError> {
        Ok(self
            .coordinator
            .session(SessionOptions::ttl(SECOND))
            .await?)
    }

    async fn sleep(&self, milliseconds: u64) {
        let runtime = self.context.runtime();
        runtime.sleep(Duration::from_millis(milliseconds)).await;
    }

    fn note(&self, text: &str) {
        self.context.runtime().note(text);
    }
}

/// A node of the group, on which a part is played once the store is ready.
async fn play<F>(
    node: Node<SimRuntime>,
    part: impl Fn(Part) -> F + Clone + Send + Sync + 'static,
) -> Result<(), TestError>
where
    F: Future<Output = Result<Part, TestError>> + Send + 'static,
{
    let options = RaftOptions::new((1..=3).map(NodeId));
    let (store, raft) = RaftStore::child_spec(node.runtime(), "store", options);
    let options = CoordinatorOptions::default();
    let coordinator = Coordinator::new(&node, "coordination", raft.store(), options);
    let child = coordinator.child_spec();
    let player = ChildSpec::worker("player", move |context: Context<SimRuntime>| {
        let (part, coordinator) = (part.clone(), coordinator.clone());
        async move {
            context.runtime().sleep(READY).await;
            let number = context.id().node.0;
            let play = part(Part {
                context,
                coordinator,
                number,
            });
            match play.await {
                Ok(part) => part.context.exit_requested().await,
                Err(error) => ExitReason::failed(error.to_string()),
            }
        }
    });
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(store)
        .child(child)
        .child(player);
    Supervisor::start(&node, "top", spec).await?;
    Ok(())
}

fn story(name: &'static str, safety: Duration) -> steadfast_sim::Test {
    steadfast_sim::test(name)
        .nodes(3)
        .plan(move |plan| plan.limits.safety = safety)
        .shows([Domain::Coordination, Domain::Run, Domain::Fault])
}

/// The first two stand for election, the third one watches.
async fn stand_or_watch(part: Part) -> Result<Part, TestError> {
    part.sleep(u64::from(part.number) * 20).await;
    let session = part.session().await?;
    let election = Election::new(&session, "captain");
    if part.number < 3 {
        let leadership = election.campaign("here", LIMIT).await?;
        leadership.lost().await;
    }
    let mut observer = election.observe();
    while observer.next().await.is_ok() {}
    Ok(part)
}

#[test]
fn the_node_of_a_leader_crashes_and_the_next_one_leads() {
    let trace = story("election", SECOND * 4)
        .faults(|_| {
            vec![Episode {
                fault: Fault::Crash { wipe_disk: false },
                target: Target::Node(NodeId(1)),
                start: Start::At(SECOND * 3 / 2),
                duration: Some(SECOND * 4),
            }]
        })
        .boot(|node| play(node, stand_or_watch))
        .story(1);
    assert_trace_snapshot!("election__the_next_one_leads", trace);
}

/// Both take the same lock; what they do under it carries their token.
async fn write(part: Part) -> Result<Part, TestError> {
    part.sleep(u64::from(part.number) * 20).await;
    if part.number < 3 {
        let session = part.session().await?;
        let ledger = Mutex::new(&session, "ledger").lock(LIMIT).await?;
        part.note(&format!("writes with {}", ledger.token()));
        part.sleep(200).await;
        ledger.release().await?;
        session.close().await?;
    }
    Ok(part)
}

#[test]
fn a_lock_is_handed_over_with_a_higher_token() {
    let trace = story("lock", SECOND * 2)
        .boot(|node| play(node, write))
        .story(1);
    assert_trace_snapshot!("lock__handed_over_with_a_higher_token", trace);
}

/// All three enter and leave together; then two gather, and the third one resets.
async fn gather(part: Part) -> Result<Part, TestError> {
    part.sleep(u64::from(part.number) * 20).await;
    let session = part.session().await?;
    let round = DoubleBarrier::new(&session, "round", 3);
    let inside = round.enter(LIMIT).await?;
    inside.leave(LIMIT).await?;
    part.sleep(100).await;
    if part.number == 3 {
        part.sleep(200).await;
        round.reset().await?;
    } else if let Err(error) = round.enter(LIMIT).await {
        part.note(&error.to_string());
    }
    session.close().await?;
    Ok(part)
}

#[test]
fn a_barrier_is_entered_left_and_reset() {
    let trace = story("barrier", SECOND * 2)
        .boot(|node| play(node, gather))
        .story(1);
    assert_trace_snapshot!("barrier__entered_left_and_reset", trace);
}

/// The first one holds the barrier, the others wait until it is lifted.
async fn hold_or_wait(part: Part) -> Result<Part, TestError> {
    part.sleep(u64::from(part.number) * 50).await;
    let session = part.session().await?;
    let migration = Barrier::new(&session, "migration");
    if part.number == 1 {
        let held = migration.hold().await?;
        part.sleep(300).await;
        held.release().await?;
    } else {
        migration.wait(LIMIT).await?;
    }
    session.close().await?;
    Ok(part)
}

#[test]
fn those_who_wait_at_a_barrier_pass_when_it_is_lifted() {
    let trace = story("migration", SECOND * 2)
        .boot(|node| play(node, hold_or_wait))
        .story(1);
    assert_trace_snapshot!("barrier__passed_when_it_is_lifted", trace);
}

/// The first two propose at once, the third one asks later.
async fn propose_or_learn(part: Part) -> Result<Part, TestError> {
    let plan = Consensus::new(&part.coordinator, "plan");
    let decided = match part.number {
        1 => plan.propose("blue", LIMIT).await?.value,
        2 => plan.propose("green", LIMIT).await?.value,
        _ => {
            part.sleep(300).await;
            let decision = plan.learn(LIMIT).await?;
            decision.ok_or("nothing is decided")?.value
        }
    };
    part.note(&format!("goes on with {decided}"));
    Ok(part)
}

#[test]
fn of_two_who_propose_at_once_all_learn_one_value() {
    let trace = story("agreement", SECOND * 2)
        .boot(|node| play(node, propose_or_learn))
        .story(1);
    assert_trace_snapshot!("consensus__all_learn_one_value", trace);
}
