//! Promises of the time of leases.

use std::sync::Arc;
use std::time::Duration;

use super::harness::Harness;
use super::verdict::{
    PATIENCE, Verdict, all_keys, both, broken, ensure, promises, put_leased, same,
};
use crate::runtime::contract::Broken;
use crate::runtime::{Clock, Timestamp, timeout};
use crate::store::error::{LeaseError, ReadError, WatchError};
use crate::store::handle::Store;
use crate::store::keep_alive::KeepAlive;
use crate::store::lease::LeaseId;
use crate::store::range::KeyRange;
use crate::store::renewal::{LeaseEnd, LeaseState};

promises! {
    "expiry.e20_time" "A lease that is not renewed ends after its time, not before it and not long after it." e20_time;
    "expiry.e20_renewed" "A lease that is renewed lives on, for its whole time from each renewal." e20_renewed;
    "expiry.e20_granted" "A grant tells a time that is no shorter than what was asked for." e20_granted;
    "expiry.e21_gone" "Renewals of a lease that is gone end, and say so." e21_gone;
    "expiry.e22_slow_holder" "Renewals go on while their holder does not look." e22_slow_holder;
    "expiry.e24_deposed" "After a change of whoever counts, a lease lives in full again." e24_deposed;
    "expiry.e26_race" "A renewal and the end of a lease have one outcome." e26_race;
    "expiry.e30_closed" "A lease that is closed ends at once." e30_closed;
    "expiry.e30_orphaned" "A lease that is orphaned is renewed no more and runs out." e30_orphaned;
    "expiry.e32_retried" "A grant that failed because nobody served can be tried again." e32_retried;
    "expiry.resumed" "A watch that lost its server goes on elsewhere without gap or double." resumed;
    "expiry.kept" "What was answered is still there after a change of whoever serves." kept;
}

/// Waits until the key is gone. Answers when it was seen last, and when not any more.
async fn gone<H: Harness>(
    harness: &H,
    store: &Store,
    key: &str,
) -> Result<(Timestamp, Timestamp), Broken> {
    let clock = harness.clock();
    let patience = clock.now() + PATIENCE;
    let mut seen = clock.now();
    while clock.now() < patience {
        let asked = clock.now();
        match store.get(key).await {
            Ok(None) => return Ok((seen, clock.now())),
            Ok(Some(_)) => seen = asked,
            Err(ReadError::Unavailable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        harness.pass(harness.ttl() / 20).await;
    }
    Err(broken(format_args!("{key} does not go")))
}

async fn e20_time<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let begun = clock.now();
    let granted = store.grant(harness.ttl()).await?;
    let answered = clock.now();
    put_leased(&store, "a", granted.lease).await?;
    let (seen, missed) = gone(&*harness, &store, "a").await?;
    let ttl = granted.ttl;
    ensure(
        missed >= begun + ttl,
        format_args!("asked for at {begun}, gone at {missed}"),
    )?;
    let latest = answered + ttl + harness.slack();
    ensure(
        seen <= latest,
        format_args!("still there at {seen}, after {latest}"),
    )?;
    let lease = granted.lease;
    same(
        "the lease",
        store.lease(lease).await,
        Err(LeaseError::NotFound { lease }),
    )
}

async fn e20_renewed<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let granted = store.grant(harness.ttl()).await?;
    put_leased(&store, "a", granted.lease).await?;
    let mut renewed = clock.now();
    for _ in 0..8 {
        harness.pass(granted.ttl / 3).await;
        renewed = clock.now();
        same(
            "the time to live",
            store.keep_alive(granted.lease).await?,
            granted.ttl,
        )?;
    }
    same("the keys", all_keys(&store).await?, vec!["a".to_owned()])?;
    let (_, missed) = gone(&*harness, &store, "a").await?;
    let earliest = renewed + granted.ttl;
    ensure(
        missed >= earliest,
        format_args!("renewed at {renewed}, gone at {missed}"),
    )
}

async fn e20_granted<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    for ttl in [Duration::from_millis(1), harness.ttl(), harness.ttl() * 7] {
        let granted = store.grant(ttl).await?;
        ensure(
            granted.ttl >= ttl,
            format_args!("{:?} for {ttl:?}", granted.ttl),
        )?;
    }
    let ttl = harness.ttl();
    same("as it is", store.grant(ttl).await?.ttl, ttl)
}

