//! A process that proposes values in one round after the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast::coordination::Coordinator;
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, timeout};
use steadfast_sim::SimRuntime;
use steadfast_sim::check::Claims;

use super::decider::Decider;
use super::guarded::Guards;
use super::player::millis;

/// After how many calls of all nodes the next round begins.
const ROUND: u64 = 20;

/// How many rounds before the one that goes on are still proposed in.
const LATE_MAX: u64 = 4;

/// How much later than its time limit a call may end: a node may stand still that long.
const SLACK: Duration = Duration::from_secs(5);

fn round(number: u64) -> String {
    format!("round {number}")
}

/// How many calls there were, on all nodes.
#[derive(Default)]
struct Calls(AtomicU64);

impl Calls {
    /// Counts one. Answers the round that goes on.
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) / ROUND
    }
}

/// Proposes and learns until it is asked to end.
pub(crate) async fn proposing(
    context: Context<SimRuntime>,
    name: &'static str,
    coordinator: Coordinator<SimRuntime>,
    decider: Decider,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream(name);
    let guards = runtime.board::<Guards>();
    let calls = runtime.board::<Calls>();
    let node = context.id().node;
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 150)).await;
        let instance = round(calls.next().saturating_sub(draw.below(LATE_MAX)));
        let value = format!("{node}/{name}/{}", draw.below(1_000_000));
        let within = millis(&mut draw, 1_500);
        let (learns, dropped) = (draw.below(4) == 0, draw.below(10) == 0);
        // A call that is dropped in its midst, or one that must end in time.
        let patience = if dropped {
            millis(&mut draw, 40)
        } else {
            within + SLACK
        };
        let asking = async {
            if learns {
                decider.learn(&coordinator, &instance, within).await
            } else {
                decider
                    .propose(&coordinator, &instance, &value, within)
                    .await
            }
        };
        let ended = timeout(runtime, patience, asking).await.is_ok();
        if !ended && !dropped && decider == Decider::Recipe {
            let prefix = Claims::PREFIX;
            runtime.note(format!("{prefix}calls end in time: {value} in {instance}"));
        }
    }
    std::future::pending::<()>().await;
}

/// Whether somebody can still have a value decided, and every round can be learned.
pub(crate) async fn all_can_be_learned(
    coordinator: Coordinator<SimRuntime>,
    decider: Decider,
    within: Duration,
) -> bool {
    let calls = coordinator.node().runtime().board::<Calls>();
    for number in 0..=calls.next() {
        if !decider.learn(&coordinator, &round(number), within).await {
            return false;
        }
    }
    decider.propose(&coordinator, "last", "last", within).await
}
