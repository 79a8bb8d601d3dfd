//! How long no write succeeds after the leader was killed.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::load::pause;
use crate::{etcd, ours};

/// How long one attempt to write may take: one that waits for a leader that has gone
/// must not hide that there is another.
const ATTEMPT: Duration = Duration::from_millis(50);

/// After that there will be no leader.
const LIMIT: Duration = Duration::from_secs(20);

/// Writes again and again until it succeeds; how long that took since `begun`.
async fn until_written<F>(begun: Instant, write: impl Fn() -> F) -> Result<Duration, String>
where
    F: Future<Output = Result<(), String>>,
{
    let mut last = String::new();
    while begun.elapsed() < LIMIT {
        let until = Instant::now() + ATTEMPT;
        match timeout_at(until, write()).await {
            Ok(Ok(())) => return Ok(begun.elapsed()),
            Ok(Err(error)) => {
                last = error;
                // One that fails at once is not to be repeated at once.
                pause(Duration::from_millis(5)).await;
            }
            Err(_) => {}
        }
    }
    Err(format!(
        "nothing was written after the leader had gone: {last}"
    ))
}

pub(crate) async fn of_etcd(program: &Path) -> Result<Duration, String> {
    let mut cluster = etcd::Cluster::start(program).await?;
    let leader = cluster.leader().await?;
    let other = cluster.channel((leader + 1) % 3).await?;
    etcd::write(&other, "before").await?;
    let begun = Instant::now();
    cluster.kill(leader)?;
    until_written(begun, || etcd::write(&other, "after")).await
}

pub(crate) async fn of_ours() -> Result<Duration, String> {
    let cluster = ours::Cluster::start().await?;
    let leader = cluster.leader().ok_or("nobody leads")?;
    let other = cluster.store((leader + 1) % 3);
    ours::write(&other, "before").await?;
    let begun = Instant::now();
    cluster.kill(leader).await;
    let taken = until_written(begun, || ours::write(&other, "after")).await;
    cluster.stop().await;
    taken
}
