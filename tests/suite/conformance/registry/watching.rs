//! What those who watch are told: a snapshot, then every change once and in order.

use std::time::Duration;

use steadfast::process::{Context, ExitReason};
use steadfast::registry::{
    Cause, Change, Entry, Metadata, Notice, Query, Registration, RegistryError, Removal, Revision,
    Subscription, Update,
};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES};
use super::registry_cases;
use crate::conformance::harness::{LONG, same};

registry_cases! {
    a12_letting_go_is_told_once_with_the_last_metadata,
    a29_every_change_is_told_in_order_with_name_holder_and_metadata,
    a30_filters_that_overlap_tell_a_change_once,
    a31_a_filter_added_twice_is_taken_away_once,
    a32_a_process_is_told_of_its_own_registration,
    a34_the_end_of_a_process_is_one_batch_per_partition,
    a35_one_change_is_a_batch_of_one,
    a52_waiting_for_a_name_ends_when_it_comes_or_at_the_limit,
    a_snapshot_and_what_follows_have_no_gap_and_nothing_twice,
}

/// The changes that are waiting, each batch by itself.
fn batches(subscription: &mut Subscription) -> Vec<Vec<Change>> {
    let mut batches = Vec::new();
    while let Some(notice) = subscription.try_next() {
        match notice {
            Notice::Changes(changes) => batches.push(changes),
            Notice::Snapshot(snapshot) => panic!("a snapshot nobody asked for: {snapshot:?}"),
            Notice::Resync { missed, .. } => panic!("{missed} batches were missed"),
        }
    }
    batches
}

/// The snapshot that a filter begins with.
fn snapshot(subscription: &mut Subscription) -> Vec<Entry> {
    match subscription.try_next() {
        Some(Notice::Snapshot(snapshot)) => snapshot.entries,
        other => panic!("a filter begins with {other:?}"),
    }
}

/// A subscription to everything in the scope of names, which is empty.
fn watch<R: Runtime>(desk: &Desk<R>) -> Subscription {
    let subscription = desk.registry.watch(NAMES, Query::all());
    let mut subscription = subscription.expect("the scope is open");
    same(&desk.bench, &snapshot(&mut subscription), &Vec::new());
    subscription
}

/// One word for each change, with the name.
fn words(batches: &[Vec<Change>]) -> Vec<String> {
    let changes = batches.iter().flatten();
    let words = changes.map(|change| {
        let word = match change {
            Change::Registered(_) => "held",
            Change::Updated { .. } => "updated",
            Change::Unregistered { .. } => "left",
        };
        let entry = change.entry();
        format!("{word} {} {}", entry.key.name, entry.metadata)
    });
    words.collect()
}

async fn let_go<R: Runtime>(desk: &Desk<R>, name: &str) {
    let gone = desk.registry.unregister(Removal::new(NAMES, name)).await;
    assert!(gone.is_ok(), "{gone:?}");
}

fn tier(tier: i64) -> Metadata {
    Metadata::new().with("tier", tier)
}

async fn a12_letting_go_is_told_once_with_the_last_metadata<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let update = Update::new(NAMES, "k", Revision::Replace(tier(2)));
    assert!(desk.registry.update(update).await.is_ok());
    let mut subscription = desk
        .registry
        .watch(NAMES, Query::all())
        .expect("it is open");
    same(&desk.bench, &snapshot(&mut subscription), &desk.entries());
    let gone = desk
        .registry
        .unregister(Removal::new(NAMES, "k").of(p))
        .await;
    let entry = gone.expect("p holds k");
    same(&desk.bench, &entry.metadata, &tier(2));
    same(&desk.bench, &desk.holder("k"), &None);
    let cause = Cause::Unregistered;
    let told = vec![vec![Change::Unregistered { entry, cause }]];
    same(&desk.bench, &batches(&mut subscription), &told);
}

