//! Claims that need threads that truly run at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::event::{Event, RegistryEvent};
use crate::label::Label;
use crate::process::{Context, Node, ProcessId, ProcessSpec};
use crate::registry::{
    Keys, Local, LocalOptions, Metadata, Query, Registration, Registry, RegistryError, Removal,
    Revision, Update, Value,
};
use crate::runtime::NodeId;
use crate::runtime::tokio::TokioRuntime;

/// A node on threads with a registry that has the scopes `s` (unique) and `g` (groups).
#[derive(Clone)]
struct Stage {
    node: Node<TokioRuntime>,
    registry: Registry<TokioRuntime>,
}

/// Plays a story with each backend. In the end nothing is left, and as many
/// registrations were told to have gone as to have come.
fn on_threads<F: Future<Output = ()>>(story: impl Fn(Stage) -> F) {
    for partitions in [1, 8] {
        let executor = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .unwrap();
        executor.block_on(async {
            let balance = Arc::new(AtomicI64::new(0));
            let told = balance.clone();
            let runtime = TokioRuntime::builder(NodeId(1)).observer(move |event| {
                told.fetch_add(weight(event), Ordering::SeqCst);
            });
            let node = Node::new(runtime.build().unwrap());
            let entropy = node.runtime().clone();
            let options = LocalOptions::new().indexed("n");
            let registry = Registry::with_backend(&node, "names", |host| match partitions {
                1 => Local::memory(host, &entropy, options),
                count => Local::partitioned(host, &entropy, options, count),
            });
            registry.open_scope("s", Keys::Unique).await.unwrap();
            registry.open_scope("g", Keys::Duplicate).await.unwrap();
            let stage = Stage { node, registry };
            story(stage.clone()).await;
            stage.node.stop(Duration::from_secs(10)).await;
            assert_eq!(stage.registry.audit(), Vec::<Label>::new());
            assert_eq!(stage.registry.stats().entries(), 0, "all have ended");
            assert_eq!(balance.load(Ordering::SeqCst), 0, "every end is told once");
        });
    }
}

fn weight(event: &Event) -> i64 {
    let Event::Registry(fact) = event else {
        return 0;
    };
    let came = matches!(fact, RegistryEvent::NameRegistered { .. });
    let went = matches!(fact, RegistryEvent::NameUnregistered { .. });
    i64::from(came) - i64::from(went)
}

impl Stage {
    fn idler(&self) -> ProcessId {
        let body = |_: Context<TokioRuntime>| std::future::pending::<()>();
        self.node.start(ProcessSpec::new("idler"), body).unwrap()
    }

    fn worker<F: Future<Output = ()> + Send + 'static>(&self, work: F) -> Worker {
        let done = Arc::new(AtomicBool::new(false));
        let finished = done.clone();
        let body = |_: Context<TokioRuntime>| async move {
            work.await;
            finished.store(true, Ordering::SeqCst);
        };
        let process = self.node.start(ProcessSpec::new("worker"), body).unwrap();
        Worker { process, done }
    }

    /// Waits for some work, which must not have failed.
    async fn finished(&self, worker: Worker) {
        self.node.exited(worker.process).await;
        assert!(worker.done.load(Ordering::SeqCst), "a worker panicked");
    }

    /// Lets so many processes work at once, and waits for all of them.
    async fn together<W, F>(&self, count: u64, work: W)
    where
        W: Fn(Self, u64) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let start = |number| self.worker(work(self.clone(), number));
        let workers: Vec<Worker> = (0..count).map(start).collect();
        for worker in workers {
            self.finished(worker).await;
        }
    }
}

/// A process that does some work.
struct Worker {
    process: ProcessId,
    done: Arc<AtomicBool>,
}

#[test]
fn of_many_racers_one_wins_and_the_others_learn_the_holder() {
    const RACERS: u64 = 8;
    const NAMES: u64 = 300;
    on_threads(|stage| async move {
        let holders: Vec<_> = (0..RACERS).map(|_| stage.idler()).collect();
        let answers = Arc::new(Mutex::new(Vec::new()));
        stage
            .together(RACERS, |stage, number| {
                let (holder, answers) = (holders[number as usize], answers.clone());
                async move {
                    for name in 0..NAMES {
                        let wanted = Registration::new("s", format!("{name}"), holder);
                        let answer = stage.registry.register(wanted).await;
                        answers.lock().unwrap().push((name, holder, answer));
                    }
                }
            })
            .await;
        let answers = std::mem::take(&mut *answers.lock().unwrap());
        let won = answers.iter().filter(|(_, _, answer)| answer.is_ok());
        let won: Vec<_> = won.map(|(name, holder, _)| (*name, *holder)).collect();
        let winners: BTreeMap<u64, ProcessId> = won.iter().copied().collect();
        assert_eq!((won.len(), winners.len() as u64), (winners.len(), NAMES));
        for (name, _, answer) in answers {
            if let Err(error) = answer {
                let is_told = |holder| winners.get(&name) == Some(&holder);
                let told = matches!(error, RegistryError::AlreadyRegistered { holder, .. } if is_told(holder));
                assert!(told, "{name}: {error}");
            }
        }
    });
}

