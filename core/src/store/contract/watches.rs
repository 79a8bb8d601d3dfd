//! Promises of watches.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::harness::Harness;
use super::verdict::{Verdict, broken, ensure, next, promises, put_leased, same, silent, text};
use crate::store::entry::Revision;
use crate::store::range::KeyRange;
use crate::store::transaction::{Operation, Transaction};
use crate::store::watch::Change;

promises! {
    "watches.now" "A watch tells every change after it began and none before." now;
    "watches.past" "A watch from an earlier revision tells all since then, without gap or double." past;
    "watches.future" "A watch from a revision to come tells nothing before it." future;
    "watches.whole" "All changes of one revision are told at once, in the order of their steps." whole;
    "watches.range" "A watch tells nothing outside its range." range;
    "watches.previous" "A change tells what was there before." previous;
    "watches.lease" "Keys that go with their lease are told as deleted, in one revision." lease;
    "watches.many" "Watches do not take changes from each other." many;
    "watches.dropped_wait" "A wait that is dropped takes no change." dropped_wait;
    "watches.position" "Another watch goes on from the position of one that ended." position;
    "watches.reading" "A reading and a watch from the revision after it miss nothing." reading;
}

async fn now<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a", "before").await?;
    let mut watch = store.watch(KeyRange::all()).await?;
    let first = store.put("a", "1").await?;
    let second = store.put("b", "2").await?;
    same(
        "the first",
        next(&*harness, &mut watch).await?.revision,
        first,
    )?;
    same(
        "the second",
        next(&*harness, &mut watch).await?.revision,
        second,
    )?;
    silent(&*harness, &mut watch).await
}

async fn past<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut written = Vec::new();
    for round in 0..10 {
        written.push(store.put("a", round.to_string()).await?);
    }
    let mut watch = store.watch_from(KeyRange::key("a"), written[3]).await?;
    for round in 10..14 {
        written.push(store.put("a", round.to_string()).await?);
    }
    for revision in &written[3..] {
        same(
            "told",
            next(&*harness, &mut watch).await?.revision,
            *revision,
        )?;
    }
    silent(&*harness, &mut watch).await
}

async fn future<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "0").await?;
    let from = Revision(before.0 + 3);
    let mut watch = store.watch_from(KeyRange::all(), from).await?;
    for round in 1..=3 {
        store.put("a", round.to_string()).await?;
    }
    same("told", next(&*harness, &mut watch).await?.revision, from)?;
    silent(&*harness, &mut watch).await
}

async fn whole<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("m/old", "x").await?;
    let mut watch = store.watch(KeyRange::prefix("m/")).await?;
    let steps = [
        Operation::put("m/z", "1"),
        Operation::put("other", "1"),
        Operation::delete("m/old"),
        Operation::put("m/a", "1"),
    ];
    let revision = store.transact(Transaction::of(steps)).await?.revision;
    let told = next(&*harness, &mut watch).await?;
    same("the revision", told.revision, revision)?;
    let keys: Vec<_> = told
        .changes
        .iter()
        .map(|change| change.key().to_string())
        .collect();
    same(
        "the keys",
        keys,
        ["m/z", "m/old", "m/a"].map(String::from).into(),
    )
}

async fn range<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut one = store.watch(KeyRange::key("a")).await?;
    let mut between = store.watch(KeyRange::between("b", "d")).await?;
    for key in ["a/", "d", "aa", "A"] {
        store.put(key, "x").await?;
    }
    silent(&*harness, &mut one).await?;
    silent(&*harness, &mut between).await?;
    let a = store.put("a", "x").await?;
    let c = store.put("c", "x").await?;
    same("a", next(&*harness, &mut one).await?.revision, a)?;
    same("c", next(&*harness, &mut between).await?.revision, c)
}

async fn previous<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watch = store.watch(KeyRange::all()).await?;
    store.put("a", "1").await?;
    store.put("a", "2").await?;
    store.delete(KeyRange::key("a")).await?;
    let mut told = Vec::new();
    for _ in 0..3 {
        for change in next(&*harness, &mut watch).await?.changes {
            told.push(match change {
                Change::Put { entry, previous } => (text(Some(&entry)), text(previous.as_ref())),
                Change::Deleted { previous, .. } => (None, text(previous.as_ref())),
            });
        }
    }
    let some = |value: &str| Some(value.to_owned());
    let expected = vec![(some("1"), None), (some("2"), some("1")), (None, some("2"))];
    same("the changes", told, expected)
}

async fn lease<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = store.grant(harness.ttl() * 50).await?.lease;
    for key in ["a", "b"] {
        put_leased(&store, key, lease).await?;
    }
    let mut watch = store.watch(KeyRange::all()).await?;
    let revoked = store.revoke(lease).await?;
    same("deleted", revoked.deleted, 2)?;
    let told = next(&*harness, &mut watch).await?;
    same("the revision", told.revision, revoked.revision)?;
    let deleted = |change: &Change| matches!(change, Change::Deleted { .. });
    let both = told.changes.len() == 2 && told.changes.iter().all(deleted);
    ensure(both, format_args!("the watch told {told:?}"))
}

async fn many<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watches = Vec::new();
    for _ in 0..5 {
        watches.push(harness.store().await.watch(KeyRange::prefix("k")).await?);
    }
    let mut written = Vec::new();
    for round in 0..5 {
        written.push(store.put(format!("k{round}"), "x").await?);
    }
    // One goes early; the others are none the wiser.
    drop(watches.remove(2));
    for watch in &mut watches {
        for revision in &written {
            same("told", next(&*harness, watch).await?.revision, *revision)?;
        }
    }
    Ok(())
}

async fn dropped_wait<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watch = store.watch(KeyRange::all()).await?;
    {
        let waiting = pin!(watch.next());
        let polled = waiting.poll(&mut Context::from_waker(Waker::noop()));
        ensure(polled.is_pending(), "there was a change already")?;
    }
    let revision = store.put("a", "1").await?;
    same(
        "told",
        next(&*harness, &mut watch).await?.revision,
        revision,
    )
}

async fn position<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watch = store.watch(KeyRange::all()).await?;
    let mut written = Vec::new();
    for round in 0..4 {
        written.push(store.put("a", round.to_string()).await?);
    }
    for revision in &written[..2] {
        same(
            "told",
            next(&*harness, &mut watch).await?.revision,
            *revision,
        )?;
    }
    let position = watch.position();
    drop(watch);
    let mut watch = harness
        .store()
        .await
        .watch_from(KeyRange::all(), position)
        .await?;
    for revision in &written[2..] {
        same(
            "told",
            next(&*harness, &mut watch).await?.revision,
            *revision,
        )?;
    }
    silent(&*harness, &mut watch).await
}

async fn reading<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a", "1").await?;
    let read = crate::store::read::Read::new(KeyRange::all());
    let reading = store.read(read).await?;
    let written = store.put("a", "2").await?;
    let from = reading.revision.next();
    let mut watch = store.watch_from(KeyRange::all(), from).await?;
    let told = next(&*harness, &mut watch).await?;
    same("told", told.revision, written)?;
    let Some(Change::Put { entry, .. }) = told.changes.first() else {
        return Err(broken(format_args!("the watch told {told:?}")));
    };
    same("the value", text(Some(entry)), Some("2".into()))
}
