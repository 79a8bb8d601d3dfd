//! Back-off, and limits of one child.

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::failure::Severity;
use crate::process::{ExitReason, Node};
use crate::supervision::{
    AutoShutdown, Backoff, ChildStatus, DynamicSupervisor, DynamicSupervisorSpec, Restart,
    RestartLimit, Strategy, SupervisorSpec,
};

fn delays(node: &Node<Rt>) -> Vec<std::time::Duration> {
    let mut delays = Vec::new();
    for event in node.runtime().events() {
        if let Event::Supervision(SupervisionEvent::RestartScheduled { delay, .. }) = event {
            delays.push(delay);
        }
    }
    delays
}

fn growing(jitter: f64) -> Backoff {
    Backoff {
        base: seconds(1),
        factor: 2.0,
        cap: seconds(8),
        jitter,
        reset_after: seconds(100),
    }
}

fn spec(strategy: Strategy) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(strategy).intensity(1000, seconds(10))
}

#[test]
fn waits_grow_and_begin_anew_after_a_healthy_time() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForOne)
            .backoff(growing(0.0))
            .child(strings.puppet("a"));
        let supervisor = start(&node, spec).await;
        for _ in 0..5 {
            strings.pull("a", crash());
            pass(&node, seconds(10)).await;
            process(&supervisor, "a").await;
        }
        pass(&node, seconds(100)).await;
        strings.pull("a", crash());
        pass(&node, seconds(10)).await;
        assert_eq!(delays(&node), [1, 2, 4, 8, 8, 1].map(seconds));
    });
}

#[test]
fn a_restart_happens_when_its_wait_is_over_and_not_before() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForOne)
            .child(strings.puppet("a").backoff(growing(0.0)))
            .child(strings.puppet("b"));
        let supervisor = start(&node, spec).await;
        strings.pull("a", crash());
        pass(&node, millis(900)).await;
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Restarting);
        // One child's wait is no other's.
        strings.pull("b", crash());
        pass(&node, millis(50)).await;
        process(&supervisor, "b").await;
        pass(&node, millis(100)).await;
        process(&supervisor, "a").await;
    });
}

#[test]
fn jitter_takes_off_a_part_that_differs_between_children() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForOne)
            .backoff(growing(0.5))
            .child(strings.puppet("a"))
            .child(strings.puppet("b"));
        let _supervisor = start(&node, spec).await;
        strings.pull("a", crash());
        strings.pull("b", crash());
        pass(&node, seconds(10)).await;
        let delays = delays(&node);
        assert_eq!(delays.len(), 2);
        assert_ne!(delays[0], delays[1]);
        for delay in delays {
            assert!(delay >= millis(500) && delay <= seconds(1), "{delay:?}");
        }
    });
}

#[test]
fn siblings_of_a_group_are_stopped_before_the_wait() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::RestForOne)
            .backoff(growing(0.0))
            .child(idle("a"))
            .child(strings.puppet("b"))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("b", crash());
        pass(&node, millis(500)).await;
        assert_eq!(news.read(), "!b ~b .c -c");
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Running);
        assert_eq!(status(&supervisor, "b").await, ChildStatus::Restarting);
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "+b +c");
    });
}

#[test]
fn a_failure_before_it_takes_over_the_wait_of_a_later_sibling() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::RestForOne)
            .child(strings.puppet("a"))
            .child(strings.puppet("b").backoff(growing(0.0)))
            .child(idle("c"));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("b", crash());
        pass(&node, millis(500)).await;
        strings.pull("a", crash());
        pass(&node, seconds(10)).await;
        assert_eq!(news.read(), "!b ~b .c -c !a ~a +a +b +c");
    });
}

