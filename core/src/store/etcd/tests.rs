//! The engine over a wire that answers as it is told to.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Call, EtcdOptions, EtcdStore, Wire, WireError, WireEvent, WireRefusal, WireWatch};
use crate::process::Node;
use crate::runtime::Clock;
use crate::store::{
    Change, Changes, Granted, KeyRange, LeaseId, LeaseInfo, Operation, Read, ReadError, Reading,
    Revision, Store, TransactError, Transacted, Transaction, Unavailable, Unknown, WatchError,
};
use crate::testing::{TestRuntime, run};

/// What a member does with the next request.
#[derive(Debug, Clone)]
enum Act {
    Serve,
    Fail(WireError),
    /// Never answers.
    Hang,
}

#[derive(Debug, Default)]
struct Script {
    acts: VecDeque<Act>,
    /// What each watch tells, and how it ends.
    watches: VecDeque<VecDeque<Result<WireEvent, WireError>>>,
    /// Which endpoint was asked, and for what.
    asked: Vec<(usize, String)>,
}

/// Two endpoints that do one thing after the other, and then serve.
#[derive(Debug, Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let scripted = Self::default();
        scripted.0.lock().unwrap().acts.extend(acts);
        scripted
    }

    fn tells(self, told: impl IntoIterator<Item = Result<WireEvent, WireError>>) -> Self {
        let told = told.into_iter().collect();
        self.0.lock().unwrap().watches.push_back(told);
        self
    }

    fn act<T: Send + 'static>(&self, endpoint: usize, what: String, answer: T) -> Call<'_, T> {
        let mut script = self.0.lock().unwrap();
        script.asked.push((endpoint, what));
        match script.acts.pop_front().unwrap_or(Act::Serve) {
            Act::Serve => Box::pin(ready(Ok(answer))),
            Act::Fail(error) => Box::pin(ready(Err(error))),
            Act::Hang => Box::pin(std::future::pending()),
        }
    }

    fn asked(&self) -> Vec<(usize, String)> {
        self.0.lock().unwrap().asked.clone()
    }

    fn store(&self, node: &Node<TestRuntime>) -> Store {
        let wire = Arc::new(self.clone());
        let store = EtcdStore::over(node.runtime().clone(), wire, EtcdOptions::default());
        store.within(Duration::from_secs(5))
    }
}

fn reading() -> Reading {
    Reading {
        revision: Revision(7),
        entries: Vec::new(),
        count: 0,
        more: false,
    }
}

impl Wire for Scripted {
    fn endpoints(&self) -> usize {
        2
    }

    fn range(&self, endpoint: usize, _read: Read) -> Call<'_, Reading> {
        self.act(endpoint, "range".into(), reading())
    }

    fn txn(&self, endpoint: usize, _transaction: Transaction) -> Call<'_, Transacted> {
        let done = Transacted {
            succeeded: true,
            revision: Revision(8),
            done: Vec::new(),
        };
        self.act(endpoint, "txn".into(), done)
    }

    fn lease_grant(
        &self,
        endpoint: usize,
        lease: Option<LeaseId>,
        ttl: Duration,
    ) -> Call<'_, Granted> {
        let granted = Granted {
            lease: lease.unwrap_or(LeaseId(1)),
            ttl,
            revision: Revision(7),
        };
        self.act(endpoint, "grant".into(), granted)
    }

    fn lease_keep_alive(&self, endpoint: usize, _lease: LeaseId) -> Call<'_, Duration> {
        self.act(endpoint, "keep_alive".into(), Duration::from_secs(1))
    }

    fn lease_revoke(&self, endpoint: usize, _lease: LeaseId) -> Call<'_, Revision> {
        self.act(endpoint, "revoke".into(), Revision(8))
    }

    fn lease_time_to_live(&self, endpoint: usize, lease: LeaseId) -> Call<'_, LeaseInfo> {
        let info = LeaseInfo {
            lease,
            ttl: Duration::from_secs(1),
            remaining: Duration::from_secs(1),
            keys: Vec::new(),
        };
        self.act(endpoint, format!("time_to_live {}", lease.0), info)
    }

    fn lease_leases(&self, endpoint: usize) -> Call<'_, Vec<LeaseId>> {
        self.act(endpoint, "leases".into(), Vec::new())
    }

    fn watch(
        &self,
        endpoint: usize,
        _range: KeyRange,
        from: Revision,
    ) -> Call<'_, Box<dyn WireWatch>> {
        let told = self.0.lock().unwrap().watches.pop_front();
        let watch: Box<dyn WireWatch> = Box::new(Told(told.unwrap_or_default()));
        let what = format!("watch {from}");
        self.0.lock().unwrap().asked.push((endpoint, what));
        Box::pin(ready(Ok(watch)))
    }

    fn compact(&self, endpoint: usize, _revision: Revision) -> Call<'_, ()> {
        self.act(endpoint, "compact".into(), ())
    }
}

/// Tells what it is to tell, and then waits.
struct Told(VecDeque<Result<WireEvent, WireError>>);

