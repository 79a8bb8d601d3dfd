//! Deliberately wrong code that the harness must catch, with what must catch it.

mod careless_worker;
mod flawed_barrier;
mod flawed_counter;
mod flawed_decider;
mod flawed_election;
mod flawed_lock;
mod flawed_registry;
mod flawed_supervisor;
mod heartbeats;
mod homemade;
mod specimen;
mod unsure_client;

use std::sync::Arc;

use steadfast_sim::Scenario;

use crate::catalogue::flapping::{Flapping, Limits};
use crate::catalogue::journal::{Acknowledge, Journal};
use careless_worker::{CarelessWorker, Carelessness};
use flawed_supervisor::FlawedSupervisor;
use heartbeats::Heartbeats;
use homemade::Flaw;

pub use specimen::{CaughtBy, Specimen};

fn specimen(scenario: impl Scenario, caught_by: CaughtBy) -> Specimen {
    Specimen {
        scenario: Arc::new(scenario),
        caught_by,
    }
}

/// All specimens, in the order in which they are listed and run.
#[must_use]
pub fn specimens() -> Vec<Specimen> {
    let mut specimens = careless_workers();
    specimens.extend(flawed_supervisors());
    specimens.extend(flawed_memberships());
    specimens.extend(flawed_registry::specimens());
    specimens.extend(unsure_client::specimens());
    specimens.extend(flawed_lock::specimens());
    specimens.push(flawed_lock::unfenced());
    specimens.extend(flawed_election::specimens());
    specimens.extend(flawed_counter::specimens());
    specimens.extend(flawed_decider::specimens());
    specimens.extend(flawed_barrier::specimens());
    specimens.push(specimen(
        Flapping::new(
            "shared_intensity",
            "agents share one restart limit; one that flaps takes all of them down",
            Limits::Shared,
        ),
        CaughtBy::Checker("bystanders"),
    ));
    specimens.push(specimen(
        Journal::new(
            "early_acknowledgement",
            "a writer acknowledges before it syncs; a crash takes acknowledged entries back",
            Acknowledge::BeforeSync,
        ),
        CaughtBy::Checker("claims"),
    ));
    specimens
}

fn careless_workers() -> Vec<Specimen> {
    let worker = |name, story, carelessness, caught_by| {
        specimen(
            CarelessWorker {
                name,
                story,
                carelessness,
            },
            caught_by,
        )
    };
    vec![
        worker(
            "unsupervised_spawn",
            "a worker starts a task of its own, forgets it and ends",
            Carelessness::SpawnsOrphan,
            CaughtBy::Checker("orphans"),
        ),
        worker(
            "swallowed_send_error",
            "a worker catches every error of its sends and looks at none",
            Carelessness::SwallowsSendError,
            CaughtBy::Checker("books"),
        ),
        worker(
            "wait_without_limit",
            "workers wait for a message without a time limit; when it is lost they wait for ever",
            Carelessness::WaitsForEver,
            CaughtBy::Stalled,
        ),
        worker(
            "panic_at_boot",
            "the code that starts a node unwraps what is not there after a crash",
            Carelessness::PanicsAtBoot,
            CaughtBy::Panicked,
        ),
    ]
}

fn flawed_memberships() -> Vec<Specimen> {
    let membership = |name, story, flaw, invariant| {
        let flaw = Some(flaw);
        let checker = "membership";
        let caught_by = CaughtBy::Invariant { checker, invariant };
        specimen(Heartbeats { name, story, flaw }, caught_by)
    };
    vec![
        membership(
            "unforgiving_membership",
            "a member that was taken for dead while it lived stays dead for ever",
            heartbeats::Flaw::NeverForgives,
            "the_core_agrees",
        ),
        membership(
            "kept_incarnation",
            "a restarted node goes on under its first incarnation, as if it had not been away",
            heartbeats::Flaw::KeepsIncarnation,
            "the_core_agrees",
        ),
    ]
}

fn flawed_supervisors() -> Vec<Specimen> {
    let supervisor = |name, story, flaw, caught_by| {
        let flaw = Some(flaw);
        specimen(FlawedSupervisor { name, story, flaw }, caught_by)
    };
    vec![
        supervisor(
            "lost_restart",
            "of two children that end together the supervisor restarts one",
            Flaw::LosesRestart,
            CaughtBy::Checker("restart_budget"),
        ),
        supervisor(
            "impatient_stop",
            "the supervisor kills children before their time to stop is over",
            Flaw::Impatient,
            CaughtBy::Checker("shutdown"),
        ),
        supervisor(
            "forward_stop",
            "the supervisor stops children in the order in which it started them",
            Flaw::ForwardStop,
            CaughtBy::Checker("child_order"),
        ),
        supervisor(
            "resetting_window",
            "the supervisor counts restarts in buckets that are emptied at fixed times",
            Flaw::ResettingWindow,
            CaughtBy::Checker("restart_budget"),
        ),
        supervisor(
            "exit_seen_twice",
            "the supervisor handles some exits twice",
            Flaw::SeesExitTwice,
            CaughtBy::Checker("exits"),
        ),
    ]
}
