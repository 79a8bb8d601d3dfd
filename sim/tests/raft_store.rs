//! The replicated store: keeps the promises of engines, and what it answered survives
//! crashes with torn disks, cuts and lost messages.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::store::contract::{Harness, cases};
use steadfast::store::{
    Compare, Consistency, KeyRange, Limits, Operation, RaftOptions, RaftStore, Read, Store,
    TransactError, Transaction,
};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{Key, SimRuntime, TestError, World, test};

/// How long a seed may take on a machine that is busy with others.
const WATCHDOG: Duration = Duration::from_secs(300);

const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

/// One node's part of the store, in its present incarnation.
#[derive(Clone)]
struct Part {
    node: Node<SimRuntime>,
    supervisor: SupervisorRef<SimRuntime>,
    raft: RaftStore<SimRuntime>,
}

#[derive(Default)]
struct Parts(Mutex<BTreeMap<NodeId, Part>>);

impl Parts {
    fn of(&self, node: NodeId) -> Option<Part> {
        self.0
            .lock()
            .expect("no test panics here")
            .get(&node)
            .cloned()
    }
}

async fn boot(node: Node<SimRuntime>) -> Result<(), TestError> {
    let limits = Limits::default().history_len_max(150);
    let options = RaftOptions::new(NODES)
        .limits(limits)
        .snapshot_after(60, 20);
    let (child, raft) = RaftStore::child_spec(node.runtime(), "store", options);
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, Duration::from_secs(1))
        .child(child);
    let supervisor = Supervisor::start(&node, "stores", spec).await?;
    let parts = node.runtime().board::<Parts>();
    let id = node_id(&node);
    let part = Part {
        node,
        supervisor,
        raft,
    };
    parts
        .0
        .lock()
        .expect("no test panics here")
        .insert(id, part);
    Ok(())
}

fn node_id(node: &Node<SimRuntime>) -> NodeId {
    use steadfast::runtime::Identity as _;
    node.runtime().node()
}

struct RaftHarness {
    world: World,
    parts: Arc<Parts>,
    clock: SimRuntime,
    asked: AtomicUsize,
}

impl RaftHarness {
    async fn new(world: World) -> Self {
        let parts = world.board::<Parts>();
        let clock = loop {
            if let Some(part) = parts.of(NODES[0]) {
                break part.node.runtime().clone();
            }
            world.sleep(Duration::from_millis(1)).await;
        };
        Self {
            world,
            parts,
            clock,
            asked: AtomicUsize::new(0),
        }
    }
}

impl Harness for RaftHarness {
    type Clock = SimRuntime;

    async fn store(&self) -> Store {
        let node = NODES[self.asked.fetch_add(1, Ordering::Relaxed) % NODES.len()];
        loop {
            if let Some(part) = self.parts.of(node) {
                let store = part.raft.store();
                if store.get("any").await.is_ok() {
                    return store;
                }
            }
            self.world.sleep(Duration::from_millis(5)).await;
        }
    }

    fn clock(&self) -> SimRuntime {
        self.clock.clone()
    }

    async fn depose(&self) {
        loop {
            let statuses = NODES
                .iter()
                .filter_map(|node| self.parts.of(*node)?.raft.status());
            let leader = statuses
                .max_by_key(|status| status.term)
                .and_then(|status| status.leader);
            if let Some(part) = leader.and_then(|leader| self.parts.of(leader)) {
                let child = part.supervisor.which_child("store").await;
                if let Some(process) = child.ok().and_then(|child| child.process) {
                    part.node.kill(process);
                    drop(part.node.exited(process).await);
                    return;
                }
            }
            self.world.sleep(Duration::from_millis(5)).await;
        }
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(500)
    }
}

#[test]
fn the_replicated_store_keeps_the_promises_in_simulation() {
    let count = cases::<RaftHarness>().len() as u64;
    test("raft_contract")
        .seeds(0..count)
        .watchdog(WATCHDOG)
        .boot(boot)
        .plan(|plan| plan.limits.safety = Duration::from_secs(180))
        .run(|world| async move {
            let cases = cases::<RaftHarness>();
            let case = &cases[(world.plan().seed % cases.len() as u64) as usize];
            let verdict = case.run(Arc::new(RaftHarness::new(world).await)).await;
            verdict
                .map_err(|broken| format!("{}: {} But: {broken}", case.id(), case.claim()).into())
        });
}

/// How long a story with faults goes.
const STORY: Duration = Duration::from_secs(9);

/// Crashes, one node at a time, on disks that tear; cuts and losses beside them.
fn weather(seed: u64) -> Vec<Episode> {
    let key = Key::new(seed, "weather");
    let mut episodes = vec![Episode {
        fault: Fault::TornTail,
        target: Target::All,
        start: Start::At(Duration::ZERO),
        duration: None,
    }];
    for round in 0..4_u64 {
        let draw = |what: &str, bound: u64| key.with_text(what).with(round).below(bound);
        let fault = match draw("fault", 4) {
            0 => Fault::Cut { in_flight: true },
            1 => Fault::Drop { probability: 0.3 },
            _ => Fault::Crash { wipe_disk: false },
        };
        episodes.push(Episode {
            fault,
            target: Target::Node(NODES[draw("node", 3) as usize]),
            start: Start::At(Duration::from_millis(
                1_000 + round * 2_000 + draw("at", 900),
            )),
            duration: Some(Duration::from_millis(200 + draw("for", 800))),
        });
    }
    episodes
}

