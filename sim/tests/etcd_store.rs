//! The store over a simulated etcd cluster: keeps the promises of engines, fails over
//! between members, and its watches miss nothing though members crash and connections
//! break.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::{Identity as _, NodeId, Port};
use steadfast::store::contract::{Harness, cases};
use steadfast::store::etcd::{EtcdOptions, EtcdStore};
use steadfast::store::{
    Compare, KeyRange, Limits, LocalOptions, LocalStore, Operation, RaftOptions, RaftStore, Read,
    Revision, Store, TransactError, Transaction,
};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use steadfast_sim::etcd::{Member, MemberWire};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{Key, SimRuntime, TestError, World, test};

/// How long a seed may take on a machine that is busy with others.
const WATCHDOG: Duration = Duration::from_secs(300);

const MEMBER_PORT: Port = Port(2_379);
const ANSWER_PORT: Port = Port(2_378);

fn supervisor() -> SupervisorSpec<SimRuntime> {
    SupervisorSpec::new(Strategy::RestForOne).intensity(100, Duration::from_secs(1))
}

/// A store on the given node, asked of the members.
fn over(node: &Node<SimRuntime>, members: &[NodeId]) -> Result<Store, TestError> {
    let runtime = node.runtime().clone();
    let members = members.iter().copied();
    let wire = MemberWire::open(&runtime, members, MEMBER_PORT, ANSWER_PORT)?;
    let limits = Limits::default().history_len_max(150);
    let options = EtcdOptions::default().limits(limits);
    Ok(EtcdStore::over(runtime, Arc::new(wire), options))
}

/// One member on n1, and who uses it on n2.
struct OneMember {
    server: Node<SimRuntime>,
    supervisor: SupervisorRef<SimRuntime>,
    client: Node<SimRuntime>,
    store: Store,
}

impl OneMember {
    async fn start(world: &World) -> Result<Self, TestError> {
        let server = world.node(NodeId(1)).ok_or("n1 is down")?;
        let client = world.node(NodeId(2)).ok_or("n2 is down")?;
        let limits = Limits::default().history_len_max(150);
        let options = LocalOptions::default().limits(limits);
        let (behind, store) = LocalStore::child_spec(server.runtime(), "store", options);
        let member = Member::child_spec(server.runtime(), "etcd", store, MEMBER_PORT);
        let spec = supervisor().child(behind).child(member);
        let supervisor = Supervisor::start(&server, "stores", spec).await?;
        let store = over(&client, &[NodeId(1)])?;
        Ok(Self {
            server,
            supervisor,
            client,
            store,
        })
    }
}

impl Harness for OneMember {
    type Clock = SimRuntime;

    async fn store(&self) -> Store {
        self.store.clone()
    }

    fn clock(&self) -> SimRuntime {
        self.client.runtime().clone()
    }

    async fn depose(&self) {
        // The member goes with the store.
        let child = self.supervisor.which_child("store").await;
        let process = child.expect("the supervisor runs").process;
        let process = process.expect("the store runs");
        self.server.kill(process);
        drop(self.server.exited(process).await);
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(200)
    }
}

/// How many schedules each case meets.
const SCHEDULES: u64 = 3;

#[test]
fn the_store_over_etcd_keeps_the_promises_in_simulation() {
    let count = cases::<OneMember>().len() as u64;
    test("etcd_contract")
        .nodes(2)
        .seeds(0..count * SCHEDULES)
        .plan(|plan| plan.limits.safety = Duration::from_secs(180))
        .run(|world| async move {
            let cases = cases::<OneMember>();
            let case = &cases[(world.plan().seed % cases.len() as u64) as usize];
            let verdict = case.run(Arc::new(OneMember::start(&world).await?)).await;
            verdict
                .map_err(|broken| format!("{}: {} But: {broken}", case.id(), case.claim()).into())
        });
}

/// The members of a cluster whose disks survive, and n4, who uses it.
const MEMBERS: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];
const CLIENT: NodeId = NodeId(4);

/// Starts one node's member of a cluster of `members`, in every incarnation.
async fn boot(node: Node<SimRuntime>, members: &[NodeId]) -> Result<(), TestError> {
    if !members.contains(&node.runtime().node()) {
        return Ok(());
    }
    let options = RaftOptions::new(members.iter().copied());
    let (behind, raft) = RaftStore::child_spec(node.runtime(), "store", options);
    let member = Member::child_spec(node.runtime(), "etcd", raft.store(), MEMBER_PORT);
    let spec = supervisor().child(behind).child(member);
    Supervisor::start(&node, "stores", spec).await?;
    Ok(())
}

