//! What callers ask of a static supervisor.

use super::stage::*;
use crate::process::{Context, ExitReason};
use crate::supervision::{
    AutoShutdown, Backoff, CallError, ChildKind, ChildSpec, ChildStatus, DeleteChildError,
    DynamicSupervisorSpec, Restart, RestartChildError, SpecError, StartChildError, Strategy,
    SupervisorFlags, SupervisorSpec, TerminateChildError, WhichChildError,
};

fn one_for_one() -> SupervisorSpec<Rt> {
    SupervisorSpec::new(Strategy::OneForOne).intensity(1000, seconds(1))
}

#[test]
fn a_started_child_hands_its_info_to_the_caller_and_is_restarted_alike() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let supervisor = start(&node, one_for_one()).await;
        let child = starts.child("a", &strings);
        let started = supervisor.start_child(child).await.unwrap();
        let info = started.info.unwrap().downcast::<String>().unwrap();
        assert_eq!(*info, "a");
        assert_eq!(process(&supervisor, "a").await, started.process);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_ne!(process(&supervisor, "a").await, started.process);
    });
}

#[test]
fn a_child_that_fails_to_start_on_request_leaves_no_spec_and_no_harm() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let supervisor = start(&node, one_for_one().child(idle("b"))).await;
        let mut news = News::of(&node);
        starts.plan("a", &[Start::Panic]);
        let child = starts.child("a", &strings);
        let failed = supervisor.start_child(child.clone()).await.unwrap_err();
        let reason = ExitReason::Panic("no start".into());
        assert_eq!(failed, StartChildError::Failed(reason));
        assert_eq!(news.read(), "[a !a xa ]a");
        assert_eq!(
            supervisor.which_child("a").await,
            Err(WhichChildError::NotFound)
        );
        supervisor.start_child(child).await.unwrap();
        assert_eq!(incidents(&node), []);
    });
}

#[test]
fn a_child_that_fails_to_start_again_on_request_keeps_its_spec() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let supervisor = start(&node, one_for_one().child(starts.child("a", &strings))).await;
        supervisor.terminate_child("a").await.unwrap();
        starts.plan("a", &[Start::Fail, Start::Ignore]);
        let failed = supervisor.restart_child("a").await.unwrap_err();
        let reason = ExitReason::failed("no start");
        assert_eq!(failed, RestartChildError::Failed(reason));
        let ignored = supervisor.restart_child("a").await.unwrap_err();
        assert_eq!(ignored, RestartChildError::Ignored);
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Stopped);
        supervisor.restart_child("a").await.unwrap();
        process(&supervisor, "a").await;
    });
}

#[test]
fn ids_in_use_are_refused_by_what_their_child_does() {
    story(|node| async move {
        let supervisor = start(&node, one_for_one().child(idle("a"))).await;
        let running = process(&supervisor, "a").await;
        let refused = supervisor.start_child(idle("a")).await.unwrap_err();
        assert_eq!(refused, StartChildError::AlreadyStarted(running));
        supervisor.terminate_child("a").await.unwrap();
        let refused = supervisor.start_child(idle("a")).await.unwrap_err();
        assert_eq!(refused, StartChildError::AlreadyPresent);
        supervisor.delete_child("a").await.unwrap();
        supervisor.start_child(idle("a")).await.unwrap();
    });
}

#[test]
fn stopping_is_idempotent_and_drops_a_temporary_spec() {
    story(|node| async move {
        let spec = one_for_one()
            .child(idle("a"))
            .child(idle("b").restart(Restart::Temporary));
        let supervisor = start(&node, spec).await;
        supervisor.terminate_child("a").await.unwrap();
        supervisor.terminate_child("a").await.unwrap();
        let child = supervisor.which_child("a").await.unwrap();
        assert_eq!((child.status, child.process), (ChildStatus::Stopped, None));
        supervisor.terminate_child("b").await.unwrap();
        let gone = supervisor.which_child("b").await;
        assert_eq!(gone, Err(WhichChildError::NotFound));
        let unknown = supervisor.terminate_child("b").await;
        assert_eq!(unknown, Err(TerminateChildError::NotFound));
    });
}

