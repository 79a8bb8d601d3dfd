//! The replicated store against etcd: three nodes each, on loopback, on the same disk,
//! every acknowledged write synced by a majority, in one run.
//!
//! Prints committed writes a second with 1, 16 and 128 clients, and how long no write
//! succeeds after the leader was killed. The three nodes of ours share this process
//! with their clients; etcd's are processes of their own (`/usr/bin/etcd` of Debian's
//! `etcd-server`, or the path after `--etcd`), asked by gRPC over HTTP/2 with nothing
//! in between. Clients of etcd ask its leader. Ours are measured twice: in the leader's
//! process, as an embedded store is used, and at a node that forwards to the leader
//! over the network, as a client of a server does.
//!
//! Without `--bench`, as `cargo test --benches` runs it, everything is done once and
//! quickly, to show that it still works, and etcd is left out if it is not installed.

mod etcd;
mod failover;
mod grpc;
mod load;
mod ours;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use load::{Figures, Load};

/// What both are told: how often a leader shows that it is there, and after what time
/// without that another one wants to lead.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(50);
pub(crate) const ELECTION: Duration = Duration::from_millis(250);

/// How long the value of each write is, in bytes.
pub(crate) const VALUE_LEN: usize = 128;

/// How long and how often it is measured.
#[derive(Clone, Copy)]
struct Scale {
    time: Duration,
    rounds: usize,
    failovers: usize,
}

const THOROUGH: Scale = Scale {
    time: Duration::from_secs(4),
    rounds: 3,
    failovers: 5,
};

const QUICK: Scale = Scale {
    time: Duration::from_millis(300),
    rounds: 1,
    failovers: 1,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let thorough = arguments.iter().any(|argument| argument == "--bench");
    let scale = if thorough { THOROUGH } else { QUICK };
    let given = arguments.iter().position(|argument| argument == "--etcd");
    let given = given.and_then(|at| arguments.get(at + 1));
    let etcd = PathBuf::from(given.map_or("/usr/bin/etcd", String::as_str));
    let etcd = etcd.exists().then_some(etcd);
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("an executor needs only memory");
    match executor.block_on(compare(etcd, scale)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => say_failure(&what),
    }
}

#[expect(clippy::print_stderr, reason = "it is the last that is said")]
fn say_failure(what: &str) -> ExitCode {
    eprintln!("{what}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "the figures are the product")]
async fn compare(etcd: Option<PathBuf>, scale: Scale) -> Result<(), String> {
    if etcd.is_none() {
        println!("etcd is not installed (`apt-get install etcd-server`): ours alone");
    }
    println!(
        "committed writes a second (median of {} rounds):",
        scale.rounds
    );
    println!(
        "{:>7} {:>9} {:>9} {:>9} {:>6} {:>6}   {:>9} {:>9} {:>9}",
        "clients",
        "etcd",
        "leader",
        "forward",
        "ratio",
        "ratio",
        "etcd p50",
        "leader p50",
        "forward p50"
    );
    for clients in [1, 16, 128] {
        let load = Load {
            clients,
            time: scale.time,
        };
        let [mut theirs, mut led, mut forwarded] = [const { Vec::new() }; 3];
        for _ in 0..scale.rounds {
            if let Some(etcd) = &etcd {
                theirs.push(etcd::writes(etcd, load).await?);
            }
            let [at_leader, at_follower] = ours::writes(load).await?;
            led.push(at_leader);
            forwarded.push(at_follower);
        }
        let [theirs, led, forwarded] = [theirs, led, forwarded].map(Figures::median);
        println!(
            "{clients:>7} {:>9.0} {:>9.0} {:>9.0} {:>6.2} {:>6.2}   {:>7.0}us {:>7.0}us {:>7.0}us",
            theirs.rate,
            led.rate,
            forwarded.rate,
            led.rate / theirs.rate,
            forwarded.rate / theirs.rate,
            theirs.median_us,
            led.median_us,
            forwarded.median_us,
        );
    }
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..scale.failovers {
        if let Some(etcd) = &etcd {
            theirs.push(failover::of_etcd(etcd).await?);
        }
        ours.push(failover::of_ours().await?);
    }
    let [theirs, ours] = [theirs, ours].map(|mut times| {
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    });
    println!(
        "without a leader after it was killed (median of {}): etcd {theirs:?}, ours {ours:?}, ratio {:.2}",
        scale.failovers,
        theirs.as_secs_f64() / ours.as_secs_f64(),
    );
    Ok(())
}
