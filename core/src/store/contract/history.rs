//! Promises of compaction.

use std::sync::Arc;

use super::harness::Harness;
use super::verdict::{Verdict, keys_of, next, promises, same, text};
use crate::runtime::timeout;
use crate::store::entry::Revision;
use crate::store::error::{CompactError, ReadError, TransactError, WatchError};
use crate::store::handle::Store;
use crate::store::range::KeyRange;
use crate::store::read::Read;

promises! {
    "history.reads" "What was before a compaction cannot be read, what is from it on can." reads;
    "history.present" "A compaction changes nothing of the present." present;
    "history.watches" "A watch from before a compaction is refused, from it on it begins." watches;
    "history.twice" "A compaction that was done is refused, and one of the future." twice;
    "history.slow" "A watch whose changes are compacted before it took them ends, and says so." slow;
    "history.idle" "A watch that had nothing to tell is not harmed by a compaction." idle;
    "history.bounded" "The history is bounded, and what it still has is whole." bounded;
}

async fn fill(store: &Store, puts: u64) -> Result<Vec<Revision>, TransactError> {
    let mut written = Vec::new();
    for round in 0..puts {
        written.push(store.put("a", round.to_string()).await?);
    }
    Ok(written)
}

async fn reads<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let written = fill(&store, 6).await?;
    store.compact(written[3]).await?;
    let read = |revision| store.read(Read::new(KeyRange::key("a")).at(revision));
    let refused = ReadError::Compacted {
        requested: written[2],
        compacted: written[3],
    };
    same("before", read(written[2]).await, Err(refused))?;
    for (round, revision) in written.iter().enumerate().skip(3) {
        let found = read(*revision).await?.into_first();
        same("from it on", text(found.as_ref()), Some(round.to_string()))?;
    }
    Ok(())
}

async fn present<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("b", "x").await?;
    store.put("c", "x").await?;
    store.delete(KeyRange::key("c")).await?;
    fill(&store, 3).await?;
    let all = || Read::new(KeyRange::all());
    let before = store.read(all()).await?;
    store.compact(before.revision).await?;
    same("the reading", store.read(all()).await?, before)?;
    same(
        "the keys",
        keys_of(&store, all()).await?,
        ["a", "b"].map(String::from).into(),
    )
}

async fn watches<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let written = fill(&store, 6).await?;
    store.compact(written[3]).await?;
    // An engine may say so at the beginning or with the first changes.
    let begun = store.watch_from(KeyRange::all(), written[2]).await;
    let refused = match begun {
        Ok(mut watch) => timeout(&harness.clock(), super::verdict::PATIENCE, watch.next())
            .await
            .map(Result::err)
            .ok()
            .flatten(),
        Err(error) => Some(error),
    };
    let expected = WatchError::Compacted {
        requested: written[2],
        compacted: written[3],
    };
    same("before", refused, Some(expected))?;
    let mut watch = store.watch_from(KeyRange::all(), written[3]).await?;
    for revision in &written[3..] {
        same(
            "from it on",
            next(&*harness, &mut watch).await?.revision,
            *revision,
        )?;
    }
    Ok(())
}

async fn twice<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let written = fill(&store, 4).await?;
    store.compact(written[2]).await?;
    for requested in [written[1], written[2]] {
        let compacted = written[2];
        let refused = CompactError::Compacted {
            requested,
            compacted,
        };
        same("once more", store.compact(requested).await, Err(refused))?;
    }
    let current = written[3];
    let requested = current.next();
    let refused = CompactError::Future { requested, current };
    same("the future", store.compact(requested).await, Err(refused))
}

async fn slow<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watch = store.watch(KeyRange::all()).await?;
    let written = fill(&store, 6).await?;
    same(
        "the first",
        next(&*harness, &mut watch).await?.revision,
        written[0],
    )?;
    store.compact(written[4]).await?;
    // What it had taken or was on its way is told in order; then it goes on, or ends.
    let mut expected = written[1];
    loop {
        match timeout(&harness.clock(), super::verdict::PATIENCE, watch.next()).await {
            Ok(Ok(told)) => {
                same("told", told.revision, expected)?;
                if expected == written[5] {
                    return Ok(());
                }
                expected = expected.next();
            }
            Ok(Err(error)) => {
                let lost = WatchError::Compacted {
                    requested: expected,
                    compacted: written[4],
                };
                same("the position", watch.position(), expected)?;
                return same("the end", error, lost);
            }
            Err(elapsed) => return same("the watch", elapsed.to_string(), "told".into()),
        }
    }
}

async fn idle<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let mut watch = store.watch(KeyRange::key("b")).await?;
    let written = fill(&store, 6).await?;
    store.compact(written[5]).await?;
    let revision = store.put("b", "x").await?;
    same(
        "told",
        next(&*harness, &mut watch).await?.revision,
        revision,
    )
}

async fn bounded<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let history = store.limits().history_len_max as u64;
    // Engines are checked with a history that a case can fill.
    let puts = history.min(200) + 50;
    let written = fill(&store, puts).await?;
    let mut readable = 0;
    for (round, revision) in written.iter().enumerate() {
        match store
            .read(Read::new(KeyRange::key("a")).at(*revision))
            .await
        {
            Ok(reading) => {
                readable += 1;
                let found = text(reading.into_first().as_ref());
                same("what is left", found, Some(round.to_string()))?;
            }
            Err(ReadError::Compacted { .. }) => same("a gap", readable, 0)?,
            Err(error) => return Err(error.into()),
        }
    }
    same("the end", readable > 0, true)?;
    if history <= 200 {
        same("bounded", readable <= history, true)?;
    }
    Ok(())
}