/// What one run saw: what was put, and what watches told.
#[derive(Default)]
struct Book {
    /// By key, the revision that was answered.
    put: BTreeMap<String, Revision>,
    /// Keys of which nobody can say.
    unknown: Vec<String>,
    increments: u64,
    increments_unknown: u64,
    told: Vec<(Revision, String)>,
}

/// Puts keys of its own, and increments what others increment, too.
async fn writer(world: &World, store: Store, name: &str, book: &Mutex<Book>, until: Duration) {
    let store = store.within(Duration::from_secs(2));
    let mut number = 0_u64;
    while world.time() < until {
        number += 1;
        let key = format!("w/{name}/{number}");
        let put = store.put(key.as_str(), number.to_string()).await;
        let counted = increment(&store).await;
        {
            let mut book = book.lock().expect("no test panics here");
            match put {
                Ok(revision) => drop(book.put.insert(key, revision)),
                Err(TransactError::Unknown(_)) => book.unknown.push(key),
                Err(_) => {}
            }
            match counted {
                Ok(done) => book.increments += u64::from(done),
                Err(TransactError::Unknown(_)) => book.increments_unknown += 1,
                Err(_) => {}
            }
        }
        world.sleep(Duration::from_millis(30)).await;
    }
}

/// Adds one, if nobody else did meanwhile.
async fn increment(store: &Store) -> Result<bool, TransactError> {
    let Ok(found) = store.get("counter").await else {
        return Ok(false);
    };
    let value = found.as_ref().map_or(0, |entry| {
        entry.value.to_string().parse::<u64>().unwrap_or(0)
    });
    let revision = found.map_or(Revision::NONE, |entry| entry.mod_revision);
    let transaction = Transaction::when([Compare::mod_revision("counter", revision)])
        .then([Operation::put("counter", (value + 1).to_string())]);
    Ok(store.transact(transaction).await?.succeeded)
}

/// Follows one watch that is never begun anew by its holder.
async fn watcher(world: &World, store: Store, book: &Mutex<Book>) -> TestError {
    let mut watch = loop {
        match store.watch_from(KeyRange::prefix("w/"), Revision(1)).await {
            Ok(watch) => break watch,
            Err(_) => world.sleep(Duration::from_millis(50)).await,
        }
    };
    loop {
        match watch.next().await {
            Ok(changes) => {
                let mut book = book.lock().expect("no test panics here");
                for change in &changes.changes {
                    book.told.push((changes.revision, change.key().to_string()));
                }
            }
            Err(error) => return error.into(),
        }
    }
}

/// Polls all writers to their ends, and the watcher beside them for as long as it takes
/// to be told everything, at most until `limit`.
async fn play(
    world: &World,
    members: &[NodeId],
    until: Duration,
    limit: Duration,
) -> Result<Book, TestError> {
    let client = world.node(CLIENT).ok_or("the client is down")?;
    let store = over(&client, members)?;
    let book = Mutex::new(Book::default());
    {
        let mut writers: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = ["a", "b", "c"]
            .map(|name| -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
                Box::pin(writer(world, store.clone(), name, &book, until))
            })
            .into();
        let mut watcher = Box::pin(watcher(world, store.clone(), &book));
        let mut end = Box::pin(world.sleep_until(limit));
        std::future::poll_fn(|task| {
            if let Poll::Ready(error) = watcher.as_mut().poll(task) {
                return Poll::Ready(Err(error));
            }
            writers.retain_mut(|writer| writer.as_mut().poll(task).is_pending());
            end.as_mut().poll(task).map(Ok)
        })
        .await?;
        if !writers.is_empty() {
            return Err("a writer does not come to an end".into());
        }
    }
    audit(&store, &book).await?;
    Ok(book.into_inner()?)
}

