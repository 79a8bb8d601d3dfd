//! Promises of leases, apart from their time.

use std::sync::Arc;

use super::harness::Harness;
use super::verdict::{Verdict, all_keys, ensure, promises, put_leased, same};
use crate::store::error::{Invalid, LeaseError, TransactError};
use crate::store::lease::LeaseId;
use crate::store::range::KeyRange;

promises! {
    "leases.distinct" "Every grant makes a lease of its own." distinct;
    "leases.e29_identities" "Bad and taken identities, and bad times to live, are refused." e29_identities;
    "leases.e29_missing" "A put under a lease that does not exist is refused." e29_missing;
    "leases.e27_revoked" "When a lease is revoked all its keys go, in one revision." e27_revoked;
    "leases.e26_over" "A lease that was revoked is not renewed, and does not come back." e26_over;
    "leases.e21_unknown" "A lease that never was is not renewed." e21_unknown;
    "leases.detached" "A key goes with the lease it was last put under, and with no other." detached;
    "leases.info" "A lease tells its time to live and its keys." info;
    "leases.list" "All leases are listed, and no others." list;
    "leases.untouched" "A lease that ends touches no key of another." untouched;
}

async fn distinct<H: Harness>(harness: Arc<H>) -> Verdict {
    let ttl = harness.ttl() * 50;
    let chosen = harness.store().await.grant_as(LeaseId(2), ttl).await?;
    let mut leases = vec![chosen.lease];
    for _ in 0..5 {
        leases.push(harness.store().await.grant(ttl).await?.lease);
    }
    leases.sort_unstable();
    leases.dedup();
    same("leases", leases.len(), 6)?;
    ensure(
        leases.iter().all(|lease| lease.is_valid()),
        format_args!("{leases:?}"),
    )
}

async fn e29_identities<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let ttl = harness.ttl() * 50;
    for lease in [LeaseId(0), LeaseId(u64::MAX), LeaseId(LeaseId::MAX.0 + 1)] {
        let refused = Err(Invalid::LeaseId { lease }.into());
        same("a bad identity", store.grant_as(lease, ttl).await, refused)?;
    }
    let lease = LeaseId(77);
    store.grant_as(lease, ttl).await?;
    let refused = Err(LeaseError::Exists { lease });
    same(
        "a taken identity",
        store.grant_as(lease, ttl).await,
        refused,
    )?;
    for ttl in [std::time::Duration::ZERO, std::time::Duration::MAX] {
        let answer = store.grant(ttl).await;
        let refused = matches!(answer, Err(LeaseError::Invalid(Invalid::Ttl { .. })));
        ensure(
            refused,
            format_args!("a time to live of {ttl:?}: {answer:?}"),
        )?;
    }
    store.revoke(lease).await?;
    same("free again", store.grant_as(lease, ttl).await.is_ok(), true)
}

async fn e29_missing<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = LeaseId(77);
    let refused = Err(TransactError::LeaseNotFound { lease });
    same("the put", put_leased(&store, "a", lease).await, refused)?;
    same("the keys", all_keys(&store).await?, Vec::new())
}

async fn e27_revoked<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = store.grant(harness.ttl() * 50).await?.lease;
    for key in ["a", "b", "c"] {
        put_leased(&store, key, lease).await?;
    }
    let before = store.put("d", "x").await?;
    let revoked = store.revoke(lease).await?;
    same(
        "deleted",
        (revoked.deleted, revoked.revision),
        (3, before.next()),
    )?;
    same("the keys", all_keys(&store).await?, vec!["d".to_owned()])
}

async fn e26_over<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = store.grant(harness.ttl() * 50).await?.lease;
    store.keep_alive(lease).await?;
    store.revoke(lease).await?;
    let gone = || LeaseError::NotFound { lease };
    let other = harness.store().await;
    same("renewed", other.keep_alive(lease).await, Err(gone()))?;
    same("revoked again", other.revoke(lease).await, Err(gone()))?;
    same("told of", other.lease(lease).await, Err(gone()))?;
    same("the list", other.leases().await?, Vec::new())
}

async fn e21_unknown<H: Harness>(harness: Arc<H>) -> Verdict {
    let lease = LeaseId(77);
    let answer = harness.store().await.keep_alive(lease).await;
    same("the answer", answer, Err(LeaseError::NotFound { lease }))
}

async fn detached<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let ttl = harness.ttl() * 50;
    let (first, second) = (store.grant(ttl).await?.lease, store.grant(ttl).await?.lease);
    for key in ["moved", "freed", "anew", "kept"] {
        put_leased(&store, key, first).await?;
    }
    put_leased(&store, "moved", second).await?;
    store.put("freed", "x").await?;
    store.delete(KeyRange::key("anew")).await?;
    store.put("anew", "x").await?;
    let entry = store.get("moved").await?;
    same(
        "the lease of an entry",
        entry.and_then(|entry| entry.lease),
        Some(second),
    )?;
    same("gone with the first", store.revoke(first).await?.deleted, 1)?;
    same(
        "gone with the second",
        store.revoke(second).await?.deleted,
        1,
    )?;
    let left = ["anew", "freed"].map(String::from).into();
    same("the keys", all_keys(&store).await?, left)
}

async fn info<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let granted = store.grant(harness.ttl() * 50).await?;
    for key in ["b", "a"] {
        put_leased(&store, key, granted.lease).await?;
    }
    let info = store.lease(granted.lease).await?;
    same("the time to live", info.ttl, granted.ttl)?;
    same("the keys", info.keys, vec!["a".into(), "b".into()])?;
    let (left, ttl) = (info.remaining, granted.ttl);
    ensure(
        left <= ttl && left > ttl / 2,
        format_args!("{left:?} is left of {ttl:?}"),
    )
}

async fn list<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let ttl = harness.ttl() * 50;
    same("at first", store.leases().await?, Vec::new())?;
    for lease in [5, 3, 4].map(LeaseId) {
        store.grant_as(lease, ttl).await?;
    }
    store.revoke(LeaseId(4)).await?;
    same(
        "then",
        harness.store().await.leases().await?,
        [3, 5].map(LeaseId).into(),
    )
}

async fn untouched<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let ttl = harness.ttl() * 50;
    let (first, second) = (store.grant(ttl).await?.lease, store.grant(ttl).await?.lease);
    put_leased(&store, "a", first).await?;
    put_leased(&store, "a/b", second).await?;
    store.revoke(first).await?;
    same("the keys", all_keys(&store).await?, vec!["a/b".to_owned()])?;
    same("the other", store.keep_alive(second).await.is_ok(), true)
}