#[test]
fn a_reader_sees_exactly_what_holds_while_it_reads() {
    const ROUNDS: u64 = 1500;
    on_threads(|stage| async move {
        // Twice the number of the round, plus one while the writer is between.
        let begun = Arc::new(AtomicU64::new(0));
        let done = Arc::new(AtomicU64::new(0));
        let holder = stage.idler();
        stage
            .together(3, |stage, number| {
                let (begun, done) = (begun.clone(), done.clone());
                async move {
                    if number == 0 {
                        write(&stage, holder, &begun, &done, ROUNDS).await;
                    } else {
                        while done.load(Ordering::SeqCst) < ROUNDS {
                            read(&stage, holder, &begun, &done);
                        }
                    }
                }
            })
            .await;
    });
}

/// Round by round: registers, updates, and takes the name away again; the metadata
/// say which round it is.
async fn write(stage: &Stage, holder: ProcessId, begun: &AtomicU64, done: &AtomicU64, rounds: u64) {
    for round in 1..=rounds {
        begun.store(round, Ordering::SeqCst);
        let metadata = Metadata::new().with("n", round as i64);
        match round % 3 {
            1 => {
                let wanted = Registration::new("s", "a", holder).metadata(metadata);
                stage.registry.register(wanted).await.unwrap();
            }
            2 => {
                let update = Update::new("s", "a", Revision::Replace(metadata));
                stage.registry.update(update).await.unwrap();
            }
            _ => {
                stage
                    .registry
                    .unregister(Removal::new("s", "a"))
                    .await
                    .unwrap();
            }
        }
        done.store(round, Ordering::SeqCst);
    }
}

/// What is read lies between what was done before and what has begun since.
fn read(stage: &Stage, holder: ProcessId, begun: &AtomicU64, done: &AtomicU64) {
    let after = done.load(Ordering::SeqCst);
    let seen = stage.registry.lookup("s", "a").unwrap();
    let until = begun.load(Ordering::SeqCst);
    let is_possible = (after..=until).any(|round| match (&seen, round % 3) {
        (None, 0) => true,
        (Some(entry), 1 | 2) => {
            entry.metadata.get("n") == Some(&Value::Int(round as i64)) && entry.process == holder
        }
        _ => false,
    });
    assert!(is_possible, "{seen:?} between {after} and {until}");
    let after = done.load(Ordering::SeqCst);
    let seen = stage.registry.whereis("s", "a").unwrap();
    let until = begun.load(Ordering::SeqCst);
    let is_possible = (after..=until).any(|round| seen.is_some() == (round % 3 != 0));
    assert!(is_possible, "{seen:?} between {after} and {until}");
}

#[test]
fn a_dead_holder_never_blocks() {
    const ROUNDS: u64 = 150;
    on_threads(|stage| async move {
        stage
            .together(4, |stage, number| async move {
                let name = format!("{number}");
                for round in 0..ROUNDS {
                    let holder = stage.idler();
                    let wanted = Registration::new("s", name.clone(), holder);
                    let entry = stage.registry.register(wanted).await.unwrap().entry;
                    let joined = Registration::new("g", "all", holder);
                    stage.registry.register(joined).await.unwrap();
                    let (other, leaver) = (stage.clone(), name.clone());
                    let beside = stage.worker(async move {
                        // Its end and its leave may meet in any order.
                        let left = other
                            .registry
                            .unregister(Removal::new("s", leaver).of(holder));
                        match left.await {
                            Ok(left) => assert_eq!(left, entry),
                            Err(RegistryError::NotRegistered { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    });
                    if round % 2 == 0 {
                        tokio::task::yield_now().await;
                    }
                    stage.node.kill(holder);
                    stage.node.exited(holder).await;
                    assert_eq!(stage.registry.whereis("s", &name), Ok(None));
                    assert_eq!(stage.registry.held_by(holder), []);
                    let query = Query::all().held_by(holder);
                    assert_eq!(stage.registry.count("g", &query), Ok(0));
                    stage.finished(beside).await;
                }
            })
            .await;
    });
}

#[test]
fn a_process_that_ends_while_it_is_registered_leaves_nothing() {
    const ROUNDS: u64 = 300;
    on_threads(|stage| async move {
        for round in 0..ROUNDS {
            let holder = stage.idler();
            let registering = stage.clone();
            let beside = stage.worker(async move {
                for name in 0..5 {
                    let wanted = Registration::new("s", format!("{round}/{name}"), holder);
                    match registering.registry.register(wanted).await {
                        Ok(_) => {}
                        Err(RegistryError::NoProcess { process }) => assert_eq!(process, holder),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            stage.node.kill(holder);
            stage.node.exited(holder).await;
            stage.finished(beside).await;
            assert_eq!(stage.registry.held_by(holder), []);
        }
        assert_eq!(stage.registry.count("s", &Query::all()), Ok(0));
    });
}
