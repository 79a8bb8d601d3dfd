//! Who is restarted, in which order, and when it is too much.

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::failure::Severity;
use crate::process::ExitReason;
use crate::supervision::{ChildSpec, ChildStatus, Restart, Strategy, SupervisorSpec};

fn roomy(strategy: Strategy) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(strategy).intensity(10, seconds(60))
}

fn crash_of_b(strategy: Strategy, expected: &'static str) {
    story(|node| async move {
        let strings = Strings::default();
        let spec = ["a", "b", "c"]
            .into_iter()
            .fold(roomy(strategy), |spec, id| spec.child(strings.puppet(id)));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("b", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), expected);
    });
}

#[test]
fn one_for_one_restarts_only_the_failed_child() {
    crash_of_b(Strategy::OneForOne, "!b ~b +b");
}

#[test]
fn one_for_all_stops_in_reverse_and_starts_in_order() {
    crash_of_b(Strategy::OneForAll, "!b ~b .c -c .a -a +a +b +c");
}

#[test]
fn rest_for_one_takes_those_that_started_later() {
    crash_of_b(Strategy::RestForOne, "!b ~b .c -c +b +c");
}

/// How a child ends, and whether a permanent, transient and temporary one comes back.
fn policies() -> [(ExitReason, [bool; 3]); 5] {
    let full = ExitReason::Shutdown(Some("full".into()));
    [
        (ExitReason::Normal, [true, false, false]),
        (ExitReason::SHUTDOWN, [true, false, false]),
        (full, [true, false, false]),
        (crash(), [true, true, false]),
        (ExitReason::Panic("pulled".into()), [true, true, false]),
    ]
}

#[test]
fn a_child_comes_back_by_its_policy_and_its_reason() {
    for (reason, back) in policies() {
        story(|node| {
            let reason = reason.clone();
            async move {
                let strings = Strings::default();
                let spec = roomy(Strategy::OneForOne)
                    .child(strings.puppet("permanent"))
                    .child(strings.puppet("transient").restart(Restart::Transient))
                    .child(strings.puppet("temporary").restart(Restart::Temporary));
                let supervisor = start(&node, spec).await;
                for id in ["permanent", "transient", "temporary"] {
                    strings.pull(id, reason.clone());
                }
                pass(&node, seconds(1)).await;
                let statuses = ["permanent", "transient", "temporary"].map(|id| {
                    let supervisor = supervisor.clone();
                    async move { supervisor.which_child(id).await.ok() }
                });
                let [permanent, transient, temporary] = statuses;
                let permanent = permanent.await.unwrap().status;
                assert_eq!(permanent == ChildStatus::Running, back[0]);
                let transient = transient.await.unwrap().status;
                assert_eq!(transient == ChildStatus::Running, back[1]);
                assert_eq!(transient == ChildStatus::Stopped, !back[1]);
                // The spec of a temporary child goes with its process.
                assert_eq!(temporary.await, None);
            }
        });
    }
}

#[test]
fn a_temporary_bystander_is_stopped_and_not_brought_back() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        story(|node| async move {
            let strings = Strings::default();
            let spec = roomy(strategy)
                .child(strings.puppet("a"))
                .child(idle("b").restart(Restart::Temporary));
            let supervisor = start(&node, spec).await;
            let mut news = News::of(&node);
            strings.pull("a", crash());
            pass(&node, seconds(1)).await;
            assert_eq!(news.read(), "!a ~a .b -b ]b +a");
            assert!(supervisor.which_child("b").await.is_err());
        });
    }
}

#[test]
fn one_for_all_starts_the_whole_set_again_if_a_start_fails() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = roomy(Strategy::OneForAll)
            .child(strings.puppet("a"))
            .child(starts.child("b", &strings))
            .child(idle("c"));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("b", &[Start::Fail]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .c -c .b -b +a !b xb ~b .a -a +a +b +c");
    });
}

#[test]
fn rest_for_one_leaves_those_alone_that_started_before_the_failed_start() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = roomy(Strategy::RestForOne)
            .child(strings.puppet("a"))
            .child(starts.child("b", &strings))
            .child(idle("c"));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("b", &[Start::Fail]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .c -c .b -b +a !b xb ~b +b +c");
    });
}

#[test]
fn a_group_restart_also_starts_a_sibling_that_was_stopped_on_request() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = roomy(Strategy::OneForAll)
            .child(strings.puppet("a"))
            .child(idle("b").restart(Restart::Transient));
        let supervisor = start(&node, spec).await;
        supervisor.terminate_child("b").await.unwrap();
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a +a +b");
    });
}

