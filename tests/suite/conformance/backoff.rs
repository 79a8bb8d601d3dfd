//! Waits before restarts, in the world's own time.

use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::process::ExitReason;
use steadfast::runtime::{Runtime, Timestamp};
use steadfast::supervision::{
    Backoff, DynamicSupervisorSpec, RestartChildError, Strategy, SupervisorRef, SupervisorSpec,
};

use super::harness::{Cue, Fact, LONG, LONG_BACKOFF, Mark, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c62_waits_grow_by_the_factor_up_to_the_cap,
    c62_waits_of_factor_one_and_zero,
    c62_jitter_takes_off_a_part_and_never_adds,
    c62_a_failed_start_waits_longer_and_a_healthy_time_resets,
    c62_a_healthy_time_just_too_short_does_not_reset,
    c62_a_childs_own_back_off_goes_before_its_supervisors,
    c62_a_stop_interrupts_a_wait_at_once,
    c62_a_child_that_waits_can_be_terminated_at_once,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

fn growing(factor: f64, jitter: f64) -> Backoff {
    Backoff {
        base: SECOND,
        factor,
        cap: 8 * SECOND,
        jitter,
        reset_after: 60 * SECOND,
    }
}

fn patient<R: Runtime>(backoff: Backoff) -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1000, LONG)
        .backoff(backoff)
}

/// When `a` next started after `mark`, and which delay was announced before.
async fn next_start<R: Runtime>(bench: &Bench<R>, mark: Mark) -> (Timestamp, Duration) {
    bench
        .until_since(mark, "the restart", |facts| {
            let mut announced = Duration::ZERO;
            for fact in facts {
                if let Some(SupervisionEvent::RestartScheduled { delay, .. }) = fact.supervision() {
                    announced = *delay;
                }
                if let Some(SupervisionEvent::ChildStarted { .. }) = fact.supervision() {
                    return Some((fact.at, announced));
                }
            }
            None
        })
        .await
}

/// Makes `a` crash at once and measures the wait until it is up again.
async fn wait_of<R: Runtime>(bench: &Bench<R>) -> Duration {
    let (mark, began) = (bench.mark(), bench.now());
    bench.cue("a", Cue::Panic("boom"));
    let (started, announced) = next_start(bench, mark).await;
    let waited = started.since(began);
    // What was announced is what happened.
    assert!(
        waited >= announced && waited < announced + STEP,
        "{waited:?} instead of {announced:?}"
    );
    announced
}

