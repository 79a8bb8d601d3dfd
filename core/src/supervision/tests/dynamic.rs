//! Dynamic supervisors.

use std::sync::Mutex;
use std::sync::{Arc, Weak};

use super::stage::*;
use crate::event::{Event, ProcessEvent, SupervisionEvent};
use crate::process::{Context, ExitReason, Node};
use crate::runtime::Clock;
use crate::supervision::{
    Backoff, CallError, ChildSpec, ChildStatus, DynamicSupervisor, DynamicSupervisorFlags,
    DynamicSupervisorRef, DynamicSupervisorSpec, Restart, ShutdownPolicy, SpecError,
    StartChildError, TerminateChildError,
};

async fn pool(node: &Node<Rt>, spec: DynamicSupervisorSpec<Rt>) -> DynamicSupervisorRef<Rt> {
    DynamicSupervisor::start(node, "pool", spec).await.unwrap()
}

fn roomy() -> DynamicSupervisorSpec<Rt> {
    DynamicSupervisorSpec::new().intensity(1000, seconds(10))
}

fn slow(time: std::time::Duration) -> ChildSpec<Rt> {
    ChildSpec::worker("slow", move |context: Context<Rt>| async move {
        context.exit_requested().await;
        context.runtime().sleep(time).await;
    })
    .trap_exit(true)
}

#[test]
fn children_stop_side_by_side() {
    story(|node| async move {
        let pool = pool(&node, roomy()).await;
        for time in [3, 1, 2] {
            pool.start_child(slow(seconds(time))).await.unwrap();
        }
        let late = slow(seconds(99)).shutdown(ShutdownPolicy::Timeout(seconds(4)));
        pool.start_child(late).await.unwrap();
        pool.start_child(idle("a").shutdown(ShutdownPolicy::Brutal))
            .await
            .unwrap();
        let begun = node.runtime().now();
        let mut news = News::of(&node);
        assert_eq!(pool.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
        assert_eq!(node.runtime().now().since(begun), seconds(4));
        let news = news.read();
        assert!(
            news.starts_with("stopping .a#5 .slow#4 .slow#3 .slow#2 .slow#1 "),
            "{news}"
        );
        assert!(news.ends_with("kslow#4 -slow#4 ]slow#4 stopped"), "{news}");
        assert_eq!(incidents(&node).len(), 1);
        assert_eq!(pool.count_children().await, Err(CallError::Gone));
    });
}

#[test]
fn a_child_comes_back_by_its_policy_and_leaves_nothing_otherwise() {
    story(|node| async move {
        let strings = Strings::default();
        let pool = pool(&node, roomy()).await;
        for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
            let id = format!("{restart:?}");
            let child = strings.puppet(&id).restart(restart);
            pool.start_child(child).await.unwrap();
        }
        strings.pull("Transient", crash());
        strings.pull("Temporary", crash());
        strings.pull("Permanent", ExitReason::Normal);
        pass(&node, seconds(1)).await;
        assert_eq!(pool.count_children().await.unwrap().active, 2);
        strings.pull("Transient", ExitReason::Normal);
        pass(&node, seconds(1)).await;
        let left = pool.which_children().await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!((&*left[0].id, left[0].starts), ("Permanent#1", 2));
    });
}

#[test]
fn a_failure_restarts_that_child_alone() {
    story(|node| async move {
        let strings = Strings::default();
        let pool = pool(&node, roomy()).await;
        pool.start_child(idle("b")).await.unwrap();
        pool.start_child(strings.puppet("a")).await.unwrap();
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a#2 ~a#2 +a#2");
    });
}

