//! Random trees under random failures and calls: what must hold whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::process::{ExitReason, ProcessId};
use crate::runtime::{Entropy, EntropyStream};
use crate::supervision::{
    Backoff, CallError, ChildSpec, ChildStatus, Restart, ShutdownPolicy, Strategy, SupervisorRef,
    SupervisorSpec,
};
use crate::testing::run;

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn strategy(draw: &mut EntropyStream) -> Strategy {
    [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::DependentsForOne,
    ][draw.below(4) as usize]
}

/// Some of those that start before the child at `place`.
fn dependencies(draw: &mut EntropyStream, place: usize) -> Vec<&'static str> {
    let earlier = IDS[..place].iter().copied();
    earlier.filter(|_| draw.chance(0.4)).collect()
}

fn restart(draw: &mut EntropyStream) -> Restart {
    [Restart::Permanent, Restart::Permanent, Restart::Transient][draw.below(3) as usize]
}

fn reason(draw: &mut EntropyStream) -> ExitReason {
    match draw.below(4) {
        0 => ExitReason::Normal,
        1 => ExitReason::SHUTDOWN,
        2 => ExitReason::Panic("chaos".into()),
        _ => crash(),
    }
}

fn start_word(draw: &mut EntropyStream) -> Start {
    match draw.below(8) {
        0 => Start::Fail,
        1 => Start::Panic,
        2 => Start::Hang,
        3 => Start::Ready(millis(draw.below(20))),
        _ => Start::Ready(Duration::ZERO),
    }
}

fn tree(draw: &mut EntropyStream, starts: &Starts, strings: &Strings) -> SupervisorSpec<Rt> {
    let intensity = if draw.chance(0.3) { 3 } else { 10_000 };
    let mut spec = SupervisorSpec::new(strategy(draw)).intensity(intensity, seconds(1));
    if draw.chance(0.3) {
        spec = spec.backoff(Backoff {
            base: millis(3),
            factor: 2.0,
            cap: millis(50),
            jitter: 0.5,
            reset_after: millis(100),
        });
    }
    for (place, id) in IDS.into_iter().enumerate() {
        let needs = dependencies(draw, place);
        if draw.chance(0.2) {
            let inner = SupervisorSpec::new(strategy(draw))
                .intensity(2, seconds(1))
                .child(strings.puppet(id))
                .child(idle("bystander"));
            spec = spec.child(ChildSpec::supervisor(id, inner).depends_on(needs));
            continue;
        }
        let shutdown = match draw.below(3) {
            0 => ShutdownPolicy::Brutal,
            1 => ShutdownPolicy::Infinite,
            _ => ShutdownPolicy::Timeout(millis(draw.below(10))),
        };
        let child = starts
            .child(id, strings)
            .acknowledged(millis(30))
            .restart(restart(draw))
            .shutdown(shutdown);
        spec = spec.child(child.depends_on(needs));
    }
    spec
}

/// One random call; what it answers does not matter, only that it is answered.
async fn call(draw: &mut EntropyStream, supervisor: &SupervisorRef<Rt>, stopped: &mut Vec<&str>) {
    let id = IDS[draw.below(6) as usize];
    let answered = match draw.below(6) {
        0 => {
            let answer = supervisor.terminate_child(id).await;
            if answer.is_ok() {
                stopped.push(id);
            }
            !matches!(answer, Err(error) if error == timed_out().into())
        }
        1 => {
            let answer = supervisor.restart_child(id).await;
            !matches!(answer, Err(error) if error == timed_out().into())
        }
        2 => {
            let answer = supervisor.start_child(idle(id)).await;
            !matches!(answer, Err(error) if error == timed_out().into())
        }
        3 => {
            let answer = supervisor.restart_group(id).await;
            !matches!(answer, Err(error) if error == timed_out().into())
        }
        4 => supervisor.which_children().await != Err(timed_out()),
        _ => supervisor.count_children().await != Err(timed_out()),
    };
    assert!(answered);
}

fn timed_out() -> CallError {
    CallError::TimedOut { limit: seconds(30) }
}

