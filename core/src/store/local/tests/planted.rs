//! Engines that break a promise on purpose: the suite must notice.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::stage::{Stage, Wrap};
use crate::store::between::Between;
use crate::store::contract::cases;
use crate::store::{
    Changes, CompactError, Engine, Granted, KeyRange, LeaseError, LeaseId, Pending, Read,
    ReadError, Reading, Revision, Revoked, TransactError, Transacted, Transaction, Watch,
    WatchError, WatchFrom, WatchSource,
};
use crate::testing::{TestRuntime, run};

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    IgnoresCompares,
    LosesPuts,
    RepeatsWrites,
    ReadsThePast,
    RenewsAnything,
    NeverRenews,
    ShortensGrants,
    SkipsChanges,
    DoublesChanges,
    WatchesEverything,
    BeginsTooLate,
    ForgetsToCompact,
    RevokesOnly,
}

#[derive(Debug)]
struct Faulty(Bug, Arc<dyn Engine>);

impl Between for Faulty {
    fn inner(&self) -> &dyn Engine {
        &*self.1
    }

    fn read(&self, mut read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        if self.0 == Bug::ReadsThePast && read.revision.is_none() {
            return Box::pin(async move {
                let now = self
                    .1
                    .read(Read::new(KeyRange::key("x")), limit)
                    .await?
                    .revision;
                read.revision = Some(Revision(now.0.saturating_sub(1)).max(Revision::FIRST));
                self.1.read(read, limit).await
            });
        }
        self.1.read(read, limit)
    }

    fn transact(
        &self,
        mut transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        if self.0 == Bug::IgnoresCompares {
            transaction.compares.clear();
        }
        if self.0 == Bug::LosesPuts && transaction.success.len() > 1 {
            transaction.success.pop();
        }
        if self.0 == Bug::RepeatsWrites {
            return Box::pin(async move {
                self.1.transact(transaction.clone(), limit).await?;
                self.1.transact(transaction, limit).await
            });
        }
        self.1.transact(transaction, limit)
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        if self.0 == Bug::ShortensGrants {
            return Box::pin(async move {
                let granted = self.1.grant(lease, ttl / 2, limit).await?;
                Ok(Granted { ttl, ..granted })
            });
        }
        self.1.grant(lease, ttl, limit)
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        Box::pin(async move {
            if self.0 == Bug::NeverRenews {
                return self.1.lease(lease, limit).await.map(|info| info.ttl);
            }
            let renewed = self.1.keep_alive(lease, limit).await;
            if self.0 == Bug::RenewsAnything {
                return Ok(renewed.unwrap_or(super::stage::TTL));
            }
            renewed
        })
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        if self.0 == Bug::RevokesOnly {
            return Box::pin(async move {
                let info = self.1.lease(lease, limit).await?;
                let found = info
                    .keys
                    .iter()
                    .map(|key| self.1.transact(moved(key), limit));
                for moved in found {
                    moved.await.expect("a key can be put without its lease");
                }
                self.1.revoke(lease, limit).await
            });
        }
        self.1.revoke(lease, limit)
    }

    fn watch(&self, mut from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(async move {
            if self.0 == Bug::WatchesEverything {
                from.range = KeyRange::all();
            }
            if self.0 == Bug::BeginsTooLate {
                from.revision = from.revision.map(Revision::next);
            }
            let watch = self.1.watch(from, limit).await?;
            Ok(Watch::new(FaultyWatch {
                bug: self.0,
                watch,
                told: 0,
                again: None,
            }))
        })
    }

    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError> {
        if self.0 == Bug::ForgetsToCompact {
            return Box::pin(std::future::ready(Ok(())));
        }
        self.1.compact(revision, limit)
    }
}

/// Puts a key once more, without a lease.
fn moved(key: &crate::store::Key) -> Transaction {
    Transaction::of([crate::store::Operation::put(key, "left")])
}

struct FaultyWatch {
    bug: Bug,
    watch: Watch,
    told: usize,
    again: Option<Changes>,
}

impl WatchSource for FaultyWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes, WatchError>> {
        if let Some(again) = self.again.take() {
            return Poll::Ready(Ok(again));
        }
        loop {
            let next = std::pin::pin!(self.watch.next());
            let Poll::Ready(told) = next.poll(context) else {
                return Poll::Pending;
            };
            self.told += 1;
            if self.bug == Bug::SkipsChanges && self.told == 2 {
                continue;
            }
            if self.bug == Bug::DoublesChanges && self.told == 1 {
                self.again = told.as_ref().ok().cloned();
            }
            return Poll::Ready(told);
        }
    }

    fn position(&self) -> Revision {
        self.watch.position()
    }
}

/// The cases that the bug breaks, under one interleaving.
fn broken_by(wrap: Wrap) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for case in cases::<Stage<TestRuntime>>() {
        let verdict = run(1, |node| async {
            case.run(Arc::new(Stage::wrapped(node, wrap).await)).await
        });
        if verdict.is_err() {
            broken.push(case.id());
        }
    }
    broken
}

macro_rules! plants {
    ($($name:ident: $bug:ident breaks $($case:literal),+;)*) => {$(
        #[test]
        fn $name() {
            let broken = broken_by(|engine| Arc::new(Faulty(Bug::$bug, engine)));
            for case in [$($case),+] {
                assert!(broken.contains(&case), "{case} was kept; broken: {broken:?}");
            }
        }
    )*};
}

plants! {
    an_engine_that_ignores_comparisons_is_caught: IgnoresCompares breaks
        "contention.one_wins", "contention.g21_conflict", "contention.g21_increments";
    an_engine_that_loses_a_step_is_caught: LosesPuts breaks "transactions.one_revision";
    an_engine_that_writes_twice_is_caught: RepeatsWrites breaks "keys.revisions";
    an_engine_that_reads_the_past_is_caught: ReadsThePast breaks
        "contention.order", "keys.put";
    an_engine_that_renews_what_is_gone_is_caught: RenewsAnything breaks
        "leases.e21_unknown", "leases.e26_over", "expiry.e26_race", "expiry.e21_gone";
    an_engine_that_does_not_renew_is_caught: NeverRenews breaks
        "expiry.e20_renewed", "expiry.e22_slow_holder";
    an_engine_that_ends_leases_early_is_caught: ShortensGrants breaks "expiry.e20_time";
    a_watch_with_a_gap_is_caught: SkipsChanges breaks "watches.now", "watches.past";
    a_watch_that_tells_twice_is_caught: DoublesChanges breaks "watches.now", "watches.past";
    a_watch_of_everything_is_caught: WatchesEverything breaks "watches.range";
    a_watch_that_begins_too_late_is_caught: BeginsTooLate breaks
        "watches.past", "watches.future", "watches.reading";
    an_engine_that_does_not_compact_is_caught: ForgetsToCompact breaks
        "history.reads", "history.watches", "history.twice";
    an_engine_whose_leases_let_go_of_their_keys_is_caught: RevokesOnly breaks
        "leases.e27_revoked", "leases.detached", "expiry.e30_closed";
}

#[test]
fn a_faulty_engine_without_a_bug_is_none() {
    // `LosesPuts` does nothing to cases of one step, so the wrapper itself is innocent.
    let broken = broken_by(|engine| Arc::new(Faulty(Bug::LosesPuts, engine)));
    assert!(!broken.contains(&"keys.put"), "{broken:?}");
    assert!(!broken.contains(&"watches.now"), "{broken:?}");
}
