//! Promises of transactions.

use std::sync::Arc;

use super::harness::Harness;
use super::verdict::{Verdict, all_keys, ensure, promises, same, text};
use crate::store::entry::Revision;
use crate::store::error::{Invalid, TransactError};
use crate::store::lease::LeaseId;
use crate::store::range::KeyRange;
use crate::store::read::Read;
use crate::store::transaction::{Compare, Done, Operand, Operation, Relation, Transaction};

promises! {
    "transactions.branches" "The first list happens if all comparisons hold, otherwise the second." branches;
    "transactions.compares" "Values, versions, revisions and leases are compared by etcd's rules." compares;
    "transactions.ranges" "A comparison of a range holds if it holds for every key in it." ranges;
    "transactions.one_revision" "All changes of a transaction have one revision." one_revision;
    "transactions.reads" "A read in a transaction sees the steps before it." reads;
    "transactions.previous" "A put tells what it replaced, a delete how many there were." previous;
    "transactions.refused" "A transaction that is refused leaves nothing behind." refused;
    "transactions.twice" "A transaction that would change a key twice is refused." twice;
    "transactions.bounds" "A transaction over its bounds is refused." bounds;
    "transactions.empty" "A transaction that changes nothing makes no revision." empty;
}

async fn branches<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let create = || {
        Transaction::when([Compare::missing("a")])
            .then([Operation::put("a", "created")])
            .otherwise([Operation::put("b", "found"), Operation::read("a")])
    };
    same(
        "the first time",
        store.transact(create()).await?.succeeded,
        true,
    )?;
    let second = store.transact(create()).await?;
    same("the second time", second.succeeded, false)?;
    same("steps", second.done.len(), 2)?;
    let (a, b) = (store.get("a").await?, store.get("b").await?);
    same("a", text(a.as_ref()), Some("created".into()))?;
    same("b", text(b.as_ref()), Some("found".into()))
}

async fn compares<H: Harness>(harness: Arc<H>) -> Verdict {
    use Relation::{Equal, Greater, Less, NotEqual};
    let store = harness.store().await;
    let created = store.put("a", "m").await?;
    let modified = store.put("a", "m").await?;
    let none = Revision::NONE;
    for (key, relation, operand, expected) in [
        ("a", Equal, Operand::Value("m".into()), true),
        ("a", NotEqual, Operand::Value("m".into()), false),
        ("a", Less, Operand::Value("n".into()), true),
        ("a", Greater, Operand::Value("l".into()), true),
        ("a", Equal, Operand::Version(2), true),
        ("a", Greater, Operand::Version(2), false),
        ("a", Equal, Operand::CreateRevision(created), true),
        ("a", Equal, Operand::ModRevision(created), false),
        ("a", Equal, Operand::ModRevision(modified), true),
        ("a", Less, Operand::ModRevision(modified.next()), true),
        ("a", Equal, Operand::Lease(None), true),
        ("a", Equal, Operand::Lease(Some(LeaseId(1))), false),
        ("b", Equal, Operand::Value("".into()), false),
        ("b", NotEqual, Operand::Value("x".into()), false),
        ("b", Equal, Operand::Version(0), true),
        ("b", Equal, Operand::CreateRevision(none), true),
        ("b", Equal, Operand::ModRevision(none), true),
        ("b", Equal, Operand::Lease(None), true),
    ] {
        let what = format!("{key} {relation:?} {operand:?}");
        let compare = Compare::new(KeyRange::key(key), relation, operand);
        let answer = store.transact(Transaction::when([compare])).await?;
        same(&what, answer.succeeded, expected)?;
    }
    Ok(())
}

async fn ranges<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a/1", "x").await?;
    store.put("a/2", "x").await?;
    store.put("a/2", "x").await?;
    let versions = |range, version| {
        let compare = Compare::new(range, Relation::Equal, Operand::Version(version));
        store.transact(Transaction::when([compare]))
    };
    same(
        "not all",
        versions(KeyRange::prefix("a/"), 2).await?.succeeded,
        false,
    )?;
    same(
        "all",
        versions(KeyRange::since("a/2"), 2).await?.succeeded,
        true,
    )?;
    same(
        "no key",
        versions(KeyRange::prefix("b/"), 0).await?.succeeded,
        true,
    )?;
    let empty = Transaction::when([Compare::empty(KeyRange::prefix("a/"))]);
    same("empty", store.transact(empty).await?.succeeded, false)?;
    let both = Transaction::when([Compare::exists("a/1"), Compare::missing("a/2")]);
    same("both", store.transact(both).await?.succeeded, false)
}

