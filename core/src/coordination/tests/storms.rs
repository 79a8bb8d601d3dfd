//! Many who want the same from a store that forgets to answer and does things late:
//! nobody holds what another one holds, nobody waits for ever, nothing stays.

use std::sync::Arc;
use std::time::Duration;

use super::flaky::{Flaky, Weather};
use super::ledger::Ledger;
use super::stage::{LONG, Stage};
use crate::coordination::{
    CoordinatorOptions, Election, LockError, MultiLock, Mutex, ReadWriteLock, Semaphore, Session,
    SessionOptions,
};
use crate::process::Node;
use crate::runtime::{Clock as _, Entropy as _, EntropyStream, timeout};
use crate::testing::{TestRuntime, run};

const CONTENDERS: u64 = 4;
const ROUNDS: u64 = 6;

/// Lets time pass.
async fn pass(runtime: &TestRuntime, random: &mut EntropyStream, millis_max: u64) {
    let time = Duration::from_millis(random.below(millis_max));
    runtime.sleep(time).await;
}

/// Asks for something, and gives up, lets go or drops what it got.
async fn play(session: &Session<TestRuntime>, runtime: &TestRuntime, random: &mut EntropyStream) {
    let patience = match random.below(3) {
        0 => Duration::from_millis(random.below(40)),
        _ => LONG,
    };
    let what = random.below(6);
    let guard = timeout(runtime, patience, async {
        let guard = match what {
            0 => Mutex::new(session, "m").try_lock().await?,
            1 => {
                let several = MultiLock::new(session, ["m", "n"]);
                several.lock(LONG).await?
            }
            2 => ReadWriteLock::new(session, "w").read(LONG).await?,
            3 => {
                let lock = ReadWriteLock::new(session, "w");
                let writing = lock.write(LONG).await?;
                match writing.downgrade().await {
                    Ok(reading) => reading,
                    Err(_) => return Ok(None),
                }
            }
            4 => Semaphore::new(session, "s", 3).acquire(2, LONG).await?,
            _ => Mutex::new(session, "m").lock(LONG).await?,
        };
        Ok(Some(guard))
    });
    let guard: Result<Option<_>, LockError> = match guard.await {
        Ok(guard) => guard,
        Err(_) => return,
    };
    let Ok(Some(guard)) = guard else { return };
    pass(runtime, random, 20).await;
    match random.below(3) {
        0 => {
            let limit = Duration::from_millis(random.below(5));
            drop(timeout(runtime, limit, guard.release()).await);
        }
        1 => drop(guard.release().await),
        _ => drop(guard),
    }
}

async fn campaign(
    session: &Session<TestRuntime>,
    runtime: &TestRuntime,
    random: &mut EntropyStream,
) {
    let election = Election::new(session, "e");
    let patience = Duration::from_millis(random.below(200));
    let elected = timeout(runtime, patience, election.campaign("me", LONG)).await;
    let Ok(Ok(leadership)) = elected else { return };
    pass(runtime, random, 20).await;
    drop(leadership.proclaim("still me").await);
    if random.chance(0.5) {
        drop(leadership.resign().await);
    }
}

async fn contend(stage: Stage, weather: Weather, ttl: Duration) -> Ledger {
    weather.set_stormy(true);
    let runtime = stage.node.runtime().clone();
    let mut contenders = Vec::new();
    for number in 0..CONTENDERS {
        let (coordinator, runtime) = (stage.coordinator.clone(), runtime.clone());
        contenders.push(stage.beside(async move {
            let mut random = runtime.stream(&format!("contender {number}"));
            let mut session = None;
            for _ in 0..ROUNDS {
                let alive = session.take().filter(Session::is_alive);
                let current = match alive {
                    Some(session) => session,
                    None => match coordinator.session(SessionOptions::ttl(ttl)).await {
                        Ok(session) => session,
                        Err(_) => continue,
                    },
                };
                if random.below(4) == 0 {
                    campaign(&current, &runtime, &mut random).await;
                } else {
                    play(&current, &runtime, &mut random).await;
                }
                session = Some(current);
            }
            // The last of the sessions live on: whatever is left is theirs.
            runtime.sleep(Duration::from_secs(120)).await;
            drop(session);
        }));
    }
    runtime.sleep(Duration::from_secs(60)).await;
    weather.set_stormy(false);
    runtime.sleep(Duration::from_secs(30)).await;
    let ledger = Ledger::read(&stage.facts());
    assert_eq!(ledger.held(), 0);
    let left = stage.places().await.into_iter();
    let left: Vec<_> = left.filter(|key| !key.contains("-capacity/")).collect();
    assert_eq!(left, Vec::<String>::new(), "places that nobody has");
    for contender in contenders {
        stage.node.exited(contender).await;
    }
    stage.finish().await;
    ledger
}

fn storm(seeds: std::ops::Range<u64>, ttl: Duration) -> (usize, usize) {
    let (mut granted, mut withdrawn) = (0, 0);
    for seed in seeds {
        let ledger = run(seed, async |node: Node<TestRuntime>| {
            let weather = Weather::default();
            let (runtime, sky) = (node.runtime().clone(), weather.clone());
            let options = CoordinatorOptions::default();
            let stage = Stage::over(node, options, |store| {
                store
                    .clone()
                    .wrapped(|engine| Arc::new(Flaky::new(engine, runtime, sky)))
            });
            contend(stage.await, weather, ttl).await
        });
        granted += ledger.granted;
        withdrawn += ledger.withdrawn;
    }
    (granted, withdrawn)
}

#[test]
fn requests_whose_outcome_is_unknown_neither_double_a_grant_nor_stay() {
    let (granted, withdrawn) = storm(0..60, Duration::from_secs(40));
    assert!(granted > 500 && withdrawn > 100, "{granted}, {withdrawn}");
}

#[test]
fn sessions_that_lapse_again_and_again_let_nobody_in_too_early() {
    let (granted, _) = storm(100..140, Duration::from_millis(300));
    assert!(granted > 200, "{granted}");
}