#[test]
fn restart_and_delete_are_refused_by_what_the_child_does() {
    story(|node| async move {
        let strings = Strings::default();
        let never = Backoff {
            base: seconds(100),
            factor: 1.0,
            cap: seconds(100),
            jitter: 0.0,
            reset_after: seconds(1),
        };
        let spec = one_for_one()
            .child(idle("running"))
            .child(strings.puppet("restarting").backoff(never))
            .child(strings.puppet("temporary").restart(Restart::Temporary));
        let supervisor = start(&node, spec).await;
        strings.pull("restarting", crash());
        strings.pull("temporary", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(
            supervisor.restart_child("running").await.unwrap_err(),
            RestartChildError::Running
        );
        assert_eq!(
            supervisor.restart_child("restarting").await.unwrap_err(),
            RestartChildError::Restarting
        );
        for unknown in ["unknown", "temporary"] {
            assert_eq!(
                supervisor.restart_child(unknown).await.unwrap_err(),
                RestartChildError::NotFound
            );
            assert_eq!(
                supervisor.delete_child(unknown).await,
                Err(DeleteChildError::NotFound)
            );
        }
        assert_eq!(
            supervisor.delete_child("running").await,
            Err(DeleteChildError::Running)
        );
        assert_eq!(
            supervisor.delete_child("restarting").await,
            Err(DeleteChildError::Restarting)
        );
        // Stopping it ends the wait; then it is an ordinary stopped child.
        supervisor.terminate_child("restarting").await.unwrap();
        supervisor.restart_child("restarting").await.unwrap();
    });
}

#[test]
fn a_restarting_child_is_listed_so_and_counted_as_a_worker_but_not_as_active() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let inner = SupervisorSpec::new(Strategy::OneForOne);
        let child = starts.child("a", &strings);
        let spec = one_for_one()
            .backoff(Backoff {
                base: seconds(1),
                factor: 1.0,
                cap: seconds(1),
                jitter: 0.0,
                reset_after: seconds(100),
            })
            .child(child.clone())
            .child(ChildSpec::supervisor("inner", inner));
        let supervisor = start(&node, spec).await;
        starts.plan("a", &[Start::Fail; 5]);
        strings.pull("a", crash());
        for _ in 0..5 {
            pass(&node, millis(900)).await;
            assert_eq!(status(&supervisor, "a").await, ChildStatus::Restarting);
            let count = supervisor.count_children().await.unwrap();
            assert_eq!((count.specs, count.active), (2, 1));
            assert_eq!((count.workers, count.supervisors), (1, 1));
            // Present but not running, so that nobody takes it for started.
            let refused = supervisor.start_child(child.clone()).await.unwrap_err();
            assert_eq!(refused, StartChildError::AlreadyPresent);
        }
        pass(&node, seconds(5)).await;
        process(&supervisor, "a").await;
    });
}

#[test]
fn calls_are_answered_while_a_restart_loops_without_a_wait() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(1000, seconds(1))
            .child(starts.child("a", &strings));
        let supervisor = start(&node, spec).await;
        starts.plan("a", &[Start::Fail; 500]);
        strings.pull("a", crash());
        while status(&supervisor, "a").await == ChildStatus::Running {}
        supervisor.start_child(idle("b")).await.unwrap();
        assert_ne!(status(&supervisor, "a").await, ChildStatus::Running);
        supervisor.terminate_child("a").await.unwrap();
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Stopped);
    });
}

#[test]
fn a_child_that_hangs_in_its_restart_keeps_nobody_waiting() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let child = starts.child("a", &strings);
        let spec = one_for_one().child(child.clone()).child(idle("b"));
        let supervisor = start(&node, spec).await.with_limit(millis(1));
        starts.plan("a", &[Start::Hang]);
        strings.pull("a", crash());
        pass(&node, millis(10)).await;
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Starting);
        assert_eq!(supervisor.which_children().await.unwrap().len(), 2);
        let refused = supervisor.start_child(child).await.unwrap_err();
        assert_eq!(refused, StartChildError::AlreadyPresent);
        let refused = supervisor.restart_child("a").await.unwrap_err();
        assert_eq!(refused, RestartChildError::Restarting);
        let refused = supervisor.delete_child("a").await.unwrap_err();
        assert_eq!(refused, DeleteChildError::Restarting);
        let mut news = News::of(&node);
        supervisor.terminate_child("a").await.unwrap();
        assert_eq!(news.read(), "^a .a -a");
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Stopped);
        supervisor.restart_child("a").await.unwrap();
    });
}