#[test]
fn a_child_that_exceeds_its_own_limit_is_given_up_alone() {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        story(|node| async move {
            let strings = Strings::default();
            let own = RestartLimit {
                intensity: 1,
                period: seconds(60),
            };
            let spec = spec(strategy)
                .child(strings.puppet("a").limit(own))
                .child(idle("b"));
            let supervisor = start(&node, spec).await;
            strings.pull("a", crash());
            pass(&node, seconds(1)).await;
            let bystander = process(&supervisor, "b").await;
            let mut news = News::of(&node);
            strings.pull("a", crash());
            pass(&node, seconds(1)).await;
            assert_eq!(news.read(), "!a limit:a");
            assert_eq!(status(&supervisor, "a").await, ChildStatus::Stopped);
            assert_eq!(process(&supervisor, "b").await, bystander);
            let severities = incidents(&node).into_iter().map(|(severity, _)| severity);
            let expected = [Severity::Warning, Severity::Error];
            assert_eq!(severities.collect::<Vec<_>>(), expected);
            // Whoever knows better may start it again.
            supervisor.restart_child("a").await.unwrap();
        });
    }
}

#[test]
fn a_child_given_up_in_the_midst_of_a_group_restart_does_not_hold_up_the_others() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let own = RestartLimit {
            intensity: 0,
            period: seconds(60),
        };
        let spec = spec(Strategy::OneForAll)
            .child(strings.puppet("a"))
            .child(starts.child("b", &strings).limit(own))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("b", &[Start::Fail]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .c -c .b -b +a !b xb limit:b +c");
        assert_eq!(status(&supervisor, "b").await, ChildStatus::Stopped);
    });
}

#[test]
fn a_significant_child_that_is_given_up_has_ended_for_good() {
    story(|node| async move {
        let strings = Strings::default();
        let own = RestartLimit {
            intensity: 0,
            period: seconds(60),
        };
        let child = strings.puppet("a").restart(Restart::Transient);
        let spec = spec(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(child.significant(true).limit(own))
            .child(idle("b"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(news.read(), "!a limit:a auto:a stopping .b -b stopped");
    });
}

#[test]
fn one_flapping_agent_does_not_take_the_others_along() {
    story(|node| async move {
        let strings = Strings::default();
        // The original gave all agents together 10 restarts in 60 s.
        let own = RestartLimit {
            intensity: 10,
            period: seconds(60),
        };
        let agents = DynamicSupervisorSpec::new().intensity(1000, seconds(60));
        let agents = DynamicSupervisor::start(&node, "agents", agents)
            .await
            .unwrap();
        let mut others = Vec::new();
        for _ in 0..5 {
            let agent = agents.start_child(idle("agent").limit(own)).await.unwrap();
            others.push(agent.process);
        }
        let flapping = strings.puppet("flapping").limit(own);
        agents.start_child(flapping).await.unwrap();
        for _ in 0..11 {
            strings.pull("flapping", crash());
            pass(&node, millis(10)).await;
        }
        pass(&node, seconds(1)).await;
        let left = agents.which_children().await.unwrap().into_iter().rev();
        let left = left.map(|child| child.process.unwrap()).collect::<Vec<_>>();
        assert_eq!(left, others);
    });
}

#[test]
fn stopping_a_child_that_waits_for_its_restart_starts_its_siblings_without_it() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForAll)
            .backoff(growing(0.0))
            .child(idle("a"))
            .child(strings.puppet("b"))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("b", crash());
        pass(&node, millis(500)).await;
        supervisor.terminate_child("b").await.unwrap();
        pass(&node, seconds(10)).await;
        assert_eq!(news.read(), "!b ~b .c -c .a -a ^b +a +c");
        assert_eq!(status(&supervisor, "b").await, ChildStatus::Stopped);
    });
}

#[test]
fn a_restart_that_is_withdrawn_on_request_is_announced() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForOne)
            .backoff(growing(0.0))
            .child(strings.puppet("a"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, millis(500)).await;
        supervisor.terminate_child("a").await.unwrap();
        pass(&node, seconds(20)).await;
        assert_eq!(news.read(), "!a ~a ^a");
    });
}
