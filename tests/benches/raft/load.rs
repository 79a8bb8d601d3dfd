//! Clients that write one after the other, and how many writes are committed.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many clients write for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) time: Duration,
}

/// What was measured.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// Committed writes a second.
    pub(crate) rate: f64,
    /// The median of how long a write takes, in microseconds.
    pub(crate) median_us: f64,
}

impl Figures {
    /// The round of the median rate.
    pub(crate) fn median(mut rounds: Vec<Self>) -> Self {
        rounds.sort_by(|one, other| one.rate.total_cmp(&other.rate));
        rounds.get(rounds.len() / 2).copied().unwrap_or(Self {
            rate: f64::NAN,
            median_us: f64::NAN,
        })
    }
}

/// The key of a write: each client has a hundred of its own.
pub(crate) fn key(client: usize, number: usize) -> String {
    format!("client/{client}/{}", number % 100)
}

/// Runs the clients; `put` makes the writer of one of them.
///
/// A tenth of the time is given to warming up, and not counted.
pub(crate) async fn drive<W, F>(load: Load, writer: impl Fn(usize) -> W) -> Result<Figures, String>
where
    W: Fn(String) -> F + Send + 'static,
    F: Future<Output = Result<(), String>> + Send,
{
    let begin = Instant::now() + load.time / 10;
    let end = begin + load.time;
    let mut clients = JoinSet::new();
    for client in 0..load.clients {
        let write = writer(client);
        clients.spawn(async move {
            let mut times = Vec::new();
            let mut number = 0;
            loop {
                let asked = Instant::now();
                if asked >= end {
                    return Ok::<_, String>(times);
                }
                write(key(client, number)).await?;
                number += 1;
                if asked >= begin {
                    times.push(asked.elapsed());
                }
            }
        });
    }
    let mut times = Vec::new();
    while let Some(client) = clients.join_next().await {
        times.extend(client.map_err(|error| error.to_string())??);
    }
    if times.is_empty() {
        return Err("nothing was written".to_owned());
    }
    times.sort();
    Ok(Figures {
        rate: times.len() as f64 / load.time.as_secs_f64(),
        median_us: times[times.len() / 2].as_secs_f64() * 1e6,
    })
}

/// Waits before another look.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured runs by the clock of the operating system"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
