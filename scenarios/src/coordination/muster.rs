//! A double barrier written by hand over a store, with one flaw, announcing what happens
//! as the right one would.

use std::time::Duration;

use steadfast::Label;
use steadfast::coordination::{Coordinator, Session, SessionOptions};
use steadfast::event::{BarrierEvent, CoordinationEvent, Event};
use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _, EntropyStream, Observer as _};
use steadfast::store::{Compare, KeyRange, Operation, Read, Revision, Transaction};
use steadfast_sim::SimRuntime;
use steadfast_sim::check::Leaving;

use super::guarded::Guards;
use super::player::{TTL, millis};

/// The barrier that these meet at.
const ROUND: &str = "round";

/// How many are expected: one of each node.
const EXPECTED: u64 = 3;

/// Where the generation that goes on stands, and its places.
const GENERATION: &str = "homemade/generation";
const PLACES: &str = "homemade/place";

/// How often one who waits looks again.
const PACE: Duration = Duration::from_millis(25);

/// What is wrong with a barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Muster {
    /// One who gives up leaves its place behind.
    CountsGhosts,
    /// Those who wait when it is reset are not told.
    ForgetsWhoWaits,
}

/// Meets others until it is asked to end, under one session after the other.
pub(crate) async fn mustering(
    context: Context<SimRuntime>,
    coordinator: Coordinator<SimRuntime>,
    muster: Muster,
) {
    let runtime = context.runtime();
    let mut draw = runtime.stream("mustering");
    let guards = runtime.board::<Guards>();
    while !guards.is_closing() {
        runtime.sleep(millis(&mut draw, 150)).await;
        if let Ok(session) = coordinator.session(SessionOptions::ttl(TTL)).await {
            let mustering = Mustering {
                runtime,
                session: &session,
                muster,
            };
            mustering.play(&mut draw).await;
        }
    }
    std::future::pending::<()>().await;
}

/// One who takes part in such a barrier under a session.
struct Mustering<'a> {
    runtime: &'a SimRuntime,
    session: &'a Session<SimRuntime>,
    muster: Muster,
}

fn places(generation: Revision) -> String {
    format!("{PLACES}/{}/", generation.0)
}

impl Mustering<'_> {
    fn announce(&self, event: BarrierEvent) {
        let event = Event::Coordination(CoordinationEvent::Barrier(event));
        self.runtime.observe(&event);
    }

    /// Takes part once, or resets the barrier.
    async fn play(&self, draw: &mut EntropyStream) {
        if self.muster == Muster::ForgetsWhoWaits && draw.below(6) == 0 {
            self.reset().await;
            return;
        }
        let within = match self.muster {
            Muster::CountsGhosts => millis(draw, 400),
            // It waits until it is told.
            Muster::ForgetsWhoWaits => Duration::from_secs(60),
        };
        if let Some(generation) = self.enter(within).await {
            self.runtime.sleep(millis(draw, 100)).await;
            self.leave(generation).await;
        }
    }

    /// How many places there are in a generation.
    async fn count(&self, generation: Revision) -> u64 {
        let read = Read::new(KeyRange::prefix(places(generation)));
        let found = self.session.store().read(read).await;
        found.map_or(0, |found| found.entries.len() as u64)
    }

    /// The generation that goes on; one begins if there is none.
    async fn current(&self) -> Option<Revision> {
        let begin = Transaction::when([Compare::missing(GENERATION)])
            .then([Operation::put(GENERATION, "")]);
        self.session.store().transact(begin).await.ok()?;
        let found = self.session.store().get(GENERATION).await.ok()??;
        Some(found.create_revision)
    }

    async fn enter(&self, within: Duration) -> Option<Revision> {
        let deadline = self.runtime.now() + within;
        let generation = self.current().await?;
        let (barrier, session) = (Label::from(ROUND), self.session.id());
        let place = format!("{}{}", places(generation), session.0);
        let same = Compare::create_revision(GENERATION, generation);
        let come = Transaction::when([same]).then([Operation::put_leased(place, "", session)]);
        let came = self.session.store().transact(come).await.ok()?;
        if !came.succeeded {
            return None;
        }
        self.announce(BarrierEvent::Arrived {
            barrier: barrier.clone(),
            session,
            generation,
            arrived: self.count(generation).await,
            expected: EXPECTED,
        });
        while self.runtime.now() < deadline {
            if self.count(generation).await >= EXPECTED {
                self.announce(BarrierEvent::Passed {
                    barrier,
                    session,
                    generation,
                });
                return Some(generation);
            }
            self.runtime.sleep(PACE).await;
        }
        self.announce(BarrierEvent::Withdrawn {
            barrier: barrier.clone(),
            session,
            generation: Some(generation),
        });
        self.announce(BarrierEvent::Refused {
            barrier,
            session,
            why: "too late".into(),
        });
        // It takes its session along only after a while.
        self.runtime.sleep(within).await;
        None
    }

    async fn leave(&self, generation: Revision) {
        let (barrier, session) = (ROUND, self.session.id());
        self.runtime.note(Leaving { barrier, session }.to_string());
        // What is not confirmed goes with the session.
        let place = format!("{}{}", places(generation), session.0);
        drop(self.session.store().delete(KeyRange::key(place)).await);
        for _ in 0..40 {
            if self.count(generation).await == 0 {
                self.announce(BarrierEvent::Left {
                    barrier: barrier.into(),
                    session,
                    generation,
                });
                break;
            }
            self.runtime.sleep(PACE).await;
        }
        self.end(generation).await;
    }

    /// Ends a generation, if it still goes on. Whether that is certain.
    async fn end(&self, generation: Revision) -> bool {
        let same = Compare::create_revision(GENERATION, generation);
        let end = Transaction::when([same]).then([Operation::delete(GENERATION)]);
        let ended = self.session.store().transact(end).await;
        ended.is_ok_and(|ended| ended.succeeded)
    }

    async fn reset(&self) {
        let found = self.session.store().get(GENERATION).await;
        let Ok(Some(found)) = found else {
            return;
        };
        let generation = found.create_revision;
        if self.end(generation).await {
            self.announce(BarrierEvent::Reset {
                barrier: ROUND.into(),
                generation,
            });
        }
    }
}
