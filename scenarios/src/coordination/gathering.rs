//! A process that meets others at barriers.

use std::time::Duration;

use steadfast::coordination::{Barrier, Coordinator, DoubleBarrier, Session, SessionOptions};
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, timeout};
use steadfast_sim::SimRuntime;
use steadfast_sim::check::{Claims, Leaving};

use super::guarded::Guards;
use super::player::{TTL, millis};

/// The barrier that so many enter together.
pub(crate) const ROUND: &str = "round";

/// How many that are.
pub(crate) const EXPECTED: u64 = 3;

/// The barrier that one holds while others wait.
const GATE: &str = "gate";

/// How much later than its time limit a call may end: what one operation of the store
/// may take, and some.
const SLACK: Duration = Duration::from_secs(3);

/// One who meets others, under one session.
struct Guest<'a> {
    runtime: &'a SimRuntime,
    session: &'a Session<SimRuntime>,
    draw: &'a mut EntropyStream,
}

/// Meets others until it is asked to end.
pub(crate) async fn gathering(
    context: Context<SimRuntime>,
    name: &'static str,
    coordinator: Coordinator<SimRuntime>,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream(name);
    let guards = runtime.board::<Guards>();
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 150)).await;
        let Ok(session) = coordinator.session(SessionOptions::ttl(TTL)).await else {
            continue;
        };
        let mut guest = Guest {
            runtime,
            session: &session,
            draw: &mut draw,
        };
        // Whoever failed may still be counted: it comes again under another session.
        while !guards.is_closing() && guest.turn().await {}
        match draw.below(3) {
            // Unconfirmed: it goes by itself.
            0 => drop(session.close().await),
            1 => session.orphan(),
            _ => drop(session),
        }
    }
    std::future::pending::<()>().await;
}

impl Guest<'_> {
    /// Takes part once. Whether all went well.
    async fn turn(&mut self) -> bool {
        self.runtime.sleep(millis(self.draw, 80)).await;
        match self.draw.below(12) {
            0 => {
                let round = DoubleBarrier::new(self.session, ROUND, EXPECTED);
                let reset = round.reset();
                self.in_time(Duration::ZERO, reset).await.is_some()
            }
            // One who expects others than those who are there.
            1 => self.meets(EXPECTED - 1).await,
            2 => self.holds().await,
            3 | 4 => {
                let within = millis(self.draw, 1_000);
                let gate = Barrier::new(self.session, GATE);
                self.in_time(within, gate.wait(within)).await.is_some()
            }
            _ => self.meets(EXPECTED).await,
        }
    }

    /// What a call answers, if it is not an error; one that does not end in time is a
    /// failure of the run.
    async fn in_time<T, E>(
        &self,
        within: Duration,
        call: impl Future<Output = Result<T, E>>,
    ) -> Option<T> {
        let ended = timeout(self.runtime, within + SLACK, call).await;
        if ended.is_err() {
            let (prefix, session) = (Claims::PREFIX, self.session.id());
            let note = format!("{prefix}calls end in time: {session} waits for ever");
            self.runtime.note(note);
        }
        ended.ok()?.ok()
    }

    async fn holds(&mut self) -> bool {
        let gate = Barrier::new(self.session, GATE);
        let Some(held) = self.in_time(Duration::ZERO, gate.hold()).await else {
            return false;
        };
        self.runtime.sleep(millis(self.draw, 200)).await;
        if self.draw.below(3) > 0 {
            // What is not confirmed goes with the session.
            drop(held.release().await);
        }
        true
    }

    async fn meets(&mut self, expected: u64) -> bool {
        let round = DoubleBarrier::new(self.session, ROUND, expected);
        let within = millis(self.draw, 1_500);
        if self.draw.below(10) == 0 {
            // The call is dropped in its midst.
            let soon = millis(self.draw, 60);
            drop(timeout(self.runtime, soon, round.enter(within)).await);
            return false;
        }
        let Some(inside) = self.in_time(within, round.enter(within)).await else {
            return false;
        };
        self.runtime.sleep(millis(self.draw, 100)).await;
        if self.draw.below(8) == 0 {
            // Leaves alone.
            return false;
        }
        let (barrier, session) = (ROUND, self.session.id());
        self.runtime.note(Leaving { barrier, session }.to_string());
        self.in_time(within, inside.leave(within)).await.is_some()
    }
}