/// What one client was answered.
#[derive(Default)]
struct Book {
    put: BTreeMap<String, u64>,
    increments: u64,
    unknown: u64,
}

/// Adds one, if nobody else did meanwhile.
async fn increment(store: &Store) -> Result<bool, TransactError> {
    let Ok(found) = store.get("counter").await else {
        return Ok(false);
    };
    let (value, revision) = found.map_or((0, steadfast::store::Revision::NONE), |entry| {
        (
            entry.value.to_string().parse().unwrap_or(0_u64),
            entry.mod_revision,
        )
    });
    let transaction = Transaction::when([Compare::mod_revision("counter", revision)])
        .then([Operation::put("counter", (value + 1).to_string())]);
    Ok(store.transact(transaction).await?.succeeded)
}

async fn client(world: World, node: NodeId) -> Book {
    let parts = world.board::<Parts>();
    let mut book = Book::default();
    let mut number = 0_u64;
    while world.time() < STORY {
        let Some(part) = parts.of(node) else {
            world.sleep(Duration::from_millis(20)).await;
            continue;
        };
        let store = part.raft.store().within(Duration::from_secs(1));
        number += 1;
        let key = format!("{node}/{number}");
        match store.put(key.as_str(), number.to_string()).await {
            Ok(revision) => drop(book.put.insert(key, revision.0)),
            Err(_) => world.sleep(Duration::from_millis(20)).await,
        }
        match increment(&store).await {
            Ok(done) => book.increments += u64::from(done),
            Err(TransactError::Unknown(_)) => book.unknown += 1,
            Err(_) => {}
        }
        world.sleep(Duration::from_millis(10)).await;
    }
    book
}

/// Runs all clients to their ends.
async fn together(mut clients: [impl Future<Output = Book> + Unpin; 3]) -> Vec<Book> {
    let mut books = [None, None, None];
    std::future::poll_fn(|task| {
        for (client, book) in clients.iter_mut().zip(&mut books) {
            if book.is_none()
                && let Poll::Ready(ended) = Pin::new(client).poll(task)
            {
                *book = Some(ended);
            }
        }
        if books.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    books.into_iter().flatten().collect()
}

/// Everything that was answered is there, once, on every node alike.
async fn audit(world: &World, books: &[Book]) -> Result<(), TestError> {
    let harness = RaftHarness::new(world.clone()).await;
    let mut seen = Vec::new();
    for _ in NODES {
        let store = harness.store().await;
        let reading = store.read(Read::new(KeyRange::all())).await?;
        seen.push((reading.revision, reading.entries));
    }
    if seen.iter().any(|other| *other != seen[0]) {
        return Err("the nodes hold different states".into());
    }
    let entries = &seen[0].1;
    for book in books {
        for (key, revision) in &book.put {
            let found = entries.iter().find(|entry| entry.key.to_string() == *key);
            let found = found.map(|entry| entry.mod_revision.0);
            if found != Some(*revision) {
                return Err(format!("{key} was put at r{revision}, found {found:?}").into());
            }
        }
    }
    let counter = entries.iter().find(|entry| &*entry.key == b"counter");
    let counter: u64 = counter.map_or(0, |entry| entry.value.to_string().parse().unwrap_or(0));
    let done: u64 = books.iter().map(|book| book.increments).sum();
    let unknown: u64 = books.iter().map(|book| book.unknown).sum();
    if counter < done || counter > done + unknown {
        return Err(format!("{done} increments, {unknown} unknown, and {counter}").into());
    }
    if books.iter().any(|book| book.put.len() < 20) {
        return Err("a client got nearly nothing done".into());
    }
    Ok(())
}

#[test]
fn i12_nothing_that_was_answered_is_lost_and_nothing_happens_twice() {
    test("raft_crashes")
        .seeds(0..12)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(weather)
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let clients = NODES.map(|node| Box::pin(client(world.clone(), node)));
            let books = together(clients).await;
            world.sleep(Duration::from_secs(3)).await;
            audit(&world, &books).await
        });
}

#[test]
fn i11_a_node_that_was_away_for_longer_than_the_log_catches_up_by_a_snapshot() {
    test("raft_snapshot")
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(|_| {
            vec![Episode {
                fault: Fault::Cut { in_flight: true },
                target: Target::Node(NODES[2]),
                start: Start::At(Duration::from_secs(1)),
                duration: Some(Duration::from_secs(8)),
            }]
        })
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let harness = RaftHarness::new(world.clone()).await;
            world.sleep_until(Duration::from_millis(1_500)).await;
            let store = harness.parts.of(NODES[0]).ok_or("n1 is down")?.raft.store();
            let mut last = None;
            for number in 0..200_u64 {
                if let Ok(revision) = store.put("a", number.to_string()).await {
                    last = Some(revision);
                }
            }
            let away = harness.parts.of(NODES[2]).ok_or("n3 is down")?.raft;
            if away.status().and_then(|status| status.snapshot_index) > Some(60) {
                return Err("n3 was not away".into());
            }
            world.sleep_until(Duration::from_secs(12)).await;
            let local = Read::new(KeyRange::key("a")).consistency(Consistency::Local);
            let found = away.store().read(local).await?.into_first();
            if found.map(|entry| entry.mod_revision) != last {
                return Err(format!("n3 is behind: {:?}", away.status()).into());
            }
            let status = away.status().ok_or("n3 does not run")?;
            if status.purged_index.is_none() {
                return Err(format!("n3 got no snapshot: {status:?}").into());
            }
            Ok(())
        });
}