async fn waits<R: Runtime>(bench: &Bench<R>, backoff: Backoff, times: usize) -> Vec<Duration> {
    let spec = patient(backoff).child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let mut waits = Vec::new();
    for _ in 0..times {
        waits.push(wait_of(bench).await);
    }
    let stopped = top.stop(STOP_LIMIT).await;
    same(bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    waits
}

async fn c62_waits_grow_by_the_factor_up_to_the_cap<R: Runtime>(bench: Bench<R>) {
    let waits = waits(&bench, growing(2.0, 0.0), 6).await;
    let expected = [1, 2, 4, 8, 8, 8].map(|seconds| seconds * SECOND);
    same(&bench, &waits, &expected.to_vec());
}

async fn c62_waits_of_factor_one_and_zero<R: Runtime>(bench: Bench<R>) {
    let constant = waits(&bench, growing(1.0, 0.0), 4).await;
    same(&bench, &constant, &vec![SECOND; 4]);
    let once = waits(&bench, growing(0.0, 0.0), 4).await;
    let zero = Duration::ZERO;
    same(&bench, &once, &vec![SECOND, zero, zero, zero]);
}

async fn c62_jitter_takes_off_a_part_and_never_adds<R: Runtime>(bench: Bench<R>) {
    let waits = waits(&bench, growing(1.0, 0.5), 40).await;
    for wait in &waits {
        assert!(*wait >= SECOND / 2 && *wait <= SECOND, "{wait:?}");
    }
    // Forty equal draws are as good as no draw.
    assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
}

async fn c62_a_failed_start_waits_longer_and_a_healthy_time_resets<R: Runtime>(bench: Bench<R>) {
    let spec = patient(growing(2.0, 0.0)).child(bench.worker("a"));
    bench.supervise(spec).await;
    bench.next_openings("a", [Opening::Fail("no"), Opening::Fail("no")]);
    let (mark, began) = (bench.mark(), bench.now());
    bench.cue("a", Cue::Panic("boom"));
    let (started, last) = next_start(&bench, mark).await;
    same(&bench, &last, &(4 * SECOND));
    let waited = started.since(began);
    assert!(
        waited >= 7 * SECOND && waited < 7 * SECOND + STEP,
        "{waited:?}"
    );
    bench.pass(60 * SECOND).await;
    same(&bench, &wait_of(&bench).await, &SECOND);
    same(&bench, &wait_of(&bench).await, &(2 * SECOND));
}

async fn c62_a_healthy_time_just_too_short_does_not_reset<R: Runtime>(bench: Bench<R>) {
    let spec = patient(growing(2.0, 0.0)).child(bench.worker("a"));
    bench.supervise(spec).await;
    same(&bench, &wait_of(&bench).await, &SECOND);
    bench.pass(60 * SECOND - STEP).await;
    same(&bench, &wait_of(&bench).await, &(2 * SECOND));
    bench.pass(60 * SECOND).await;
    same(&bench, &wait_of(&bench).await, &SECOND);
}

async fn c62_a_childs_own_back_off_goes_before_its_supervisors<R: Runtime>(bench: Bench<R>) {
    let own = growing(2.0, 0.0);
    let spec = patient(LONG_BACKOFF).child(bench.worker("a").backoff(own));
    bench.supervise(spec).await;
    same(&bench, &wait_of(&bench).await, &SECOND);
}

/// Waits until a restart was decided on since `mark`.
async fn held_off<R: Runtime>(bench: &Bench<R>, mark: Mark) {
    let scheduled = |fact: &Fact| {
        let event = fact.supervision();
        matches!(event, Some(SupervisionEvent::RestartScheduled { .. }))
    };
    let look = |facts: &[Fact]| facts.iter().any(scheduled).then_some(());
    bench.until_since(mark, "the wait", look).await;
    bench.quiet().await;
}

async fn stopped_at_once<R: Runtime>(bench: &Bench<R>, top: &SupervisorRef<R>) {
    let began = bench.now();
    let stopped = top.stop(STOP_LIMIT).await;
    same(bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    assert!(bench.now().since(began) < STEP);
    same(bench, &bench.node().process_count(), &0);
}

async fn c62_a_stop_interrupts_a_wait_at_once<R: Runtime>(bench: Bench<R>) {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let spec = SupervisorSpec::new(strategy)
            .backoff(LONG_BACKOFF)
            .child(bench.worker("a"))
            .child(bench.worker("b"));
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        bench.cue("a", Cue::Panic("boom"));
        held_off(&bench, mark).await;
        stopped_at_once(&bench, &top).await;
    }
    let spec = DynamicSupervisorSpec::new().backoff(LONG_BACKOFF);
    let top = bench.supervise_dynamic(spec).await;
    top.start_child(bench.worker("a")).await.expect("it starts");
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    held_off(&bench, mark).await;
    let began = bench.now();
    let stopped = top.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    assert!(bench.now().since(began) < STEP);
}

async fn c62_a_child_that_waits_can_be_terminated_at_once<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    held_off(&bench, mark).await;
    let began = bench.now();
    let refused = top.restart_child("a").await;
    same(&bench, &refused.err(), &Some(RestartChildError::Restarting));
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    assert!(bench.now().since(began) < STEP);
    // It stays stopped when the wait would have been over.
    bench.pass(2 * LONG).await;
    bench.told(top.id(), mark, &["exit a: panic: boom"]).await;
    top.restart_child("a").await.expect("it starts");
}