#[test]
fn calling_off_a_start_in_a_group_restart_still_starts_the_others() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = SupervisorSpec::new(Strategy::OneForAll)
            .intensity(1000, seconds(1))
            .child(starts.child("a", &strings))
            .child(idle("b"));
        let supervisor = start(&node, spec).await;
        starts.plan("a", &[Start::Hang]);
        strings.pull("a", crash());
        pass(&node, millis(10)).await;
        let mut news = News::of(&node);
        supervisor.terminate_child("a").await.unwrap();
        pass(&node, millis(1)).await;
        assert_eq!(news.read(), "^a .a -a +b");
    });
}

#[test]
fn a_call_that_is_given_up_before_it_was_begun_has_no_effect() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = one_for_one().child(starts.child("a", &strings));
        let supervisor = start(&node, spec).await;
        starts.plan("a", &[Start::Ready(seconds(10))]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let hasty = supervisor.clone().with_limit(seconds(1));
        let limit = seconds(1);
        let late = hasty.start_child(idle("b")).await.unwrap_err();
        assert_eq!(late, CallError::TimedOut { limit }.into());
        pass(&node, seconds(20)).await;
        assert_eq!(
            supervisor.which_child("b").await,
            Err(WhichChildError::NotFound)
        );
        process(&supervisor, "a").await;
    });
}

#[test]
fn children_are_listed_newest_first() {
    story(|node| async move {
        let supervisor = start(&node, one_for_one().child(idle("a")).child(idle("b"))).await;
        supervisor.start_child(idle("c")).await.unwrap();
        let children = supervisor.which_children().await.unwrap();
        let ids = children.iter().map(|child| &*child.id).collect::<Vec<_>>();
        assert_eq!(ids, ["c", "b", "a"]);
        let unknown = supervisor.which_child("d").await;
        assert_eq!(unknown, Err(WhichChildError::NotFound));
    });
}

#[test]
fn new_settings_apply_to_later_failures() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = one_for_one().child(strings.puppet("a")).child(idle("b"));
        let supervisor = start(&node, spec).await;
        let flags = SupervisorFlags {
            limit: one_for_one().flags().limit,
            ..SupervisorFlags::new(Strategy::OneForAll)
        };
        supervisor.reconfigure(flags).await.unwrap();
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .b -b +a +b");
    });
}

#[test]
fn an_upgrade_replaces_specs_in_place_and_adds_new_ones_without_a_process() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = one_for_one()
            .child(strings.puppet("a"))
            .child(idle("b"))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        let before = process(&supervisor, "a").await;
        let mut news = News::of(&node);
        let upgrade = one_for_one()
            .child(idle("d"))
            .child(strings.puppet("a").restart(Restart::Temporary));
        supervisor.upgrade(upgrade).await.unwrap();
        assert_eq!(news.read(), "reconfigured [d [a");
        assert_eq!(process(&supervisor, "a").await, before);
        let children = supervisor.which_children().await.unwrap();
        let ids = children.iter().map(|child| &*child.id).collect::<Vec<_>>();
        assert_eq!(ids, ["d", "c", "b", "a"]);
        assert_eq!(status(&supervisor, "d").await, ChildStatus::Stopped);
        // The new policy applies to the next end.
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(
            supervisor.which_child("a").await,
            Err(WhichChildError::NotFound)
        );
    });
}

#[test]
fn an_upgrade_that_contradicts_itself_changes_nothing() {
    story(|node| async move {
        let significant = idle("a").restart(Restart::Transient).significant(true);
        let spec = one_for_one()
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(significant);
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        // The child that is not mentioned stays, and is significant.
        let refused = supervisor
            .upgrade(one_for_one().child(idle("b")))
            .await
            .unwrap_err();
        let child = "a".into();
        assert_eq!(refused, SpecError::SignificantUnderNever { child }.into());
        assert_eq!(news.read(), "");
        assert_eq!(supervisor.count_children().await.unwrap().specs, 1);
        // With its own new spec it may.
        let upgrade = one_for_one().child(idle("a"));
        supervisor.upgrade(upgrade).await.unwrap();
    });
}

