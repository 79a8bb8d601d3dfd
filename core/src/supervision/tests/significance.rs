//! Supervisors that end because their children did.

use super::stage::*;
use crate::process::ExitReason;
use crate::supervision::{
    AutoShutdown, ChildSpec, Restart, SpecError, Strategy, SupervisorFlags, SupervisorSpec,
};

const STRATEGIES: [Strategy; 3] = [
    Strategy::OneForOne,
    Strategy::OneForAll,
    Strategy::RestForOne,
];

fn spec(strategy: Strategy, auto_shutdown: AutoShutdown) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(strategy)
        .intensity(10, seconds(60))
        .auto_shutdown(auto_shutdown)
}

#[test]
fn any_significant_end_for_good_ends_the_supervisor() {
    for (restart, reason) in [
        (Restart::Transient, ExitReason::Normal),
        (Restart::Transient, ExitReason::SHUTDOWN),
        (Restart::Temporary, ExitReason::Normal),
        (Restart::Temporary, crash()),
    ] {
        story(|node| {
            let reason = reason.clone();
            async move {
                let strings = Strings::default();
                let child = strings.puppet("a").restart(restart).significant(true);
                let spec = spec(Strategy::OneForOne, AutoShutdown::AnySignificant)
                    .child(idle("b"))
                    .child(child)
                    .child(idle("c"));
                let supervisor = start(&node, spec).await;
                let mut news = News::of(&node);
                strings.pull("a", reason);
                assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
                let removed = if restart == Restart::Temporary {
                    "]a "
                } else {
                    ""
                };
                assert_eq!(
                    news.read(),
                    format!("!a {removed}auto:a stopping .c -c .b -b stopped")
                );
            }
        });
    }
}

#[test]
fn a_significant_transient_that_fails_is_restarted_instead() {
    for kill in [false, true] {
        story(|node| async move {
            let strings = Strings::default();
            let child = strings.puppet("a").restart(Restart::Transient);
            let spec = spec(Strategy::OneForOne, AutoShutdown::AnySignificant)
                .child(child.significant(true));
            let supervisor = start(&node, spec).await;
            if kill {
                node.kill(process(&supervisor, "a").await);
            } else {
                strings.pull("a", crash());
            }
            pass(&node, seconds(1)).await;
            assert_eq!(supervisor.which_child("a").await.unwrap().starts, 2);
        });
    }
}

#[test]
fn an_end_that_is_not_significant_ends_nothing() {
    for restart in [Restart::Transient, Restart::Temporary] {
        story(|node| async move {
            let strings = Strings::default();
            let significant = idle("a").restart(Restart::Transient).significant(true);
            let spec = spec(Strategy::OneForOne, AutoShutdown::AnySignificant)
                .child(significant)
                .child(strings.puppet("b").restart(restart));
            let supervisor = start(&node, spec).await;
            strings.pull("b", ExitReason::Normal);
            pass(&node, seconds(1)).await;
            process(&supervisor, "a").await;
        });
    }
}

#[test]
fn all_significant_waits_for_the_last_one() {
    story(|node| async move {
        let strings = Strings::default();
        let significant = |id| {
            let child = strings.puppet(id).restart(Restart::Transient);
            child.significant(true)
        };
        let spec = spec(Strategy::OneForOne, AutoShutdown::AllSignificant)
            .child(significant("a"))
            .child(significant("b"))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        strings.pull("a", ExitReason::Normal);
        pass(&node, seconds(1)).await;
        process(&supervisor, "b").await;
        let mut news = News::of(&node);
        strings.pull("b", ExitReason::Normal);
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
        assert_eq!(news.read(), "!b auto:b stopping .c -c stopped");
    });
}

#[test]
fn a_significant_child_that_its_supervisor_stops_ends_nothing() {
    for strategy in STRATEGIES {
        for restart in [Restart::Transient, Restart::Temporary] {
            story(|node| async move {
                let strings = Strings::default();
                let spec = spec(strategy, AutoShutdown::AnySignificant)
                    .child(strings.puppet("a"))
                    .child(idle("b").restart(restart).significant(true))
                    .child(idle("c").restart(restart).significant(true));
                let supervisor = start(&node, spec).await;
                supervisor.terminate_child("b").await.unwrap();
                strings.pull("a", crash());
                pass(&node, seconds(1)).await;
                process(&supervisor, "a").await;
            });
        }
    }
}

#[test]
fn an_outer_supervisor_follows_an_inner_one_only_if_that_is_significant() {
    for significant in [false, true] {
        story(|node| async move {
            let strings = Strings::default();
            let child = strings.puppet("a").restart(Restart::Transient);
            let inner = spec(Strategy::OneForOne, AutoShutdown::AnySignificant)
                .child(child.significant(true));
            let inner = ChildSpec::supervisor("inner", inner)
                .restart(Restart::Transient)
                .significant(significant);
            let other = idle("b").restart(Restart::Transient).significant(true);
            let outer = spec(Strategy::OneForOne, AutoShutdown::AnySignificant)
                .child(inner)
                .child(other);
            let supervisor = start(&node, outer).await;
            strings.pull("a", ExitReason::Normal);
            pass(&node, seconds(1)).await;
            assert_eq!(node.is_alive(supervisor.id()), !significant);
        });
    }
}

#[test]
fn a_change_of_auto_shutdown_applies_to_later_ends_only() {
    story(|node| async move {
        let strings = Strings::default();
        let significant = |id| {
            let child = strings.puppet(id).restart(Restart::Transient);
            child.significant(true)
        };
        let spec = spec(Strategy::OneForOne, AutoShutdown::AllSignificant)
            .child(significant("a"))
            .child(significant("b"))
            .child(significant("c"));
        let supervisor = start(&node, spec.clone()).await;
        strings.pull("a", ExitReason::Normal);
        pass(&node, seconds(1)).await;
        let flags = SupervisorFlags {
            auto_shutdown: AutoShutdown::AnySignificant,
            ..spec.flags()
        };
        supervisor.reconfigure(flags).await.unwrap();
        pass(&node, seconds(1)).await;
        process(&supervisor, "b").await;
        strings.pull("b", ExitReason::Normal);
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);
    });
}

#[test]
fn a_change_that_contradicts_the_children_is_refused_and_they_stay() {
    story(|node| async move {
        let significant = idle("a").restart(Restart::Transient).significant(true);
        let spec = spec(Strategy::OneForOne, AutoShutdown::AnySignificant).child(significant);
        let supervisor = start(&node, spec.clone()).await;
        let before = process(&supervisor, "a").await;
        let flags = SupervisorFlags::new(Strategy::OneForAll);
        let refused = supervisor.reconfigure(flags).await.unwrap_err();
        let child = "a".into();
        assert_eq!(refused, SpecError::SignificantUnderNever { child }.into());
        assert_eq!(process(&supervisor, "a").await, before);
    });
}

#[test]
fn a_supervisor_that_is_told_to_ends_once_all_children_have_ended() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .stop_when_all_ended()
            .child(strings.puppet("a").restart(Restart::Transient))
            .child(strings.puppet("b").restart(Restart::Temporary));
        let supervisor = start(&node, spec).await;
        strings.pull("b", crash());
        pass(&node, seconds(1)).await;
        process(&supervisor, "a").await;
        strings.pull("a", ExitReason::Normal);
        assert_eq!(supervisor.ended().await, ExitReason::SHUTDOWN);

        let empty = SupervisorSpec::new(Strategy::OneForOne).stop_when_all_ended();
        let supervisor = start(&node, empty).await;
        supervisor.ended().await;
        assert_eq!(node.process_count(), 0);
    });
}
