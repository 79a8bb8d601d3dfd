//! Promises of reads of ranges.

use std::sync::Arc;

use super::harness::Harness;
use super::verdict::{Verdict, keys_of, promises, same, text};
use crate::store::entry::Revision;
use crate::store::error::{ReadError, TransactError};
use crate::store::handle::Store;
use crate::store::range::KeyRange;
use crate::store::read::{Consistency, Order, Read};

promises! {
    "reads.range" "A range is read in the order of keys, its end excluded." range;
    "reads.limit" "A read that is cut says so, and how many keys there are." limit;
    "reads.order" "Entries come in the order of creation or of change, either way round." order;
    "reads.created" "A read can leave out what began to exist later." created;
    "reads.past" "A read at an earlier revision shows what was there then." past;
    "reads.future" "A read at a revision that has not happened is refused." future;
    "reads.local" "A local read shows one revision of the whole store." local;
}

fn strings<const N: usize>(keys: [&str; N]) -> Vec<String> {
    keys.map(String::from).into()
}

/// Creates b, a, c and then changes b.
async fn fill(store: &Store) -> Result<[Revision; 4], TransactError> {
    Ok([
        store.put("b", "1").await?,
        store.put("a", "1").await?,
        store.put("c", "1").await?,
        store.put("b", "2").await?,
    ])
}

async fn range<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    fill(&store).await?;
    let read = |range| keys_of(&store, Read::new(range));
    same(
        "all",
        read(KeyRange::all()).await?,
        strings(["a", "b", "c"]),
    )?;
    same(
        "a..c",
        read(KeyRange::between("a", "c")).await?,
        strings(["a", "b"]),
    )?;
    same(
        "b..",
        read(KeyRange::since("b")).await?,
        strings(["b", "c"]),
    )?;
    same(
        "c..a",
        read(KeyRange::between("c", "a")).await?,
        strings([]),
    )
}

async fn limit<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    fill(&store).await?;
    let reading = store.read(Read::new(KeyRange::all()).limit(2)).await?;
    same("entries", reading.entries.len(), 2)?;
    same("count and more", (reading.count, reading.more), (3, true))?;
    let reading = store.read(Read::new(KeyRange::all()).limit(3)).await?;
    same("count and more", (reading.count, reading.more), (3, false))?;
    let reading = store.read(Read::new(KeyRange::all()).limit(0)).await?;
    same("entries", reading.entries.len(), 0)?;
    same("count and more", (reading.count, reading.more), (3, true))
}

async fn order<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    fill(&store).await?;
    let all = || Read::new(KeyRange::all());
    for (read, expected) in [
        (all().order(Order::CreateRevision), ["b", "a", "c"]),
        (all().order(Order::ModRevision), ["a", "c", "b"]),
        (all().descending(), ["c", "b", "a"]),
        (
            all().order(Order::CreateRevision).descending(),
            ["c", "a", "b"],
        ),
        (
            all().order(Order::ModRevision).descending(),
            ["b", "c", "a"],
        ),
    ] {
        let what = format!("{read:?}");
        same(&what, keys_of(&store, read).await?, strings(expected))?;
    }
    let oldest = all().order(Order::CreateRevision).limit(1);
    same("the oldest", keys_of(&store, oldest).await?, strings(["b"]))
}

async fn created<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let [_, second, ..] = fill(&store).await?;
    let read = Read::new(KeyRange::all()).created_until(second);
    same(
        "until the second",
        keys_of(&store, read).await?,
        strings(["a", "b"]),
    )
}

async fn past<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let [first, _, third, fourth] = fill(&store).await?;
    store.delete(KeyRange::key("a")).await?;
    let read = Read::new(KeyRange::all()).at(first);
    same("at the first", keys_of(&store, read).await?, strings(["b"]))?;
    let reading = store.read(Read::new(KeyRange::key("b")).at(third)).await?;
    same("the revision told", reading.revision, fourth.next())?;
    same(
        "b then",
        text(reading.into_first().as_ref()),
        Some("1".into()),
    )?;
    let read = Read::new(KeyRange::all()).at(fourth);
    same(
        "at the fourth",
        keys_of(&store, read).await?,
        strings(["a", "b", "c"]),
    )
}

async fn future<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let current = store.put("a", "1").await?;
    let requested = current.next();
    let refused = store
        .read(Read::new(KeyRange::key("a")).at(requested))
        .await;
    same(
        "the read",
        refused,
        Err(ReadError::Future { requested, current }),
    )
}

async fn local<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    fill(&store).await?;
    let local = Read::new(KeyRange::all()).consistency(Consistency::Local);
    let local = harness.store().await.read(local).await?;
    // It may be old, but then all of it is.
    let then = store
        .read(Read::new(KeyRange::all()).at(local.revision))
        .await?;
    same("the entries", local.entries, then.entries)
}
