//! What was answered survives crashes with torn disks, cuts and lost messages.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast::store::contract::Harness as _;
use steadfast::store::{
    Compare, KeyRange, Operation, Read, Revision, Store, TransactError, Transaction,
};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{Key, TestError, World, test};

use crate::stage::{NODES, SimParts, Town, WATCHDOG, boot};

/// How long a story with faults goes.
const STORY: Duration = Duration::from_secs(9);

/// Crashes, one node at a time, on disks that tear; cuts and losses beside them.
pub(crate) fn weather(seed: u64) -> Vec<Episode> {
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
    let (value, revision) = found.map_or((0, Revision::NONE), |entry| {
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
    let parts = world.board::<SimParts>();
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
    let harness = Town::of(world).await;
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

/// Lets clients work through the weather, and looks at what they were answered.
pub(crate) async fn play(world: &World) -> Result<(), TestError> {
    let clients = NODES.map(|node| Box::pin(client(world.clone(), node)));
    let books = together(clients).await;
    world.sleep(Duration::from_secs(3)).await;
    audit(world, &books).await
}

#[test]
fn i12_nothing_that_was_answered_is_lost_and_nothing_happens_twice() {
    test("raft_crashes")
        .seeds(0..6)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(weather)
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move { play(&world).await });
}
