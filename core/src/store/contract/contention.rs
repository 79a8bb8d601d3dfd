//! Promises of transactions against others: nothing is lost, one wins.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::harness::Harness;
use super::verdict::{Verdict, all_keys, broken, promises, same, text};
use crate::runtime::contract::Broken;
use crate::store::handle::Store;
use crate::store::transaction::{Compare, Operation, Transaction};

promises! {
    "contention.one_wins" "Of any number who create a key exactly one succeeds." one_wins;
    "contention.g21_conflict" "A write on what was read happens only if that still holds." g21_conflict;
    "contention.g21_aborted" "A transaction whose comparisons fail leaves nothing behind." g21_aborted;
    "contention.g21_increments" "Of many increments on what was read none is lost." g21_increments;
    "contention.order" "What one handle was answered, every other sees." order;
}

type Contender = Pin<Box<dyn Future<Output = Result<usize, Broken>> + Send>>;

/// Runs all at the same time; answers what each came to.
async fn together(mut contenders: Vec<Contender>) -> Result<Vec<usize>, Broken> {
    let mut ended: Vec<Option<usize>> = vec![None; contenders.len()];
    std::future::poll_fn(|context| {
        for (contender, ended) in contenders.iter_mut().zip(&mut ended) {
            if ended.is_none()
                && let Poll::Ready(answer) = contender.as_mut().poll(context)
            {
                match answer {
                    Ok(answer) => *ended = Some(answer),
                    Err(broken) => return Poll::Ready(Err(broken)),
                }
            }
        }
        if ended.iter().all(Option::is_some) {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    })
    .await?;
    Ok(ended.into_iter().flatten().collect())
}

async fn one_wins<H: Harness>(harness: Arc<H>) -> Verdict {
    let mut contenders: Vec<Contender> = Vec::new();
    for number in 0..8 {
        let store = harness.store().await;
        contenders.push(Box::pin(async move {
            let create = Transaction::when([Compare::missing("a")])
                .then([Operation::put("a", format!("{number}"))]);
            Ok(usize::from(store.transact(create).await?.succeeded))
        }));
    }
    let won = together(contenders).await?;
    same("winners", won.iter().sum::<usize>(), 1)?;
    let winner = won.iter().position(|won| *won == 1);
    let value = text(harness.store().await.get("a").await?.as_ref());
    same("the value", value, winner.map(|winner| winner.to_string()))
}

async fn g21_conflict<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let read = store.put("a", "1").await?;
    let write = |value| {
        let write = Transaction::when([Compare::mod_revision("a", read)])
            .then([Operation::put("a", value)]);
        store.transact(write)
    };
    same("the first", write("2").await?.succeeded, true)?;
    same("the second", write("3").await?.succeeded, false)?;
    same(
        "the value",
        text(store.get("a").await?.as_ref()),
        Some("2".into()),
    )?;
    // The same value again is another revision.
    let read = store.put("a", "2").await?;
    let again =
        Transaction::when([Compare::mod_revision("a", read)]).then([Operation::put("a", "4")]);
    same(
        "on the latest",
        store.transact(again).await?.succeeded,
        true,
    )
}

async fn g21_aborted<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "1").await?;
    let steps = [Operation::put("b", "2"), Operation::delete("a")];
    let aborted = Transaction::when([Compare::value("a", "9")]).then(steps);
    let answer = store.transact(aborted).await?;
    same(
        "the answer",
        (answer.succeeded, answer.revision),
        (false, before),
    )?;
    same("all keys", all_keys(&store).await?, vec!["a".to_owned()])
}

const CLIENTS: usize = 5;
const INCREMENTS: usize = 8;

/// Increments by reading and writing if nobody else did. Others read in between.
async fn increment<H: Harness>(harness: &H, store: &Store) -> Verdict {
    for _ in 0..1_000 {
        let Some(found) = store.get("counter").await? else {
            return Err(broken("the counter is gone"));
        };
        harness.pass(Duration::from_millis(1)).await;
        let value: u64 = found.value.to_string().parse().map_err(broken)?;
        let write = Transaction::when([Compare::mod_revision("counter", found.mod_revision)])
            .then([Operation::put("counter", (value + 1).to_string())]);
        if store.transact(write).await?.succeeded {
            return Ok(());
        }
    }
    Err(broken("an increment never succeeds"))
}

async fn g21_increments<H: Harness>(harness: Arc<H>) -> Verdict {
    harness.store().await.put("counter", "0").await?;
    let mut contenders: Vec<Contender> = Vec::new();
    for _ in 0..CLIENTS {
        let store = harness.store().await;
        let harness = harness.clone();
        contenders.push(Box::pin(async move {
            for _ in 0..INCREMENTS {
                increment(&*harness, &store).await?;
            }
            Ok(0)
        }));
    }
    together(contenders).await?;
    let total = text(harness.store().await.get("counter").await?.as_ref());
    same(
        "the counter",
        total,
        Some((CLIENTS * INCREMENTS).to_string()),
    )
}

async fn order<H: Harness>(harness: Arc<H>) -> Verdict {
    for round in 0..20 {
        let written = harness.store().await.put("a", round.to_string()).await?;
        let read = harness.store().await.get("a").await?;
        same("the value", text(read.as_ref()), Some(round.to_string()))?;
        same(
            "its revision",
            read.map(|entry| entry.mod_revision),
            Some(written),
        )?;
    }
    Ok(())
}