#[test]
fn the_tree_shows_everything_below() {
    story(|node| async move {
        let inner = one_for_one().child(idle("deep")).child(idle("other"));
        let pool = DynamicSupervisorSpec::new();
        let spec = one_for_one()
            .child(idle("a"))
            .child(ChildSpec::supervisor("inner", inner))
            .child(ChildSpec::dynamic_supervisor("pool", pool));
        let supervisor = start(&node, spec).await;
        let pool = supervisor.child_dynamic_supervisor("pool").await.unwrap();
        pool.start_child(idle("job")).await.unwrap();
        let inner = supervisor.child_supervisor("inner").await.unwrap();
        inner.terminate_child("other").await.unwrap();
        let tree = supervisor.tree().await.unwrap().to_string();
        assert_eq!(
            tree,
            "top <n1.1.1> supervisor\n\
             ├─ a <n1.1.2> worker, running\n\
             ├─ inner <n1.1.3> supervisor, running\n\
             │  ├─ deep <n1.1.4> worker, running\n\
             │  └─ other worker, stopped\n\
             └─ pool <n1.1.6> supervisor, running\n\
             \u{20}  └─ job#1 <n1.1.7> worker, running"
        );
    });
}

#[test]
fn a_handle_of_another_kind_is_not_found() {
    story(|node| async move {
        let inner = ChildSpec::supervisor("inner", one_for_one());
        let supervisor = start(&node, one_for_one().child(idle("a")).child(inner)).await;
        for (id, kind) in [("a", ChildKind::Worker), ("inner", ChildKind::Supervisor)] {
            assert_eq!(supervisor.which_child(id).await.unwrap().kind, kind);
            let found = supervisor.child_dynamic_supervisor(id).await;
            assert_eq!(found.unwrap_err(), WhichChildError::NotFound);
        }
    });
}

#[test]
fn a_child_may_call_its_own_supervisor() {
    story(|node| async move {
        let supervisor = start(&node, one_for_one()).await;
        let above = supervisor.clone();
        let child = ChildSpec::worker("a", move |_context: Context<Rt>| {
            let above = above.clone();
            async move {
                above.start_child(idle("b")).await?;
                // The answer to this is the end of the caller.
                above.terminate_child("a").await?;
                Ok::<(), ExitReason>(())
            }
        });
        supervisor.start_child(child).await.unwrap();
        pass(&node, seconds(1)).await;
        assert_eq!(status(&supervisor, "a").await, ChildStatus::Stopped);
        process(&supervisor, "b").await;
    });
}

#[test]
fn restarts_that_are_due_take_turns_with_calls() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let wait = Backoff {
            base: millis(500),
            factor: 1.0,
            cap: millis(500),
            jitter: 0.0,
            reset_after: seconds(1),
        };
        let spec = one_for_one().child(strings.puppet("a").backoff(wait));
        let supervisor = start(&node, spec).await;
        strings.pull("a", crash());
        pass(&node, millis(1)).await;
        let slow = |id| {
            starts.plan(id, &[Start::Ready(seconds(1))]);
            let (supervisor, child) = (supervisor.clone(), starts.child(id, &strings));
            async move { supervisor.start_child(child).await.unwrap() }
        };
        let calls = both(slow("b"), both(slow("c"), slow("d")));
        let check = async {
            pass(&node, millis(1500)).await;
            assert_eq!(status(&supervisor, "a").await, ChildStatus::Running);
        };
        Box::pin(both(calls, check)).await;
    });
}

#[test]
fn a_call_that_is_being_done_when_the_supervisor_stops_is_refused() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = one_for_one().child(idle("a"));
        let supervisor = start(&node, spec).await;
        starts.plan("b", &[Start::Hang]);
        let hangs = supervisor.start_child(starts.child("b", &strings));
        let stop = async {
            pass(&node, seconds(1)).await;
            supervisor.stop(seconds(10)).await
        };
        let (hangs, stop) = both(hangs, stop).await;
        assert_eq!(hangs.unwrap_err(), CallError::Stopping.into());
        assert_eq!(stop, Ok(ExitReason::SHUTDOWN));
    });
}

#[test]
fn a_call_that_comes_with_the_end_starts_nothing() {
    story(|node| async move {
        let supervisor = start(&node, one_for_one()).await;
        node.exit(supervisor.id(), &ExitReason::SHUTDOWN);
        let refused = supervisor.start_child(idle("a")).await.unwrap_err();
        let gone = [CallError::Gone.into(), CallError::Stopping.into()];
        assert!(gone.contains(&refused), "{refused}");
    });
}
