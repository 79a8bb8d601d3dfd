//! Starting in order, stopping in reverse, and what a failed start does.

use super::stage::*;
use crate::boot::*;
use crate::event::HealthStatus;
use crate::process::ExitReason;
use crate::runtime::Clock;
use crate::supervision::{ChildSpec, Restart, Strategy, Supervisor, SupervisorSpec};

const UP: &str = "disk,clock,mail,store,web [base +disk +clock [rest +mail +store +web done";

#[test]
fn services_start_in_order_and_stop_in_reverse() {
    story(|node| async move {
        let boot = Boot::start(&node, "shop", shop(&Strings::default()));
        let boot = boot.await.unwrap();
        assert_eq!(script(&node), UP);
        assert_eq!(boot.status().state, BootState::Running);
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
        assert_eq!(boot.stop(seconds(60)).await, Ok(ExitReason::SHUTDOWN));
        let down = " -web -store -mail -clock -disk";
        assert_eq!(script(&node), format!("{UP}{down}"));
        assert_eq!(boot.status().state, BootState::Stopped);
        assert_eq!(boot.status().overall(), HealthStatus::Unhealthy);
    });
}

#[test]
fn a_service_that_does_not_stop_is_killed_and_the_others_stop_in_their_turn() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = Boot::start(&node, "shop", shop(&strings)).await.unwrap();
        strings.tell("store", Act::Hang);
        node.runtime().sleep(millis(20)).await;
        let before = node.runtime().now();
        boot.stop(seconds(60)).await.unwrap();
        assert_eq!(node.runtime().now().since(before), seconds(2));
        assert!(script(&node).ends_with("-web -store -mail -clock -disk"));
    });
}

#[test]
fn a_start_that_fails_stops_what_was_started_and_is_named() {
    story(|node| async move {
        let strings = Strings::default();
        let reason = ExitReason::failed("no room");
        strings.tell("store", Act::End(reason.clone()));
        let failed = Boot::start(&node, "shop", shop(&strings)).await;
        let service = "store".into();
        assert_eq!(
            failed.unwrap_err(),
            BootError::ServiceFailed { service, reason }
        );
        let story = "[base +disk +clock [rest +mail failed store -mail -clock -disk";
        assert!(script(&node).ends_with(story), "{}", script(&node));
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_start_that_panics_or_hangs_fails_as_well() {
    for (act, reason) in [
        (Act::Panic, "panic: told to"),
        (Act::Hang, "error: the start was not acknowledged in time"),
    ] {
        story(|node| {
            let (strings, act) = (Strings::default(), act.clone());
            async move {
                strings.tell("disk", act);
                let failed = Boot::start(&node, "shop", shop(&strings)).await;
                let text = failed.unwrap_err().to_string();
                assert_eq!(text, format!("service `disk` failed to start: {reason}"));
                assert!(script(&node).ends_with("[base failed disk"));
                assert_eq!(node.process_count(), 0);
            }
        });
    }
}

#[test]
fn a_boot_that_is_given_up_halfway_is_stopped_in_reverse() {
    story(|node| async move {
        let strings = Strings::default();
        strings.tell("store", Act::Hang);
        let spec = shop(&strings);
        let start =
            crate::runtime::timeout(node.runtime(), seconds(1), Boot::start(&node, "shop", spec));
        assert!(start.await.is_err());
        node.runtime().sleep(seconds(3)).await;
        let story = "[rest +mail -mail -clock -disk";
        assert!(script(&node).ends_with(story), "{}", script(&node));
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_service_that_does_not_want_to_run_is_passed_over() {
    story(|node| async move {
        let strings = Strings::default();
        strings.tell("clock", Act::Ignore);
        strings.tell("mail", Act::Ignore);
        let boot = Boot::start(&node, "shop", shop(&strings)).await.unwrap();
        let story = "[base +disk [rest +store +web done";
        assert!(script(&node).ends_with(story), "{}", script(&node));
        assert_eq!(boot.service("mail").unwrap().state, ServiceState::Ignored);
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
    });
}

#[test]
fn phases_without_services_begin_too_and_a_boot_without_services_completes() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = BootSpec::new(["a", "b", "c"]).service(strings.service("only", "b", &[]));
        Boot::start(&node, "one", spec).await.unwrap();
        assert_eq!(script(&node), "only [a [b +only [c done");
        Boot::start(&node, "none", BootSpec::new(["x"]))
            .await
            .unwrap();
        assert!(script(&node).ends_with("done  [x done"));
    });
}

#[test]
fn a_wrong_declaration_is_refused_before_anything_starts() {
    story(|node| async move {
        let strings = Strings::default();
        let temporary = strings.child("job").restart(Restart::Temporary);
        let check = strings.check("web").limit(seconds(0));
        let twice = ChildSpec::supervisor(
            "pool",
            SupervisorSpec::new(Strategy::OneForOne)
                .child(strings.child("a"))
                .child(strings.child("a")),
        );
        let empty = || BootSpec::new(["base"]);
        for (spec, text) in [
            (
                shop(&strings).service(strings.service("till", "rest", &["web", "lamp"])),
                "the services cannot be put in order: \
                 service `till` depends on the unknown service `lamp`",
            ),
            (
                empty().service(ServiceSpec::new("base", temporary)),
                "service `job` is temporary",
            ),
            (
                empty().service(strings.service("web", "base", &[]).health(check)),
                "the health check of service `web` has a limit of zero: a limit of zero",
            ),
            (
                empty().service(ServiceSpec::new("base", twice)),
                "the services cannot be supervised: in supervisor `pool`: \
                 child id `a` is used twice",
            ),
            (
                empty().intensity(1, seconds(0)),
                "the services cannot be supervised: the period of a restart limit is zero",
            ),
        ] {
            let refused = Boot::start(&node, "shop", spec).await.unwrap_err();
            let whole = ExitReason::error(&refused).to_string();
            let expected = format!("error: the declaration of the services is wrong: {text}");
            assert_eq!(whole, expected);
        }
        assert_eq!(script(&node), "");
    });
}

#[test]
fn a_boot_under_a_supervisor_is_started_again_from_the_first_service() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = shop(&strings).intensity(0, seconds(60));
        let (child, boot) = Boot::child_spec("shop", spec).unwrap();
        assert_eq!(boot.status().state, BootState::Waiting);
        assert_eq!(
            boot.restart_service("web", seconds(1)).await,
            Err(RestartServiceError::NotRunning)
        );
        let top = SupervisorSpec::new(Strategy::OneForOne).child(child);
        Supervisor::start(&node, "node", top).await.unwrap();
        let first = boot.service("clock").unwrap().process;
        strings.crash("mail");
        node.runtime().sleep(seconds(1)).await;
        let again = format!(" -mail -web -store -clock -disk {UP}");
        let story = moves(&node);
        assert!(story.ends_with(&again), "{story}");
        assert_ne!(boot.service("clock").unwrap().process, first);
        assert_eq!(boot.service("mail").unwrap().starts, 1);
        assert_eq!(boot.status().state, BootState::Running);
        assert_eq!(boot.restart_service("web", seconds(1)).await, Ok(()));
    });
}
