//! Scenarios that do one thing.

#![expect(
    clippy::disallowed_types,
    reason = "code under test may do what we may not: isolation must make up for it"
)]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast::process::Node;

use crate::plan::Plan;
use crate::runtime::SimRuntime;
use crate::scenario::{BoxFuture, Scenario};
use crate::world::World;

/// What a scenario does in its safety phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Ends well.
    Pass,
    /// Ends with an error in every third seed.
    FailSometimes,
    /// Writes down what is random or counted for the whole process.
    Gamble,
    /// Writes down which operating-system process it is, then fails.
    TellProcess,
    /// Never gives the thread back.
    Hang,
    /// Waits for ever in simulated time.
    Wait,
    /// Ends the process by a signal.
    Abort,
    /// Panics in a destructor while it panics.
    PanicTwice,
    /// Ends the process by itself.
    Exit,
    /// Panics.
    Panic,
    /// Panics while the plan is drawn.
    PanicInPlan,
}

pub(super) struct Scripted(pub(super) Deed);

/// A counter for the whole process, as dependencies have them.
static COUNTER: AtomicU64 = AtomicU64::new(0);

impl Scenario for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn story(&self) -> &'static str {
        "does one thing"
    }

    fn plan(&self, seed: u64) -> Plan {
        assert!(self.0 != Deed::PanicInPlan, "no plan for seed {seed}");
        let mut plan = Plan::new("scripted", seed, 2);
        plan.limits.safety = Duration::from_millis(100);
        plan
    }

    fn boot(
        &self,
        _node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let deed = self.0;
        Box::pin(async move {
            let seed = world.plan().seed;
            world.note(format!("seed {seed} begins"));
            match deed {
                Deed::FailSometimes if seed % 3 == 2 => Err("by design".to_owned()),
                Deed::Pass | Deed::FailSometimes | Deed::PanicInPlan => Ok(()),
                Deed::Gamble => {
                    gamble(&world);
                    Ok(())
                }
                Deed::TellProcess => {
                    world.note(format!("process {}", process::id()));
                    Err("by design".to_owned())
                }
                Deed::Hang => loop {
                    std::hint::spin_loop();
                },
                Deed::Wait => std::future::pending().await,
                Deed::Abort => process::abort(),
                Deed::PanicTwice => {
                    let _guard = PanicsWhenDropped;
                    panic!("the first panic");
                }
                Deed::Exit => process::exit(7),
                Deed::Panic => panic!("seed {seed} by design"),
            }
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        let waits = self.0 == Deed::Wait;
        Box::pin(async move {
            if waits {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("the second panic");
    }
}

/// Draws from everything that a seed does not decide.
fn gamble(world: &World) {
    world.note(format!("count {}", COUNTER.fetch_add(1, Ordering::SeqCst)));
    world.note(format!("hash {}", RandomState::new().hash_one(17)));
    world.note(format!("fast {}", fastrand::u64(..)));
    for _ in 0..20 {
        // What an unbiased `tokio::select!` of two branches begins with.
        let branch = tokio::macros::support::thread_rng_n(2);
        world.note(format!("branch {branch}"));
    }
}