#[test]
fn children_that_fail_together_are_all_back_in_the_end() {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        story(|node| async move {
            let (strings, starts) = (Strings::default(), Starts::default());
            let spec = roomy(strategy)
                .child(starts.child("a", &strings))
                .child(strings.puppet("b"))
                .child(strings.puppet("c"));
            let supervisor = start(&node, spec).await;
            // Others fail while the supervisor waits for the start of the first.
            starts.plan("a", &[Start::Ready(millis(5))]);
            strings.pull("a", crash());
            strings.pull("b", crash());
            strings.pull("c", crash());
            pass(&node, seconds(1)).await;
            for id in ["a", "b", "c"] {
                process(&supervisor, id).await;
            }
        });
    }
}

#[test]
fn a_supervisor_that_restarts_too_often_stops_its_children_and_ends_with_shutdown() {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        story(|node| async move {
            let strings = Strings::default();
            let spec = SupervisorSpec::new(strategy)
                .intensity(1, seconds(1))
                .child(strings.puppet("a"))
                .child(idle("b"))
                .child(idle("c"));
            let supervisor = start(&node, spec).await;
            strings.pull("a", crash());
            pass(&node, millis(100)).await;
            process(&supervisor, "a").await;
            let mut news = News::of(&node);
            strings.pull("a", crash());
            assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
            assert_eq!(news.read(), "!a intensity:a stopping .c -c .b -b stopped");
            let severities = incidents(&node).into_iter().map(|(severity, _)| severity);
            assert_eq!(
                severities.collect::<Vec<_>>(),
                [Severity::Warning, Severity::Error]
            );
        });
    }
}

#[test]
fn failures_spaced_wider_than_the_window_never_add_up() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(1, seconds(1))
            .child(strings.puppet("a"));
        let supervisor = start(&node, spec).await;
        for _ in 0..20 {
            strings.pull("a", crash());
            pass(&node, millis(1010)).await;
            process(&supervisor, "a").await;
        }
    });
}

#[test]
fn each_failed_start_of_a_restart_counts() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(3, seconds(5))
            .child(starts.child("a", &strings));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("a", &[Start::Fail, Start::Panic, Start::Fail, Start::Fail]);
        strings.pull("a", crash());
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(
            news.read(),
            "!a ~a !a xa ~a !a xa ~a !a xa intensity:a stopping stopped"
        );
    });
}

#[test]
fn the_end_of_a_nested_supervisor_counts_once_for_its_parent() {
    story(|node| async move {
        let strings = Strings::default();
        let inner = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(0, seconds(5))
            .child(strings.puppet("a"));
        let outer = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(1, seconds(5))
            .child(ChildSpec::supervisor("inner", inner));
        let supervisor = start(&node, outer).await;
        let before = process(&supervisor, "inner").await;
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let after = process(&supervisor, "inner").await;
        assert_ne!(before, after);
        let events = node.runtime().events();
        let restarts = events.iter().filter(|event| {
            matches!(event, Event::Supervision(SupervisionEvent::RestartScheduled { supervisor: by, .. }) if *by == supervisor.id())
        });
        assert_eq!(restarts.count(), 1);
        let inner = supervisor.child_supervisor("inner").await.unwrap();
        assert_eq!(inner.id(), after);
        process(&inner, "a").await;
    });
}

#[test]
fn the_supervisor_learns_the_text_of_a_panic_once() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = roomy(Strategy::OneForOne).child(strings.puppet("a"));
        let _supervisor = start(&node, spec).await;
        strings.pull("a", ExitReason::Panic("out of tea".into()));
        pass(&node, seconds(1)).await;
        let events = node.runtime().events();
        let seen = events.iter().filter(|event| {
            matches!(event, Event::Supervision(SupervisionEvent::ChildExited { reason: ExitReason::Panic(text), .. }) if *text == "out of tea")
        });
        assert_eq!(seen.count(), 1);
        let incidents = incidents(&node);
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].0, Severity::Warning);
        assert!(
            incidents[0].1.contains("panic: out of tea"),
            "{incidents:?}"
        );
    });
}

#[test]
fn once_a_restart_was_announced_the_old_process_is_never_answered() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = roomy(Strategy::OneForOne).child(strings.puppet("a"));
        let supervisor = start(&node, spec).await;
        let old = process(&supervisor, "a").await;
        strings.pull("a", crash());
        loop {
            let events = node.runtime().events();
            let restarted = events.iter().any(|event| {
                matches!(event, Event::Supervision(SupervisionEvent::ChildStarted { process, .. }) if *process != old)
            });
            let child = supervisor.which_child("a").await.unwrap();
            if restarted {
                assert_ne!(child.process, Some(old));
                assert_eq!(child.starts, 2);
                return;
            }
            pass(&node, millis(1)).await;
        }
    });
}
