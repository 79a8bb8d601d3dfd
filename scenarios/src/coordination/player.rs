//! A process that takes one lock after the other.

use std::time::Duration;

use steadfast::coordination::{Coordinator, Session, SessionOptions};
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, timeout};
use steadfast_sim::SimRuntime;
use steadfast_sim::check::Claims;

use super::guarded::Guards;
use super::lock::{Held, Locksmith, Wanted};

/// For how long a player relies on its session after a renewal.
pub(crate) const TTL: Duration = Duration::from_millis(1_500);

/// How a player plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Player {
    /// Who makes its locks.
    pub(crate) locksmith: Locksmith,
    /// How long its sessions last without a renewal.
    pub(crate) ttl: Duration,
    /// For how long it holds a lock, in milliseconds, at most.
    pub(crate) hold_max: u64,
    /// Whether what is guarded looks at tokens.
    pub(crate) looks: bool,
    /// Whether whoever holds a lock must be allowed to use what it guards: so it is as
    /// long as no node stands still and all clocks run at nearly the same pace.
    pub(crate) strict: bool,
}

/// A time from 1 to `below` milliseconds.
pub(super) fn millis(draw: &mut EntropyStream, below: u64) -> Duration {
    Duration::from_millis(1 + draw.below(below))
}

impl Player {
    /// Plays until it is asked to end, and waits then, with the session that it has.
    pub(crate) async fn play(
        self,
        context: Context<SimRuntime>,
        name: &'static str,
        coordinator: Coordinator<SimRuntime>,
    ) {
        let runtime = context.runtime();
        let mut draw = runtime.stream(name);
        let guards = runtime.board::<Guards>();
        while !guards.is_closing() {
            runtime.sleep(millis(&mut draw, 200)).await;
            let options = SessionOptions::ttl(self.ttl);
            let Ok(session) = coordinator.session(options).await else {
                continue;
            };
            for _ in 0..1 + draw.below(8) {
                if !session.is_alive() {
                    break;
                }
                if guards.is_closing() {
                    // What it has left in a line stays there: its session lives.
                    std::future::pending::<()>().await;
                }
                self.turn(runtime, &session, &mut draw).await;
                runtime.sleep(millis(&mut draw, 80)).await;
            }
            match draw.below(4) {
                // Unconfirmed: it goes by itself.
                0 | 1 => drop(session.close().await),
                2 => session.orphan(),
                _ => drop(session),
            }
        }
        std::future::pending::<()>().await;
    }

    async fn turn(
        &self,
        runtime: &SimRuntime,
        session: &Session<SimRuntime>,
        draw: &mut EntropyStream,
    ) {
        let wanted = Wanted::drawn(draw.next_u64());
        let within = millis(draw, 2_000);
        let dropped = millis(draw, 60);
        let patience = match self.locksmith {
            // Some requests are dropped in their midst.
            Locksmith::Recipes if draw.below(6) == 0 => dropped,
            // A homemade request would stay for ever, and has another flaw.
            Locksmith::Recipes | Locksmith::Homemade(_) => Duration::from_secs(60),
        };
        let hold = millis(draw, self.hold_max);
        let let_go = draw.below(4) > 0;
        let asked = self.locksmith.acquire(session, runtime, wanted, within);
        let Ok(Some(held)) = timeout(runtime, patience, asked).await else {
            return;
        };
        self.used(runtime, wanted, &held);
        runtime.sleep(hold).await;
        self.used(runtime, wanted, &held);
        if let_go || matches!(held, Held::Homemade(_)) {
            held.release().await;
        }
    }

    /// Uses what a lock guards. Homemade locks guard nothing: their facts tell enough.
    fn used(&self, runtime: &SimRuntime, wanted: Wanted, held: &Held) {
        if matches!(held, Held::Homemade(_)) {
            return;
        }
        let guards = runtime.board::<Guards>();
        for name in wanted.guarded() {
            // Others do not look: what is guarded must know.
            if self.strict && !held.is_held() {
                return;
            }
            let allowed = guards.used(runtime, name, held.token(), self.looks);
            if !allowed && self.strict {
                let token = held.token();
                runtime.note(format!(
                    "{}holders are let in: {name} refused {token}",
                    Claims::PREFIX
                ));
            }
        }
    }
}