async fn one_revision<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("old", "x").await?;
    let steps = [
        Operation::put("a", "1"),
        Operation::delete("old"),
        Operation::put("b", "2"),
    ];
    let revision = store.transact(Transaction::of(steps)).await?.revision;
    same("the revision", revision, before.next())?;
    for key in ["a", "b"] {
        let entry = store.get(key).await?;
        same(key, entry.map(|entry| entry.mod_revision), Some(revision))?;
    }
    Ok(())
}

async fn reads<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a", "1").await?;
    let all = || Operation::Read(Read::new(KeyRange::all()));
    let steps = [
        all(),
        Operation::put("b", "2"),
        all(),
        Operation::delete("a"),
        all(),
    ];
    let transacted = store.transact(Transaction::of(steps)).await?;
    let mut seen = Vec::new();
    for done in &transacted.done {
        if let Done::Read(reading) = done {
            same(
                "the revision of a read",
                reading.revision,
                transacted.revision,
            )?;
            seen.push(reading.entries.len());
        }
    }
    same("entries seen", seen, vec![1, 2, 1])
}

async fn previous<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a", "1").await?;
    let steps = [
        Operation::put("a", "2"),
        Operation::put("b", "1"),
        Operation::Delete(KeyRange::prefix("c")),
    ];
    let done = store.transact(Transaction::of(steps)).await?.done;
    let [
        Done::Put { previous: a },
        Done::Put { previous: b },
        Done::Deleted { count },
    ] = &done[..]
    else {
        return same("the steps", format!("{done:?}"), "put, put, deleted".into());
    };
    same("a", text(a.as_ref()), Some("1".into()))?;
    same("b", b.clone(), None)?;
    same("deleted", *count, 0)
}

async fn refused<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "1").await?;
    let lease = LeaseId(4_711);
    let steps = [
        Operation::put("a", "2"),
        Operation::put("b", "2"),
        Operation::put_leased("c", "2", lease),
    ];
    let answer = store.transact(Transaction::of(steps)).await;
    same(
        "the answer",
        answer,
        Err(TransactError::LeaseNotFound { lease }),
    )?;
    let a = store.get("a").await?;
    same("a", a.map(|entry| entry.mod_revision), Some(before))?;
    same("all keys", all_keys(&store).await?, vec!["a".to_owned()])
}

async fn twice<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    for steps in [
        [Operation::put("a", "1"), Operation::put("a", "2")],
        [
            Operation::put("ab", "1"),
            Operation::Delete(KeyRange::prefix("a")),
        ],
        [Operation::delete("a"), Operation::put("a", "2")],
    ] {
        let what = format!("{steps:?}");
        let answer = store.transact(Transaction::of(steps)).await;
        let refused = matches!(
            answer,
            Err(TransactError::Invalid(Invalid::ChangedTwice { .. }))
        );
        ensure(refused, format_args!("{what}: {answer:?}"))?;
    }
    same("all keys", all_keys(&store).await?, Vec::new())
}

async fn bounds<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let len_max = store.limits().transaction_len_max;
    let puts = |count| (0..count).map(|number: usize| Operation::put(format!("{number:05}"), "x"));
    let answer = store.transact(Transaction::of(puts(len_max + 1))).await;
    let len = len_max + 1;
    let too_long = Invalid::TransactionTooLong { len, len_max };
    same("too many steps", answer, Err(too_long.into()))?;
    let answer = store.transact(Transaction::of(puts(len_max))).await?;
    same("as many as allowed", answer.done.len(), len_max)?;
    let (value, bytes) = (
        store.limits().value_len_max,
        store.limits().transaction_bytes_max,
    );
    let large =
        (0..=bytes / value).map(|number| Operation::put(format!("l{number}"), vec![0; value]));
    let answer = store.transact(Transaction::of(large)).await;
    let refused = matches!(
        answer,
        Err(TransactError::Invalid(
            Invalid::TransactionTooLarge { .. } | Invalid::TransactionTooLong { .. }
        ))
    );
    ensure(refused, format_args!("a large transaction: {answer:?}"))
}

async fn empty<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "1").await?;
    for transaction in [
        Transaction::default(),
        Transaction::of([Operation::read("a"), Operation::delete("b")]),
    ] {
        let answer = store.transact(transaction).await?;
        same("the revision", answer.revision, before)?;
    }
    same("the next put", store.put("a", "2").await?, before.next())
}
