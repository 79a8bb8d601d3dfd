//! Two nodes that reach each other, one of which can be lost.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::tokio::{LocalNetwork, TokioRuntime};
use steadfast::runtime::{NodeId, Runtime};
use steadfast_sim::fault::{Episode, Fault, Start, Target, Trigger};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use super::bench::Bench;
use super::journal::Journal;
use super::witness::Witness;
use super::worlds::{PATIENCE, judge, passes_in_simulation};

/// Makes the tests of the named cases that need a second node, one in each world.
macro_rules! cases_with_a_peer {
    ($($case:ident),+ $(,)?) => {
        mod tokio {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::on_tokio_with_a_peer(super::$case);
                }
            )+
        }

        mod simulation {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::in_simulation_with_a_peer(super::$case);
                }
            )+
        }
    };
}
pub(crate) use cases_with_a_peer;

/// The other node.
pub(crate) struct Peer<R: Runtime> {
    /// Its processes.
    pub(crate) node: Node<R>,
    lose: BoxFuture<'static, ()>,
}

impl<R: Runtime> Peer<R> {
    /// Its name.
    pub(crate) fn id(&self) -> NodeId {
        self.node.runtime().node()
    }

    /// Loses it with everything that runs on it.
    pub(crate) async fn lose(self) {
        self.lose.await;
    }
}

const NEAR: NodeId = NodeId(1);
const FAR: NodeId = NodeId(2);
/// The note at which the other node crashes.
const LOSE: &str = "lose the peer";

/// Runs a case on two nodes of one tokio executor, with time that moves only when
/// nothing can run.
pub(crate) fn on_tokio_with_a_peer<C, F>(case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>, Peer<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an executor needs only memory");
    let records = executor.block_on(async {
        let network = LocalNetwork::new();
        let runtime = |node| {
            let built = TokioRuntime::builder(node).local_network(&network).build();
            built.expect("a runtime without storage can be made")
        };
        let (near, far) = (runtime(NEAR), runtime(FAR));
        let journal = Journal::default();
        let bench = Bench::new(Witness::new(near, journal.clone()), journal, PATIENCE);
        let node = Node::new(Witness::new(far.clone(), Journal::default()));
        let lost = node.clone();
        let lose = Box::pin(async move {
            far.close().await;
            // What ran there goes with it, without a word to anyone.
            lost.stop(Duration::ZERO).await;
        });
        case(bench.clone(), Peer { node, lose }).await;
        bench.finish().await
    });
    judge(&records);
}

/// Runs a case on two nodes in simulation under several schedules.
pub(crate) fn in_simulation_with_a_peer<C, F>(case: C)
where
    C: Fn(Bench<Witness<SimRuntime>>, Peer<Witness<SimRuntime>>) -> F
        + Clone
        + Send
        + Sync
        + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    passes_in_simulation(|| PairCase {
        case: case.clone(),
        finished: Arc::default(),
    });
}

/// A case as a scenario: two nodes, and a crash of the second one on demand.
struct PairCase<C> {
    case: C,
    /// Whether it was carried out to its end; a phase that is over drops what is left.
    finished: Arc<AtomicBool>,
}

impl<C, F> Scenario for PairCase<C>
where
    C: Fn(Bench<Witness<SimRuntime>>, Peer<Witness<SimRuntime>>) -> F
        + Clone
        + Send
        + Sync
        + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    fn name(&self) -> &'static str {
        "conformance_pair"
    }

    fn story(&self) -> &'static str {
        "one case of the conformance suite with a peer that is lost"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, 2);
        plan.limits.safety = Duration::from_secs(24 * 3600);
        plan.episodes.push(Episode {
            fault: Fault::Crash { wipe_disk: false },
            target: Target::Node(FAR),
            start: Start::On {
                event: Trigger::Note(LOSE.into()),
                count: 1,
            },
            duration: None,
        });
        plan
    }

    fn boot(
        &self,
        _node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let (case, finished) = (self.case.clone(), self.finished.clone());
        Box::pin(async move {
            let near = world.node(NEAR).ok_or("the node is not up")?;
            let far = world.node(FAR).ok_or("the peer is not up")?;
            let journal = Journal::default();
            let runtime = Witness::new(near.runtime().clone(), journal.clone());
            let bench = Bench::new(runtime, journal, PATIENCE);
            let node = Node::new(Witness::new(far.runtime().clone(), Journal::default()));
            let lose = Box::pin(async move { world.note(LOSE) });
            case(bench.clone(), Peer { node, lose }).await;
            // The run itself is checked, and knows more.
            let _unjudged = bench.finish().await;
            finished.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        let finished = self.finished.load(Ordering::Acquire);
        let unfinished = "the case takes longer than the run";
        Box::pin(async move { finished.then_some(()).ok_or_else(|| unfinished.to_owned()) })
    }
}
