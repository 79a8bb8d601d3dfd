//! A process that stands in one election after the other, and one that watches.

use steadfast::coordination::{Coordinator, Election, Leadership, Session, SessionOptions};
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, timeout};
use steadfast_sim::SimRuntime;

use super::guarded::Guards;
use super::player::{TTL, millis};

/// The election of these stories.
pub(crate) const ELECTION: &str = "captain";

/// Stands in the election until it is asked to end, and leads when it is elected; watches meanwhile.
pub(crate) async fn candidate(
    context: Context<SimRuntime>,
    name: &'static str,
    coordinator: Coordinator<SimRuntime>,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream(name);
    let guards = runtime.board::<Guards>();
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 200)).await;
        let Ok(session) = coordinator.session(SessionOptions::ttl(TTL)).await else {
            continue;
        };
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