#[test]
fn too_many_restarts_stop_all_children_and_end_with_shutdown() {
    story(|node| async move {
        let strings = Strings::default();
        let pool = pool(&node, DynamicSupervisorSpec::new()).await;
        pool.start_child(idle("b")).await.unwrap();
        pool.start_child(strings.puppet("a")).await.unwrap();
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        assert_eq!(pool.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(
            news.read(),
            "!a#2 intensity:a#2 ]a#2 stopping .b#1 -b#1 ]b#1 stopped"
        );
    });
}

#[test]
fn the_maximum_counts_children_that_run_start_or_wait_for_a_restart() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let never = Backoff {
            base: seconds(100),
            factor: 1.0,
            cap: seconds(100),
            jitter: 0.0,
            reset_after: seconds(1),
        };
        let pool = pool(&node, roomy().max_children(2)).await;
        let restarting = strings.puppet("a").backoff(never);
        pool.start_child(restarting).await.unwrap();
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        starts.plan("b", &[Start::Ready(seconds(5))]);
        let other = pool.clone();
        let slow = other.start_child(starts.child("b", &strings));
        let refused = async {
            pass(&node, seconds(1)).await;
            pool.start_child(idle("c")).await.unwrap_err()
        };
        let (slow, refused) = both(slow, refused).await;
        assert_eq!(refused, StartChildError::MaxChildren { limit: 2 });
        pool.terminate_child(slow.unwrap().process).await.unwrap();
        pool.start_child(idle("c")).await.unwrap();
    });
}

#[test]
fn a_slow_start_keeps_no_other_waiting() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let pool = pool(&node, roomy()).await;
        starts.plan("a", &[Start::Ready(seconds(5))]);
        let begun = node.runtime().now();
        let other = pool.clone();
        let slow = other.start_child(starts.child("a", &strings));
        let quick = async {
            pass(&node, seconds(1)).await;
            pool.start_child(idle("b")).await.unwrap();
            node.runtime().now().since(begun)
        };
        let (slow, quick) = both(slow, quick).await;
        slow.unwrap();
        assert_eq!(quick, seconds(1));
        assert_eq!(node.runtime().now().since(begun), seconds(5));
    });
}

#[test]
fn a_child_that_ignores_or_fails_its_start_leaves_nothing() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let pool = pool(&node, roomy()).await;
        starts.plan("a", &[Start::Ignore, Start::Fail]);
        let child = starts.child("a", &strings);
        let ignored = pool.start_child(child.clone()).await.unwrap_err();
        assert_eq!(ignored, StartChildError::Ignored);
        let failed = pool.start_child(child.clone()).await.unwrap_err();
        let reason = ExitReason::failed("no start");
        assert_eq!(failed, StartChildError::Failed(reason));
        assert_eq!(pool.count_children().await.unwrap().specs, 0);
        let started = pool.start_child(child).await.unwrap();
        let info = started.info.unwrap().downcast::<String>().unwrap();
        assert_eq!(*info, "a");
        assert_eq!(incidents(&node), []);
    });
}

#[test]
fn a_child_that_ignores_its_restart_is_dropped() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let pool = pool(&node, roomy()).await;
        pool.start_child(starts.child("a", &strings)).await.unwrap();
        starts.plan("a", &[Start::Fail, Start::Ignore]);
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a#1 ~a#1 !a#1 xa#1 ~a#1 -a#1 oa#1 ]a#1");
        assert_eq!(pool.count_children().await.unwrap().specs, 0);
    });
}

#[test]
fn each_failed_start_of_a_restart_counts() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = DynamicSupervisorSpec::new().intensity(2, seconds(5));
        let pool = pool(&node, spec).await;
        pool.start_child(starts.child("a", &strings)).await.unwrap();
        starts.plan("a", &[Start::Fail; 9]);
        let mut news = News::of(&node);
        strings.pull("a", crash());
        assert_eq!(pool.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(
            news.read(),
            "!a#1 ~a#1 !a#1 xa#1 ~a#1 !a#1 xa#1 intensity:a#1 ]a#1 stopping stopped"
        );
    });
}