async fn e21_gone<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let renewed = KeepAlive::grant(&store, clock.clone(), harness.ttl()).await?;
    let handle = renewed.handle();
    let revoked = async {
        harness.pass(harness.ttl() / 2).await;
        store.revoke(handle.lease()).await
    };
    let (end, revoked) = match timeout(&clock, PATIENCE, both(renewed.run(), revoked)).await {
        Ok(both) => both,
        Err(elapsed) => return Err(broken(elapsed)),
    };
    revoked?;
    same("the end of the renewals", end, LeaseEnd::Gone)?;
    same("the end", handle.state(), LeaseState::Ended(LeaseEnd::Gone))?;
    same("told again", handle.ended().await, LeaseEnd::Gone)
}

async fn e22_slow_holder<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let renewed = KeepAlive::grant(&store, clock.clone(), harness.ttl()).await?;
    let handle = renewed.handle();
    put_leased(&store, "a", handle.lease()).await?;
    // The holder looks only after several times of the lease.
    let renewals = timeout(&clock, harness.ttl() * 5, renewed.run());
    ensure(renewals.await.is_err(), "the renewals ended")?;
    let orphaned = LeaseState::Ended(LeaseEnd::Orphaned);
    same("the state once they were dropped", handle.state(), orphaned)?;
    same("the keys", all_keys(&store).await?, vec!["a".to_owned()])
}

/// Renews as soon as somebody serves again. Answers when that was asked for.
async fn served<H: Harness>(harness: &H, lease: LeaseId) -> Result<Timestamp, Broken> {
    let clock = harness.clock();
    let patience = clock.now() + PATIENCE;
    while clock.now() < patience {
        let asked = clock.now();
        match harness.store().await.lease(lease).await {
            Ok(_) => return Ok(asked),
            Err(LeaseError::Unavailable(_)) => harness.pass(harness.ttl() / 20).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(broken("nobody serves any more"))
}

async fn e24_deposed<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let granted = store.grant(harness.ttl()).await?;
    put_leased(&store, "a", granted.lease).await?;
    harness.pass(granted.ttl / 2).await;
    let deposed = harness.clock().now();
    harness.depose().await;
    served(&*harness, granted.lease).await?;
    let store = harness.store().await;
    let (_, missed) = gone(&*harness, &store, "a").await?;
    let earliest = deposed + granted.ttl;
    ensure(
        missed >= earliest,
        format_args!("deposed at {deposed}, gone at {missed}"),
    )
}

async fn e26_race<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let granted = store.grant(harness.ttl()).await?;
    put_leased(&store, "a", granted.lease).await?;
    harness
        .pass(granted.ttl.saturating_sub(harness.ttl() / 10))
        .await;
    let mut renewed = None;
    let ended = loop {
        let asked = clock.now();
        match store.keep_alive(granted.lease).await {
            // Never two renewals in a row, so that it ends some time.
            Ok(_) => {
                renewed = Some(asked);
                harness.pass(granted.ttl).await;
            }
            Err(LeaseError::NotFound { .. }) => break asked,
            Err(error) => return Err(error.into()),
        }
        ensure(clock.now() < ended_by(asked, granted.ttl), "it never ends")?;
    };
    if let Some(renewed) = renewed {
        let earliest = renewed + granted.ttl;
        let seen = clock.now();
        ensure(
            seen >= earliest,
            format_args!("renewed at {renewed}, gone at {ended}"),
        )?;
    }
    let (_, _) = gone(&*harness, &store, "a").await?;
    // It does not come back.
    let lease = granted.lease;
    same(
        "renewed",
        store.keep_alive(lease).await,
        Err(LeaseError::NotFound { lease }),
    )
}

fn ended_by(asked: Timestamp, ttl: Duration) -> Timestamp {
    asked + ttl * 2 + PATIENCE
}

