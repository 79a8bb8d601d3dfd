//! A client of counters.

use std::time::Duration;

use steadfast::coordination::Coordinator;
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, Identity as _, timeout};
use steadfast_sim::SimRuntime;
use steadfast_sim::history::{HistoryRecorder, RecordedCall, Value};

use super::guarded::Guards;
use super::player::millis;
use super::tally::{Ask, CounterMaker, Told};

/// The name of the history that clients record, and of its checker.
pub(crate) const COUNTERS: &str = "counters";

/// A counter that is only added to.
const VISITS: &str = "visits";

/// A counter that is replaced, too.
const SCORE: &str = "score";

impl Told {
    /// Writes it down. Answers the number, if it is one.
    fn end(self, call: RecordedCall) -> Option<i64> {
        match self {
            Self::Done(Value::Int(value)) => {
                call.ok(value);
                return Some(value);
            }
            Self::Done(value) => call.ok(value),
            Self::Failed => call.failed(),
            Self::Unknown => call.unknown(),
        }
        None
    }
}

/// One who uses counters under a name, and records it.
struct Client<'a> {
    maker: CounterMaker,
    coordinator: &'a Coordinator<SimRuntime>,
    recorder: HistoryRecorder,
    process: String,
}

impl Client<'_> {
    async fn asks(&self, counter: &str, ask: Ask, within: Duration) -> Option<i64> {
        let (op, argument) = ask.written();
        let process = self.process.as_str();
        let call = self.recorder.invoke(process, op, Some(counter), argument);
        let told = self.maker.ask(self.coordinator, counter, ask, within);
        told.await.end(call)
    }
}

/// What is asked next; `seen` is what the score was when this client last knew it.
fn drawn(draw: &mut EntropyStream, seen: i64) -> (&'static str, Ask) {
    match draw.below(10) {
        0..4 => (VISITS, Ask::Add(1 + draw.below(3) as i64)),
        4 | 5 => (VISITS, Ask::Load),
        6 => (SCORE, Ask::Add(draw.below(9) as i64 - 4)),
        7 => (SCORE, Ask::Load),
        8 => (SCORE, Ask::Swap(seen, draw.below(1_000) as i64)),
        _ => (SCORE, Ask::Store(draw.below(1_000) as i64)),
    }
}

/// Asks one thing after the other until it is asked to end.
pub(crate) async fn counting(
    context: Context<SimRuntime>,
    name: &'static str,
    coordinator: Coordinator<SimRuntime>,
    maker: CounterMaker,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream(name);
    let client = Client {
        maker,
        coordinator: &coordinator,
        recorder: HistoryRecorder::of_node(runtime, COUNTERS),
        process: format!("{}/{name}", context.id().node),
    };
    let guards = runtime.board::<Guards>();
    let mut seen = 0;
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 120)).await;
        let (counter, ask) = drawn(&mut draw, seen);
        let within = millis(&mut draw, 1_500);
        let dropped = draw.below(10) == 0 && maker == CounterMaker::Recipe;
        let patience = if dropped {
            // The call is dropped in its midst. Of a homemade one it is to be known.
            millis(&mut draw, 40)
        } else {
            within * 4
        };
        let asking = client.asks(counter, ask, within);
        if let Ok(Some(value)) = timeout(runtime, patience, asking).await
            && counter == SCORE
        {
            seen = value;
        }
    }
    std::future::pending::<()>().await;
}

/// Whether both counters can be read once all is over, which is recorded, too.
pub(crate) async fn all_can_be_read(
    coordinator: Coordinator<SimRuntime>,
    maker: CounterMaker,
    within: Duration,
) -> bool {
    let runtime = coordinator.node().runtime();
    let client = Client {
        maker,
        coordinator: &coordinator,
        recorder: HistoryRecorder::of_node(runtime, COUNTERS),
        process: format!("{}/last", runtime.node()),
    };
    for counter in [VISITS, SCORE] {
        if client.asks(counter, Ask::Load, within).await.is_none() {
            return false;
        }
    }
    true
}