#[test]
fn a_child_can_be_stopped_by_its_process_even_while_it_waits_for_its_restart() {
    story(|node| async move {
        let strings = Strings::default();
        let wait = Backoff {
            base: seconds(10),
            factor: 1.0,
            cap: seconds(10),
            jitter: 0.0,
            reset_after: seconds(1),
        };
        let pool = pool(&node, roomy().backoff(wait)).await;
        let a = pool.start_child(strings.puppet("a")).await.unwrap();
        let b = pool.start_child(idle("b")).await.unwrap();
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let children = pool.which_children().await.unwrap();
        assert_eq!(children[1].status, ChildStatus::Restarting);
        let mut news = News::of(&node);
        pool.terminate_child(a.process).await.unwrap();
        pool.terminate_child(b.process).await.unwrap();
        assert_eq!(news.read(), "^a#1 ]a#1 .b#2 -b#2 ]b#2");
        for gone in [a.process, b.process] {
            let again = pool.terminate_child(gone).await;
            assert_eq!(again, Err(TerminateChildError::NotFound));
        }
        pass(&node, seconds(60)).await;
        assert_eq!(news.read(), "");
    });
}

#[test]
fn arguments_of_a_temporary_child_are_not_retained() {
    story(|node| async move {
        let pool = pool(&node, roomy()).await;
        let kept: Arc<Mutex<Vec<Weak<String>>>> = Arc::default();
        let argument = Arc::new("argument".to_owned());
        for restart in [Restart::Temporary, Restart::Permanent] {
            let argument = Arc::new((*argument).clone());
            kept.lock().unwrap().push(Arc::downgrade(&argument));
            let child = ChildSpec::worker("a", move |_context: Context<Rt>| {
                let length = argument.len();
                async move {
                    assert_eq!(length, 8);
                    std::future::pending::<()>().await;
                }
            });
            pool.start_child(child.restart(restart)).await.unwrap();
        }
        pass(&node, seconds(1)).await;
        let alive = kept.lock().unwrap();
        let alive = alive.iter().map(|kept| kept.strong_count() > 0);
        assert_eq!(alive.collect::<Vec<_>>(), [false, true]);
    });
}

#[test]
fn ties_between_dynamic_children_are_refused() {
    story(|node| async move {
        let pool = pool(&node, roomy()).await;
        for child in [
            idle("a").restart(Restart::Transient).significant(true),
            idle("a").peers(["b"]),
        ] {
            let refused = pool.start_child(child).await.unwrap_err();
            let child = "a".into();
            assert_eq!(refused, SpecError::TiedDynamicChild { child }.into());
        }
    });
}

#[test]
fn a_lower_maximum_leaves_the_present_children_alone() {
    story(|node| async move {
        let pool = pool(&node, roomy()).await;
        for _ in 0..3 {
            pool.start_child(idle("a")).await.unwrap();
        }
        let flags = DynamicSupervisorFlags {
            max_children: 1,
            ..roomy().flags()
        };
        pool.reconfigure(flags).await.unwrap();
        assert_eq!(pool.count_children().await.unwrap().active, 3);
        let refused = pool.start_child(idle("a")).await.unwrap_err();
        assert_eq!(refused, StartChildError::MaxChildren { limit: 1 });
    });
}

#[test]
fn a_stop_while_children_start_and_wait_leaves_nothing() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let wait = Backoff {
            base: seconds(10),
            factor: 1.0,
            cap: seconds(10),
            jitter: 0.0,
            reset_after: seconds(1),
        };
        let pool = pool(&node, roomy().backoff(wait)).await;
        pool.start_child(strings.puppet("a")).await.unwrap();
        strings.pull("a", crash());
        starts.plan("b", &[Start::Hang]);
        let other = pool.clone();
        let hangs = other.start_child(starts.child("b", &strings));
        let stop = async {
            pass(&node, seconds(1)).await;
            pool.stop(seconds(60)).await
        };
        let (hangs, stop) = both(hangs, stop).await;
        assert_eq!(hangs.unwrap_err(), CallError::Stopping.into());
        assert_eq!(stop, Ok(ExitReason::SHUTDOWN));
        let events = node.runtime().events();
        let processes = events
            .iter()
            .filter(|event| matches!(event, Event::Process(ProcessEvent::Spawned { .. })));
        let exits = events.iter().filter(|event| {
            matches!(
                event,
                Event::Supervision(SupervisionEvent::ChildExited { .. })
            )
        });
        // The pool itself has no supervisor.
        assert_eq!(processes.count(), exits.count() + 1);
    });
}