/// What was answered is there, once, and the watch told everything that is there.
async fn audit(store: &Store, book: &Mutex<Book>) -> Result<(), TestError> {
    let reading = store.read(Read::new(KeyRange::prefix("w/"))).await?;
    let counter = store.get("counter").await?;
    let book = book.lock().expect("no test panics here");
    let present: BTreeMap<_, _> = reading
        .entries
        .iter()
        .map(|entry| (entry.key.to_string(), entry.mod_revision))
        .collect();
    for (key, revision) in &book.put {
        if present.get(key) != Some(revision) {
            return Err(format!("{key} was put at {revision}: {:?}", present.get(key)).into());
        }
    }
    if let Some(key) = present
        .keys()
        .find(|key| !book.put.contains_key(*key) && !book.unknown.contains(key))
    {
        return Err(format!("{key} is there, and nobody may have put it").into());
    }
    let mut expected: Vec<_> = present.into_iter().map(|(key, at)| (at, key)).collect();
    expected.sort_unstable();
    if book.told != expected {
        return Err(format!(
            "the watch told {} changes, and there were {}",
            book.told.len(),
            expected.len()
        )
        .into());
    }
    let counter = counter.map_or(0, |entry| entry.value.to_string().parse().unwrap_or(0));
    let (done, unknown) = (book.increments, book.increments_unknown);
    if counter < done || counter > done + unknown {
        return Err(format!("{done} increments, {unknown} unknown, and {counter}").into());
    }
    Ok(())
}

fn episode(fault: Fault, target: NodeId, at: u64, duration: u64) -> Episode {
    Episode {
        fault,
        target: Target::Node(target),
        start: Start::At(Duration::from_millis(at)),
        duration: Some(Duration::from_millis(duration)),
    }
}

/// One member after the other crashes or is cut off; losses beside it, and messages
/// that arrive twice.
fn weather(seed: u64, members: &[NodeId]) -> Vec<Episode> {
    let key = Key::new(seed, "weather");
    let always = |fault| Episode {
        fault,
        target: Target::All,
        start: Start::At(Duration::ZERO),
        duration: None,
    };
    let mut episodes = vec![
        always(Fault::TornTail),
        always(Fault::Duplicate { probability: 0.2 }),
    ];
    for round in 0..3_u64 {
        let draw = |what: &str, bound: u64| key.with_text(what).with(round).below(bound);
        let fault = match draw("fault", 4) {
            0 => Fault::Cut { in_flight: true },
            1 => Fault::Drop { probability: 0.2 },
            _ => Fault::Crash { wipe_disk: false },
        };
        let target = members[draw("member", members.len() as u64) as usize];
        let at = 1_500 + round * 2_500 + draw("at", 800);
        episodes.push(episode(fault, target, at, 300 + draw("for", 1_000)));
    }
    episodes
}

/// How long the stories go, and until when their watches must have told everything.
const STORY: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(16);

#[test]
fn a_watch_misses_nothing_while_members_of_a_cluster_crash() {
    test("etcd_cluster")
        .nodes(4)
        .seeds(0..4)
        .watchdog(WATCHDOG)
        .boot(|node| async move { boot(node, &MEMBERS).await })
        .faults(|seed| weather(seed, &MEMBERS))
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let book = play(&world, &MEMBERS, STORY, QUIET).await?;
            if book.put.len() < 60 {
                return Err(format!("only {} keys were put", book.put.len()).into());
            }
            Ok(())
        });
}

#[test]
fn a_watch_misses_nothing_while_the_only_member_is_restarted() {
    test("etcd_restart")
        .nodes(4)
        .seeds(0..6)
        .watchdog(WATCHDOG)
        .boot(|node| async move { boot(node, &MEMBERS[..1]).await })
        .faults(|seed| weather(seed, &MEMBERS[..1]))
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let book = play(&world, &MEMBERS[..1], STORY, QUIET).await?;
            if book.put.len() < 60 {
                return Err(format!("only {} keys were put", book.put.len()).into());
            }
            Ok(())
        });
}

#[test]
fn a_client_goes_on_at_another_member_when_its_own_is_cut_off() {
    test("etcd_failover")
        .nodes(4)
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(|node| async move { boot(node, &MEMBERS).await })
        .faults(|_| {
            vec![episode(
                Fault::Cut { in_flight: true },
                MEMBERS[0],
                3_000,
                20_000,
            )]
        })
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let client = world.node(CLIENT).ok_or("the client is down")?;
            let store = over(&client, &MEMBERS)?;
            world.sleep_until(Duration::from_secs(2)).await;
            let before = store.put("a", "1").await?;
            let mut watch = store.watch(KeyRange::key("a")).await?;
            world.sleep_until(Duration::from_secs(4)).await;
            // A read is asked of the next member once the first one does not answer.
            let found = store.get("a").await?;
            if found.map(|entry| entry.mod_revision) != Some(before) {
                return Err("what was put is not there".into());
            }
            let after = store.put("a", "2").await?;
            let told = watch.next().await?;
            if told.revision != after || world.time() > Duration::from_secs(15) {
                return Err(format!("told {told:?}, put at {after}").into());
            }
            Ok(())
        });
}
