//! A process that stands in one election after the other, and one that watches.

use std::time::Duration;

use steadfast::coordination::{Coordinator, Election, Leadership, Session, SessionOptions};
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, timeout};
use steadfast_sim::SimRuntime;

use super::guarded::Guards;
use super::misrule::{Misrule, Pretender};
use super::player::{TTL, millis};

/// The election of these stories.
pub(crate) const ELECTION: &str = "captain";

/// For how long those rely on a session whose elections have a flaw: only a crash ends it,
/// in most runs.
const LONG: Duration = Duration::from_secs(4);

/// Who holds elections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Electors {
    /// The library.
    Recipe,
    /// Somebody else, whose elections have one flaw.
    Homemade(Misrule),
}

/// Stands in the election until it is asked to end, and leads when it is elected; watches meanwhile.
pub(crate) async fn candidate(
    context: Context<SimRuntime>,
    name: &'static str,
    coordinator: Coordinator<SimRuntime>,
    electors: Electors,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream(name);
    let guards = runtime.board::<Guards>();
    let ttl = match electors {
        Electors::Recipe => TTL,
        Electors::Homemade(_) => LONG,
    };
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 200)).await;
        let Ok(session) = coordinator.session(SessionOptions::ttl(ttl)).await else {
            continue;
        };
        if let Electors::Homemade(misrule) = electors {
            let pretender = Pretender {
                runtime,
                session: &session,
                misrule,
            };
            for _ in 0..1 + draw.below(4) {
                if guards.is_closing() {
                    break;
                }
                // No observer of this node has the number of another one.
                let number = draw.next_u64();
                pretender.watch(number, &mut draw).await;
                pretender.stand(&mut draw).await;
            }
            continue;
        }
        let election = Election::new(&session, ELECTION);
        for _ in 0..1 + draw.below(4) {
            if !session.is_alive() || guards.is_closing() {
                break;
            }
            watch(runtime, &election, &mut draw).await;
            stand(runtime, &coordinator, &election, &mut draw).await;
        }
        end(session, &mut draw).await;
    }
    std::future::pending::<()>().await;
}

async fn end(session: Session<SimRuntime>, draw: &mut EntropyStream) {
    match draw.below(3) {
        // Unconfirmed: it goes by itself.
        0 => drop(session.close().await),
        1 => session.orphan(),
        _ => drop(session),
    }
}

/// Follows the election for a while.
async fn watch(runtime: &SimRuntime, election: &Election<SimRuntime>, draw: &mut EntropyStream) {
    let mut observer = election.observe();
    for _ in 0..draw.below(4) {
        let seen = timeout(runtime, millis(draw, 400), observer.next()).await;
        if !matches!(seen, Ok(Ok(_))) {
            return;
        }
    }
}

async fn stand(
    runtime: &SimRuntime,
    coordinator: &Coordinator<SimRuntime>,
    election: &Election<SimRuntime>,
    draw: &mut EntropyStream,
) {
    let within = millis(draw, 2_500);
    let patience = if draw.below(6) == 0 {
        // The campaign is dropped in its midst.
        millis(draw, 60)
    } else {
        within * 4
    };
    let campaign = election.campaign("first", within);
    let Ok(Ok(leadership)) = timeout(runtime, patience, campaign).await else {
        return;
    };
    lead(runtime, coordinator, leadership, draw).await;
}

async fn lead(
    runtime: &SimRuntime,
    coordinator: &Coordinator<SimRuntime>,
    leadership: Leadership<SimRuntime>,
    draw: &mut EntropyStream,
) {
    for _ in 0..draw.below(4) {
        runtime.sleep(millis(draw, 150)).await;
        // Whoever leads no more is told, and may go on trying.
        if leadership.proclaim("again").await.is_err() {
            break;
        }
    }
    match draw.below(4) {
        0 => pass_on(runtime, coordinator, leadership, draw).await,
        1 => drop(leadership),
        // Unconfirmed: it goes with its session.
        _ => drop(leadership.resign().await),
    }
}

/// Goes on under another session, as after a restart.
async fn pass_on(
    runtime: &SimRuntime,
    coordinator: &Coordinator<SimRuntime>,
    leadership: Leadership<SimRuntime>,
    draw: &mut EntropyStream,
) {
    let Some(record) = leadership.record() else {
        return;
    };
    leadership.session().orphan();
    let Ok(session) = coordinator.session(SessionOptions::ttl(TTL)).await else {
        return;
    };
    let election = Election::new(&session, ELECTION);
    if let Ok(resumed) = election.resume(&record, "resumed").await {
        runtime.sleep(millis(draw, 200)).await;
        // Unconfirmed: it goes with its session.
        drop(resumed.resign().await);
    }
}
