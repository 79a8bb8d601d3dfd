//! How supervisors and children stop.

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::failure::Severity;
use crate::process::{Context, ExitReason};
use crate::runtime::Clock;
use crate::supervision::{
    Backoff, CallError, ChildSpec, ShutdownPolicy, StopError, Strategy, Supervisor, SupervisorSpec,
};

fn one_for_one() -> SupervisorSpec<Rt> {
    SupervisorSpec::new(Strategy::OneForOne).intensity(100, seconds(60))
}

/// A child that takes its time to stop and then ends with `reason`.
fn slow(id: &str, time: std::time::Duration, reason: ExitReason) -> ChildSpec<Rt> {
    ChildSpec::worker(id, move |context: Context<Rt>| {
        let reason = reason.clone();
        async move {
            context.exit_requested().await;
            context.runtime().sleep(time).await;
            reason
        }
    })
    .trap_exit(true)
}

#[test]
fn children_stop_in_reverse_order_one_after_the_other() {
    story(|node| async move {
        let spec = one_for_one()
            .child(idle("a"))
            .child(slow("b", seconds(1), ExitReason::SHUTDOWN))
            .child(slow("c", seconds(2), ExitReason::Normal));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        let begun = node.runtime().now();
        assert_eq!(supervisor.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
        assert_eq!(news.read(), "stopping .c -c .b -b .a -a stopped");
        assert_eq!(node.runtime().now().since(begun), seconds(3));
        assert_eq!(node.process_count(), 0);
        assert_eq!(incidents(&node), []);
        assert_eq!(supervisor.stop(seconds(1)).await, Err(StopError::Gone));
        assert_eq!(supervisor.which_children().await, Err(CallError::Gone));
    });
}

#[test]
fn a_brutal_stop_kills_at_once_and_is_no_failure() {
    story(|node| async move {
        let stubborn = slow("a", seconds(9), ExitReason::Normal);
        let spec = one_for_one().child(stubborn.shutdown(ShutdownPolicy::Brutal));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        let begun = node.runtime().now();
        supervisor.terminate_child("a").await.unwrap();
        assert_eq!(node.runtime().now(), begun);
        assert_eq!(news.read(), ".a -a");
        assert_eq!(incidents(&node), []);
    });
}

#[test]
fn a_child_that_does_not_stop_is_killed_after_its_time_and_not_before() {
    story(|node| async move {
        let stubborn = slow("a", seconds(9), ExitReason::Normal);
        let spec = one_for_one().child(stubborn.shutdown(ShutdownPolicy::Timeout(seconds(2))));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        let begun = node.runtime().now();
        supervisor.terminate_child("a").await.unwrap();
        assert_eq!(node.runtime().now().since(begun), seconds(2));
        assert_eq!(news.read(), ".a ka -a");
        let [(Severity::Error, what)] = &incidents(&node)[..] else {
            panic!("{:?}", incidents(&node));
        };
        assert!(what.contains("did not stop within 2s"), "{what}");
    });
}

#[test]
fn an_infinite_stop_waits_as_long_as_it_takes() {
    story(|node| async move {
        let patient = slow("a", seconds(3600), ExitReason::SHUTDOWN);
        let spec = one_for_one().child(patient.shutdown(ShutdownPolicy::Infinite));
        let supervisor = start(&node, spec).await;
        let begun = node.runtime().now();
        let stopped = supervisor.stop(seconds(7200)).await;
        assert_eq!(stopped, Ok(ExitReason::SHUTDOWN));
        assert_eq!(node.runtime().now().since(begun), seconds(3600));
        assert_eq!(incidents(&node), []);
    });
}

#[test]
fn a_child_that_fails_while_stopping_is_reported_and_the_stop_goes_on() {
    story(|node| async move {
        let late = ChildSpec::worker("b", |context: Context<Rt>| async move {
            context.exit_requested().await;
            panics("in the shutdown hook")
        });
        let spec = one_for_one()
            .child(slow("a", seconds(1), crash()))
            .child(late.trap_exit(true));
        let supervisor = start(&node, spec).await;
        assert_eq!(supervisor.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
        let incidents = incidents(&node);
        assert_eq!(incidents.len(), 2, "{incidents:?}");
        assert!(incidents[0].1.contains("in the shutdown hook"));
        assert!(incidents[1].1.contains("crash"));
        assert!(
            incidents
                .iter()
                .all(|(severity, _)| *severity == Severity::Error)
        );
    });
}

#[test]
fn a_child_that_ends_by_itself_while_it_is_stopped_makes_no_trouble() {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        story(|node| async move {
            let strings = Strings::default();
            let spec = SupervisorSpec::new(strategy)
                .intensity(100, seconds(60))
                .child(strings.puppet("a"))
                .child(strings.puppet("b"))
                .child(strings.puppet("c"));
            let supervisor = start(&node, spec).await;
            for id in ["a", "b", "c"] {
                strings.pull(id, ExitReason::Panic("race".into()));
            }
            assert_eq!(supervisor.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
            assert_eq!(node.process_count(), 0);
        });
    }
}

#[test]
fn the_end_of_a_killed_supervisor_is_the_end_of_everything_below_it() {
    story(|node| async move {
        let inner = one_for_one().child(idle("b"));
        let spec = one_for_one()
            .child(idle("a"))
            .child(ChildSpec::supervisor("inner", inner));
        let supervisor = start(&node, spec).await;
        assert_eq!(node.process_count(), 4);
        node.kill(supervisor.id());
        assert_eq!(supervisor.ended().await, ExitReason::Killed);
        assert_eq!(node.process_count(), 0);
        assert_eq!(supervisor.count_children().await, Err(CallError::Gone));
    });
}

#[test]
fn a_supervisor_that_does_not_stop_in_time_is_killed_with_everything_below_it() {
    story(|node| async move {
        let patient = slow("a", seconds(3600), ExitReason::SHUTDOWN);
        let spec = one_for_one().child(patient.shutdown(ShutdownPolicy::Infinite));
        let supervisor = start(&node, spec).await;
        let limit = seconds(1);
        assert_eq!(
            supervisor.stop(limit).await,
            Err(StopError::Killed { limit })
        );
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_stop_interrupts_a_back_off_at_once() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        story(|node| async move {
            let strings = Strings::default();
            let spec = SupervisorSpec::new(strategy)
                .intensity(100, seconds(60))
                .backoff(Backoff {
                    base: seconds(1000),
                    factor: 1.0,
                    cap: seconds(1000),
                    jitter: 0.0,
                    reset_after: seconds(1),
                })
                .child(strings.puppet("a"))
                .child(idle("b"));
            let supervisor = start(&node, spec).await;
            strings.pull("a", crash());
            pass(&node, millis(10)).await;
            let begun = node.runtime().now();
            assert_eq!(supervisor.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
            assert_eq!(node.runtime().now(), begun);
        });
    }
}

#[test]
fn a_stop_interrupts_the_wait_for_a_start() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = one_for_one()
            .child(idle("a"))
            .child(starts.child("b", &strings));
        let supervisor = start(&node, spec).await;
        starts.plan("b", &[Start::Hang]);
        strings.pull("b", crash());
        pass(&node, millis(10)).await;
        let mut news = News::of(&node);
        let begun = node.runtime().now();
        assert_eq!(supervisor.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
        assert_eq!(node.runtime().now(), begun);
        assert_eq!(news.read(), "stopping .b -b .a -a stopped");
    });
}

#[test]
fn dropping_the_start_of_a_supervisor_stops_it() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        starts.plan("b", &[Start::Hang]);
        let spec = one_for_one()
            .child(idle("a"))
            .child(starts.child("b", &strings));
        let start = Supervisor::start(&node, "top", spec);
        let limited = crate::runtime::timeout(node.runtime(), millis(10), start).await;
        assert!(limited.is_err());
        pass(&node, millis(1)).await;
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn nothing_is_started_once_the_supervisor_is_stopping() {
    story(|node| async move {
        let patient = slow("a", seconds(5), ExitReason::SHUTDOWN);
        let spec = one_for_one().child(patient.shutdown(ShutdownPolicy::Infinite));
        let supervisor = start(&node, spec).await;
        node.exit(supervisor.id(), &ExitReason::SHUTDOWN);
        pass(&node, seconds(1)).await;
        let refused = supervisor.start_child(idle("b")).await.unwrap_err();
        assert_eq!(refused, CallError::Stopping.into());
        let refused = supervisor.terminate_child("a").await.unwrap_err();
        assert_eq!(refused, CallError::Stopping.into());
        assert_eq!(supervisor.count_children().await.unwrap().active, 1);
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
        let events = node.runtime().events();
        let added = events.iter().filter(|event| {
            matches!(
                event,
                Event::Supervision(SupervisionEvent::ChildAdded { .. })
            )
        });
        assert_eq!(added.count(), 1);
    });
}

#[test]
fn a_second_request_to_exit_changes_nothing() {
    story(|node| async move {
        let stubborn = slow("b", seconds(99), ExitReason::Normal);
        let spec = one_for_one()
            .child(idle("a"))
            .child(stubborn.shutdown(ShutdownPolicy::Timeout(seconds(2))));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        node.exit(supervisor.id(), &ExitReason::SHUTDOWN);
        pass(&node, seconds(1)).await;
        node.exit(supervisor.id(), &crash());
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(news.read(), "stopping .b kb -b .a -a stopped");
    });
}