impl WireWatch for Told {
    fn poll_next(&mut self, _context: &mut Context<'_>) -> Poll<Result<WireEvent, WireError>> {
        self.0.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

fn not_taken() -> WireError {
    let reason = "connection refused".into();
    WireError::NotTaken { reason }
}

fn lost() -> WireError {
    let reason = "connection reset".into();
    WireError::Lost { reason }
}

fn changes(revision: u64) -> Changes {
    let change = Change::Deleted {
        key: "a".into(),
        previous: None,
    };
    Changes {
        revision: Revision(revision),
        changes: vec![change],
    }
}

fn asked(what: &str, endpoints: &[usize]) -> Vec<(usize, String)> {
    let what = |endpoint: &usize| (*endpoint, what.to_owned());
    endpoints.iter().map(what).collect()
}

#[test]
fn a_transaction_whose_answer_is_lost_is_not_sent_again() {
    run(1, |node| async move {
        let wire = Scripted::new([Act::Fail(lost())]);
        let put = wire.store(&node).put("a", "1").await;
        let unknown = matches!(
            put,
            Err(TransactError::Unknown(Unknown::ConnectionLost { .. }))
        );
        assert!(unknown, "{put:?}");
        assert_eq!(wire.asked(), asked("txn", &[0]));
    });
}

#[test]
fn a_transaction_that_is_not_answered_in_time_is_unknown() {
    run(1, |node| async move {
        let wire = Scripted::new([Act::Hang]);
        let begun = node.runtime().now();
        let put = wire.store(&node).put("a", "1").await;
        let limit = Duration::from_secs(5);
        assert_eq!(put, Err(Unknown::TimedOut { limit }.into()));
        assert_eq!(node.runtime().now().since(begun), limit);
        assert_eq!(wire.asked(), asked("txn", &[0]));
    });
}

#[test]
fn what_was_not_taken_is_asked_of_the_next_endpoint_and_the_others_follow() {
    run(1, |node| async move {
        let wire = Scripted::new([Act::Fail(not_taken())]);
        let store = wire.store(&node);
        assert_eq!(store.put("a", "1").await, Ok(Revision(8)));
        assert_eq!(store.put("a", "1").await, Ok(Revision(8)));
        assert_eq!(wire.asked(), asked("txn", &[0, 1, 1]));
    });
}

#[test]
fn a_read_goes_on_at_another_endpoint_when_one_hangs() {
    run(1, |node| async move {
        let wire = Scripted::new([Act::Hang, Act::Fail(lost())]);
        assert_eq!(wire.store(&node).get("a").await, Ok(None));
        assert_eq!(wire.asked(), asked("range", &[0, 1, 0]));
    });
}

#[test]
fn a_request_that_nobody_takes_ends_in_time_and_says_why() {
    run(1, |node| async move {
        let wire = Scripted::new(std::iter::repeat_n(Act::Fail(not_taken()), 1_000));
        let begun = node.runtime().now();
        let put = wire.store(&node).put("a", "1").await;
        let limit = Duration::from_secs(5);
        let reason = "connection refused".to_owned();
        assert_eq!(put, Err(Unavailable::Unreachable { limit, reason }.into()));
        assert_eq!(node.runtime().now().since(begun), limit);
    });
}

#[test]
fn what_the_cluster_forbids_is_not_asked_again() {
    run(1, |node| async move {
        let reason = "permission denied".to_owned();
        let refusal = WireRefusal::Other {
            reason: reason.clone(),
        };
        let wire = Scripted::new([Act::Fail(refusal.into())]);
        let get = wire.store(&node).get("a").await;
        assert_eq!(get, Err(ReadError::from(Unavailable::Failed { reason })));
        assert_eq!(wire.asked(), asked("range", &[0]));
    });
}

#[test]
fn the_lease_that_a_transaction_missed_is_found() {
    run(1, |node| async move {
        let refused = || Act::Fail(WireRefusal::LeaseNotFound.into());
        let wire = Scripted::new([refused(), Act::Serve, refused()]);
        let steps = [
            Operation::put_leased("a", "1", LeaseId(9)),
            Operation::put_leased("b", "1", LeaseId(4)),
            Operation::put_leased("c", "1", LeaseId(9)),
        ];
        let done = wire.store(&node).transact(Transaction::of(steps)).await;
        let lease = LeaseId(9);
        assert_eq!(done, Err(TransactError::LeaseNotFound { lease }));
        let mut asked = asked("txn", &[0]);
        asked.extend([(0, "time_to_live 4".into()), (0, "time_to_live 9".into())]);
        assert_eq!(wire.asked(), asked);
    });
}

#[test]
fn a_watch_that_breaks_begins_anew_with_what_was_not_told() {
    run(1, |node| async move {
        let wire = Scripted::new([])
            .tells([
                Ok(WireEvent::Changes(vec![changes(3), changes(5)])),
                Err(lost()),
            ])
            .tells([
                Ok(WireEvent::Changes(vec![changes(5), changes(6)])),
                Ok(WireEvent::Progress(Revision(11))),
                Err(lost()),
            ])
            .tells([Ok(WireEvent::Changes(vec![changes(12)]))]);
        let store = wire.store(&node);
        let mut watch = store
            .watch_from(KeyRange::all(), Revision(2))
            .await
            .unwrap();
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(watch.next().await.unwrap().revision.0);
        }
        assert_eq!(told, [3, 5, 6, 12]);
        assert_eq!(watch.position(), Revision(13));
        let begun = [(0, "watch r2"), (1, "watch r6"), (0, "watch r12")];
        let begun = begun.map(|(endpoint, what)| (endpoint, what.to_owned()));
        assert_eq!(wire.asked(), begun);
    });
}

#[test]
fn a_watch_that_missed_a_compaction_says_so_where_it_is() {
    run(1, |node| async move {
        let wire = Scripted::new([]).tells([
            Ok(WireEvent::Changes(vec![changes(3)])),
            Ok(WireEvent::Compacted(Revision(9))),
        ]);
        let store = wire.store(&node);
        let mut watch = store
            .watch_from(KeyRange::all(), Revision(2))
            .await
            .unwrap();
        assert_eq!(watch.next().await.unwrap().revision, Revision(3));
        let over = WatchError::Compacted {
            requested: Revision(4),
            compacted: Revision(9),
        };
        assert_eq!(watch.next().await, Err(over));
        assert_eq!(watch.position(), Revision(4));
    });
}