async fn a29_every_change_is_told_in_order_with_name_holder_and_metadata<R: Runtime>(
    desk: Desk<R>,
) {
    let mut subscription = watch(&desk);
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.give_with("a", p, tier(1)).await;
    let update = Update::new(NAMES, "a", Revision::Replace(tier(2)));
    assert!(desk.registry.update(update).await.is_ok());
    let_go(&desk, "a").await;
    desk.give_with("a", q, tier(3)).await;
    desk.end("q", q, ExitReason::Normal).await;
    let told = batches(&mut subscription);
    let expected = [
        "held a {tier: 1}",
        "updated a {tier: 2}",
        "left a {tier: 2}",
        "held a {tier: 3}",
        "left a {tier: 3}",
    ];
    same(
        &desk.bench,
        &words(&told),
        &expected.map(str::to_owned).to_vec(),
    );
    let holders: Vec<_> = told
        .iter()
        .flatten()
        .map(|change| change.entry().process)
        .collect();
    same(&desk.bench, &holders, &vec![p, p, p, q, q]);
    let last = told.last().and_then(|batch| batch.last());
    let exited = matches!(
        last,
        Some(Change::Unregistered {
            cause: Cause::Exited,
            ..
        })
    );
    assert!(exited, "{last:?}");
    // A change that changes nothing is none.
    desk.give_with("b", p, tier(1)).await;
    let update = Update::new(NAMES, "b", Revision::Replace(tier(1)));
    assert!(desk.registry.update(update).await.is_ok());
    same(
        &desk.bench,
        &words(&batches(&mut subscription)),
        &vec!["held b {tier: 1}".to_owned()],
    );
}

async fn a30_filters_that_overlap_tell_a_change_once<R: Runtime>(desk: Desk<R>) {
    let mut subscription = watch(&desk);
    for query in [
        Query::all().name("k"),
        Query::all().prefix("k"),
        Query::all().is("tier", 1),
    ] {
        let added = subscription.add(NAMES, query);
        same(&desk.bench, &added, &Ok(()));
        same(&desk.bench, &snapshot(&mut subscription), &Vec::new());
    }
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let_go(&desk, "k").await;
    let expected = ["held k {tier: 1}", "left k {tier: 1}"];
    let told = words(&batches(&mut subscription));
    same(&desk.bench, &told, &expected.map(str::to_owned).to_vec());
}

async fn a31_a_filter_added_twice_is_taken_away_once<R: Runtime>(desk: Desk<R>) {
    let mut subscription = watch(&desk);
    same(&desk.bench, &subscription.add(NAMES, Query::all()), &Ok(()));
    assert!(subscription.try_next().is_none());
    let p = desk.player("p");
    desk.give("a", p).await;
    same(&desk.bench, &batches(&mut subscription).len(), &1);
    assert!(subscription.remove(NAMES, &Query::all()));
    assert!(!subscription.remove(NAMES, &Query::all()));
    desk.give("b", p).await;
    same(&desk.bench, &batches(&mut subscription), &Vec::new());
}

async fn a32_a_process_is_told_of_its_own_registration<R: Runtime>(desk: Desk<R>) {
    let answers = desk
        .race(1, |context: Context<R>, registry| async move {
            let mut subscription = registry.watch(NAMES, Query::all()).expect("it is open");
            assert!(snapshot(&mut subscription).is_empty());
            let wanted = Registration::new(NAMES, "k", context.id());
            let given = registry.register(wanted).await.expect("k is free");
            (given.entry, batches(&mut subscription))
        })
        .await;
    for (entry, told) in answers {
        same(&desk.bench, &told, &vec![vec![Change::Registered(entry)]]);
    }
}

async fn a34_the_end_of_a_process_is_one_batch_per_partition<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    for number in 0..30 {
        desk.give(&format!("k{number:02}"), p).await;
    }
    let mut subscription = desk
        .registry
        .watch(NAMES, Query::all())
        .expect("it is open");
    same(&desk.bench, &snapshot(&mut subscription).len(), &30);
    desk.end("p", p, ExitReason::Killed).await;
    let told = batches(&mut subscription);
    let partitions = desk.registry.stats().partitions.len();
    assert!(told.len() <= partitions, "{} batches", told.len());
    let mut left = words(&told);
    left.sort_unstable();
    let expected: Vec<_> = (0..30)
        .map(|number| format!("left k{number:02} {{}}"))
        .collect();
    same(&desk.bench, &left, &expected);
}