async fn e30_closed<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let renewed = KeepAlive::grant(&store, clock.clone(), harness.ttl() * 50).await?;
    let handle = renewed.handle();
    put_leased(&store, "a", handle.lease()).await?;
    ensure(handle.is_valid_at(clock.now()), "it is not valid at first")?;
    let closing = both(renewed.run(), handle.close());
    match timeout(&clock, PATIENCE, closing).await {
        Ok((end, closed)) => {
            closed?;
            same("the end of the renewals", end, LeaseEnd::Closed)?;
        }
        Err(elapsed) => return Err(broken(elapsed)),
    }
    same(
        "the state",
        handle.state(),
        LeaseState::Ended(LeaseEnd::Closed),
    )?;
    same("the keys", all_keys(&store).await?, Vec::new())?;
    same("once more", handle.close().await, Ok(()))
}

async fn e30_orphaned<H: Harness>(harness: Arc<H>) -> Verdict {
    let (store, clock) = (harness.store().await, harness.clock());
    let renewed = KeepAlive::grant(&store, clock.clone(), harness.ttl()).await?;
    let handle = renewed.handle();
    put_leased(&store, "a", handle.lease()).await?;
    let orphaned = clock.now();
    handle.orphan();
    match timeout(&clock, PATIENCE, renewed.run()).await {
        Ok(end) => same("the end", end, LeaseEnd::Orphaned)?,
        Err(elapsed) => return Err(broken(elapsed)),
    }
    same("the keys", all_keys(&store).await?, vec!["a".to_owned()])?;
    let (seen, _) = gone(&*harness, &store, "a").await?;
    let latest = orphaned + harness.ttl() + harness.slack();
    ensure(
        seen <= latest,
        format_args!("still there at {seen}, after {latest}"),
    )
}

async fn e32_retried<H: Harness>(harness: Arc<H>) -> Verdict {
    let clock = harness.clock();
    harness.depose().await;
    let patience = clock.now() + PATIENCE;
    let lease = LeaseId(77);
    while clock.now() < patience {
        match harness
            .store()
            .await
            .grant_as(lease, harness.ttl() * 50)
            .await
        {
            Ok(granted) => return same("the lease", granted.lease, lease),
            // An attempt whose outcome was unknown has happened.
            Err(LeaseError::Exists { .. }) => return Ok(()),
            Err(LeaseError::Unavailable(_) | LeaseError::Unknown(_)) => {
                harness.pass(harness.ttl() / 20).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(broken("nobody serves any more"))
}

async fn resumed<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = store.grant(harness.ttl() * 50).await?.lease;
    let mut watch = store.watch(KeyRange::all()).await?;
    let mut written = vec![store.put("a", "0").await?, store.put("a", "1").await?];
    same(
        "told",
        super::verdict::next(&*harness, &mut watch).await?.revision,
        written[0],
    )?;
    harness.depose().await;
    served(&*harness, lease).await?;
    let store = harness.store().await;
    written.push(store.put("a", "2").await?);
    let mut expected = written.drain(1..).peekable();
    let patience = harness.clock().now() + PATIENCE;
    while let Some(revision) = expected.peek().copied() {
        ensure(harness.clock().now() < patience, "the watch does not go on")?;
        match timeout(&harness.clock(), PATIENCE, watch.next()).await {
            Ok(Ok(told)) => {
                same("told", told.revision, revision)?;
                expected.next();
            }
            Ok(Err(WatchError::Unavailable(_))) => {
                let (store, position) = (harness.store().await, watch.position());
                watch = store.watch_from(KeyRange::all(), position).await?;
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(elapsed) => return Err(broken(elapsed)),
        }
    }
    Ok(())
}

async fn kept<H: Harness>(harness: Arc<H>) -> Verdict {
    let store = harness.store().await;
    let lease = store.grant(harness.ttl() * 50).await?.lease;
    let mut written = Vec::new();
    for round in 0..10 {
        written.push(put_leased(&store, &format!("k{round}"), lease).await?);
    }
    harness.depose().await;
    served(&*harness, lease).await?;
    let store = harness.store().await;
    for (round, revision) in written.iter().enumerate() {
        let entry = store.get(format!("k{round}")).await?;
        let entry = entry.ok_or_else(|| broken(format_args!("k{round} is gone")))?;
        same("its revision", entry.mod_revision, *revision)?;
        same("its lease", entry.lease, Some(lease))?;
    }
    same(
        "the next revision",
        store.put("k", "x").await?,
        written[9].next(),
    )
}
