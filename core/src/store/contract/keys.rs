//! Promises of keys and their revisions.

use std::sync::Arc;

use super::harness::Harness;
use super::verdict::{Verdict, all_keys, broken, ensure, promises, same, text};
use crate::store::bytes::{Key, Value};
use crate::store::entry::Revision;
use crate::store::error::{Invalid, ReadError, TransactError};
use crate::store::range::KeyRange;

promises! {
    "keys.put" "A value that was put is read, by every handle." put;
    "keys.missing" "A key that was never put, or was deleted, does not exist." missing;
    "keys.revisions" "Every change makes the next revision, and a read makes none." revisions;
    "keys.entry" "An entry says when its key began to exist, when and how often it was put." entry;
    "keys.again" "A key that is put after it was deleted begins anew." again;
    "keys.nothing" "Deleting what does not exist makes no revision." nothing;
    "keys.bytes" "Keys and values are any bytes; a value may be empty." bytes;
    "keys.prefix" "Deleting a prefix deletes what begins with it and nothing else." prefix;
    "keys.bounds" "Keys and values over their bounds are refused and change nothing." bounds;
}

async fn put<H: Harness>(harness: Arc<H>) -> Verdict {
    harness.store().await.put("a", "1").await?;
    let found = harness.store().await.get("a").await?;
    same("the value", text(found.as_ref()), Some("1".into()))
}

async fn missing<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    same("before", store.get("a").await?, None)?;
    store.put("a", "1").await?;
    same("deleted", store.delete(KeyRange::key("a")).await?, 1)?;
    same("after", store.get("a").await?, None)
}

async fn revisions<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let first = store.put("a", "1").await?;
    store.get("a").await?;
    let second = store.put("a", "1").await?;
    same("the second put", second, first.next())?;
    store.delete(KeyRange::key("a")).await?;
    let third = store.put("b", "1").await?;
    same("a put after a delete", third, second.next().next())
}

async fn entry<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let created = store.put("a", "1").await?;
    store.put("b", "1").await?;
    let modified = store.put("a", "2").await?;
    let entry = store
        .get("a")
        .await?
        .ok_or_else(|| broken("the key is gone"))?;
    same("create revision", entry.create_revision, created)?;
    same("mod revision", entry.mod_revision, modified)?;
    same("version", entry.version, 2)?;
    same("lease", entry.lease, None)
}

async fn again<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    store.put("a", "1").await?;
    store.put("a", "2").await?;
    store.delete(KeyRange::key("a")).await?;
    let created = store.put("a", "3").await?;
    let entry = store
        .get("a")
        .await?
        .ok_or_else(|| broken("the key is gone"))?;
    same("create revision", entry.create_revision, created)?;
    same("version", entry.version, 1)
}

async fn nothing<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "1").await?;
    same("deleted", store.delete(KeyRange::prefix("b")).await?, 0)?;
    same("the next put", store.put("a", "2").await?, before.next())
}

async fn bytes<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let key = Key::from(&[0, 255, b'/', 128][..]);
    let value = Value::from(&[255, 0, 10][..]);
    store.put(&key, &value).await?;
    let found = store.get(&key).await?;
    same("the value", found.map(|entry| entry.value), Some(value))?;
    store.put(&key, "").await?;
    let found = store.get(&key).await?;
    same(
        "the empty value",
        found.map(|entry| entry.value),
        Some("".into()),
    )
}

async fn prefix<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    for key in ["a", "a/", "a/1", "a/2", "a0", "b"] {
        store.put(key, "x").await?;
    }
    same("deleted", store.delete(KeyRange::prefix("a/")).await?, 3)?;
    same(
        "what is left",
        all_keys(&store).await?,
        ["a", "a0", "b"].map(String::from).into(),
    )
}

async fn bounds<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let before = store.put("a", "1").await?;
    let (key_max, value_max) = (store.limits().key_len_max, store.limits().value_len_max);
    let refused = store.put("", "1").await;
    same("an empty key", refused, Err(Invalid::EmptyKey.into()))?;
    let refused = store.get(vec![b'k'; key_max + 1]).await;
    let too_long = Invalid::KeyTooLong {
        len: key_max + 1,
        len_max: key_max,
    };
    same("a long key", refused, Err(ReadError::from(too_long)))?;
    let refused = store.put("a", vec![0; value_max + 1]).await;
    let refused = matches!(
        refused,
        Err(TransactError::Invalid(Invalid::ValueTooLong { .. }))
    );
    ensure(refused, "a long value was not refused")?;
    store.put(vec![b'k'; key_max], "1").await?;
    store.put("a", vec![0; value_max]).await?;
    let entry = store.get("a").await?;
    let expected = Some(Revision(before.0 + 2));
    same(
        "the revision",
        entry.map(|entry| entry.mod_revision),
        expected,
    )
}