#[test]
fn whatever_happens_children_come_back_in_order_and_everything_stops() {
    for seed in 0..400 {
        run(seed, |node| async move {
            let mut draw = node.runtime().stream("chaos");
            let (strings, starts) = (Strings::default(), Starts::default());
            let supervisor = start(&node, tree(&mut draw, &starts, &strings)).await;
            let mut stopped = Vec::new();
            for _ in 0..30 {
                let id = IDS[draw.below(6) as usize];
                match draw.below(4) {
                    0 => call(&mut draw, &supervisor, &mut stopped).await,
                    1 => starts.plan(id, &[start_word(&mut draw)]),
                    _ => strings.pull(id, reason(&mut draw)),
                }
                if draw.chance(0.5) {
                    pass(&node, millis(draw.below(40))).await;
                }
            }
            // All that was planned comes to pass, then there is peace.
            pass(&node, seconds(30)).await;
            if node.is_alive(supervisor.id()) {
                let children = supervisor.which_children().await.unwrap();
                for child in children {
                    let stays_down =
                        child.restart != Restart::Permanent || stopped.contains(&&*child.id);
                    assert!(
                        child.status == ChildStatus::Running
                            || stays_down && child.status == ChildStatus::Stopped,
                        "seed {seed}: {child:?}"
                    );
                }
                supervisor.stop(seconds(100)).await.unwrap();
            }
            assert_eq!(node.process_count(), 0);
            node.runtime().assert_books_balance();
            let events = node.runtime().events();
            exits_are_seen_once(&events);
            stops_go_in_reverse(seed, &events);
            restarts_stay_within_the_limit(seed, &events);
        });
    }
}

/// Whenever a supervisor stops children one after the other, the later goes first
/// and is gone before the next is asked.
fn stops_go_in_reverse(seed: u64, events: &[Event]) {
    let mut order: BTreeMap<ProcessId, Vec<String>> = BTreeMap::new();
    let mut stopping: BTreeMap<ProcessId, ProcessId> = BTreeMap::new();
    let mut last: BTreeMap<ProcessId, usize> = BTreeMap::new();
    for event in events {
        let Event::Supervision(event) = event else {
            continue;
        };
        if let SupervisionEvent::ChildAdded {
            supervisor, child, ..
        } = event
        {
            let order = order.entry(*supervisor).or_default();
            order.push(child.to_string());
        }
        if let SupervisionEvent::ChildRemoved { supervisor, child } = event {
            let order = order.entry(*supervisor).or_default();
            order.retain(|id| child != id.as_str());
        }
        if let SupervisionEvent::SupervisorStopping { supervisor, .. } = event {
            last.insert(*supervisor, usize::MAX);
        }
        if let SupervisionEvent::ChildStopping {
            supervisor,
            child,
            process,
            ..
        } = event
            && let Some(last) = last.get_mut(supervisor)
        {
            let place = order[supervisor].iter().position(|id| child == id.as_str());
            let place = place.unwrap();
            assert!(place < *last, "seed {seed}: {child} stopped too late");
            *last = place;
            let busy = stopping.insert(*supervisor, *process);
            assert_eq!(busy, None, "seed {seed}: two at a time");
        }
        if let SupervisionEvent::ChildExited {
            supervisor,
            process,
            ..
        } = event
            && stopping.get(supervisor) == Some(process)
        {
            stopping.remove(supervisor);
        }
    }
}

/// The number in the window that a decision names never exceeds the intensity.
fn restarts_stay_within_the_limit(seed: u64, events: &[Event]) {
    let mut limits = BTreeMap::new();
    for event in events {
        let Event::Supervision(event) = event else {
            continue;
        };
        if let SupervisionEvent::SupervisorStarted {
            supervisor,
            intensity,
            ..
        } = event
        {
            limits.insert(*supervisor, *intensity);
        }
        if let SupervisionEvent::RestartScheduled {
            supervisor,
            in_window,
            ..
        } = event
        {
            assert!(*in_window <= limits[supervisor], "seed {seed}");
        }
        if let SupervisionEvent::IntensityExceeded {
            supervisor,
            in_window,
            ..
        } = event
        {
            assert_eq!(*in_window, limits[supervisor] + 1, "seed {seed}");
        }
    }
}