async fn a35_one_change_is_a_batch_of_one<R: Runtime>(desk: Desk<R>) {
    let mut subscription = watch(&desk);
    let p = desk.player("p");
    for number in 0..10 {
        desk.give(&format!("k{number}"), p).await;
    }
    desk.join("g", p).await;
    let refused = desk
        .registry
        .register(Registration::new(NAMES, "k0", desk.player("q")))
        .await;
    assert!(refused.is_err());
    let sizes: Vec<_> = batches(&mut subscription).iter().map(Vec::len).collect();
    same(&desk.bench, &sizes, &vec![1; 10]);
}

async fn a52_waiting_for_a_name_ends_when_it_comes_or_at_the_limit<R: Runtime>(desk: Desk<R>) {
    let limit = Duration::from_secs(3);
    // What the backend does by itself in that time, such as asking after its peers.
    let polls = desk.bench.polls();
    desk.bench.pass(limit).await;
    let idle = desk.bench.polls() - polls;
    let start = desk.bench.now();
    let polls = desk.bench.polls();
    let answer = desk.registry.await_registered(NAMES, "k", limit).await;
    same(
        &desk.bench,
        &answer,
        &Err(RegistryError::DeadlineExceeded { limit }),
    );
    let passed = desk.bench.now().since(start);
    assert!(
        passed >= limit && passed < limit + Duration::from_secs(1),
        "{passed:?}"
    );
    let work = desk.bench.polls() - polls;
    assert!(
        work < idle + 5,
        "{work} polls of tasks while nothing happened, and {idle} without waiting"
    );
    let p = desk.player("p");
    let registry = desk.registry.clone();
    let waiter = desk.bench.start(
        steadfast::process::ProcessSpec::new("waiter"),
        move |_context: Context<R>| async move {
            let entry = registry.await_registered(NAMES, "k", LONG).await;
            assert!(entry.is_ok_and(|entry| entry.process == p));
        },
    );
    desk.bench.quiet().await;
    let before = desk.bench.now();
    desk.give("k", p).await;
    same(
        &desk.bench,
        &desk.bench.exit_of(waiter).await,
        &ExitReason::Normal,
    );
    let passed = desk.bench.now().since(before);
    assert!(passed < Duration::from_millis(10), "{passed:?}");
    let there = desk
        .registry
        .await_registered(NAMES, "k", Duration::ZERO)
        .await;
    same(&desk.bench, &there.map(|entry| entry.process), &Ok(p));
}

async fn a_snapshot_and_what_follows_have_no_gap_and_nothing_twice<R: Runtime>(desk: Desk<R>) {
    let told = desk
        .race(12, |context: Context<R>, registry| async move {
            let name = format!("k{}", context.id().local);
            let given = registry
                .register(Registration::new(NAMES, name.clone(), context.id()))
                .await;
            assert!(given.is_ok(), "{given:?}");
            let mut subscription = registry.watch(NAMES, Query::all()).expect("it is open");
            let mut seen = snapshot(&mut subscription);
            let wanted = Registration::new(NAMES, format!("{name}b"), context.id());
            assert!(registry.register(wanted).await.is_ok());
            context.runtime().sleep(Duration::from_millis(1)).await;
            for change in batches(&mut subscription).into_iter().flatten() {
                match change {
                    Change::Registered(entry) => {
                        assert!(!seen.contains(&entry), "{entry:?} was told twice");
                        seen.push(entry);
                    }
                    Change::Unregistered { entry, .. } => {
                        let known = seen.iter().position(|seen| *seen == entry);
                        seen.remove(known.expect("only what was told can go"));
                    }
                    Change::Updated { entry, .. } => panic!("nobody updated {entry:?}"),
                }
            }
            seen.sort_by(|a, b| a.key.cmp(&b.key));
            (
                seen,
                registry.select(NAMES, &Query::all()).expect("it is open"),
            )
        })
        .await;
    for (seen, there) in told {
        same(&desk.bench, &seen, &there);
    }
    same(
        &desk.bench,
        &desk.registry.count(GROUPS, &Query::all()),
        &Ok(0),
    );
}
