//! Restarts along dependencies, by themselves and on request.

use super::stage::*;
use crate::boot::*;
use crate::event::HealthStatus;
use crate::process::{ExitReason, Node, ProcessSpec};
use crate::runtime::Clock;
use crate::supervision::{Restart, RestartLimit};

async fn up(node: &Node<Rt>, strings: &Strings) -> (BootRef<Rt>, usize) {
    let boot = Boot::start(node, "shop", shop(strings)).await.unwrap();
    (boot, moves(node).len() + 1)
}

#[test]
fn dependents_are_restarted_with_their_dependency_in_order() {
    for (victim, story_of_it) in [
        (
            "disk",
            "-disk -web -store +disk store<disk +store web<store +web",
        ),
        ("store", "-store -web +store web<store +web"),
        ("web", "-web +web"),
        ("mail", "-mail +mail"),
    ] {
        story(|node| async move {
            let strings = Strings::default();
            let (_boot, before) = up(&node, &strings).await;
            strings.crash(victim);
            node.runtime().sleep(seconds(1)).await;
            assert_eq!(&moves(&node)[before..], story_of_it);
        });
    }
}

#[test]
fn a_running_service_is_restarted_on_request_with_its_dependents() {
    story(|node| async move {
        let strings = Strings::default();
        let (boot, before) = up(&node, &strings).await;
        let bystander = boot.service("mail").unwrap().process;
        assert_eq!(boot.restart_service("disk", seconds(60)).await, Ok(()));
        assert_eq!(
            &moves(&node)[before..],
            "-web -store -disk +disk store<disk +store web<store +web"
        );
        assert_eq!(boot.service("disk").unwrap().starts, 2);
        assert_eq!(boot.service("mail").unwrap().process, bystander);
    });
}

#[test]
fn requests_of_many_at_once_are_all_served() {
    story(|node| async move {
        let strings = Strings::default();
        let (boot, _) = up(&node, &strings).await;
        let callers = ["disk", "store"].map(|name| {
            let boot = boot.clone();
            let ask = |_| async move {
                assert_eq!(boot.restart_service(name, seconds(60)).await, Ok(()));
            };
            node.start(ProcessSpec::new(name), ask).unwrap()
        });
        for caller in callers {
            node.exited(caller).await;
        }
        assert_eq!(boot.service("store").unwrap().starts, 3);
    });
}

#[test]
fn an_unknown_service_is_refused_by_name() {
    story(|node| async move {
        let (boot, before) = up(&node, &Strings::default()).await;
        let refused = boot.restart_service("lamp", seconds(1)).await.unwrap_err();
        assert_eq!(refused.to_string(), "no service is called `lamp`");
        let unknown = boot.service("lamp").unwrap_err();
        assert_eq!(unknown.service, "lamp");
        assert_eq!(moves(&node).len() + 1, before);
    });
}

#[test]
fn a_restart_that_fails_names_the_service_and_is_tried_again() {
    story(|node| async move {
        let strings = Strings::default();
        let (boot, _) = up(&node, &strings).await;
        let reason = ExitReason::failed("no room");
        // It hangs until it is stopped by request, and fails when it starts again.
        strings.tell("store once", Act::Hang);
        node.runtime().sleep(millis(20)).await;
        strings.tell("store once", Act::End(reason.clone()));
        let failed = boot.restart_service("disk", seconds(60)).await;
        let service = "store".into();
        assert_eq!(failed, Err(RestartServiceError::Failed { service, reason }));
        assert_eq!(boot.status().overall(), HealthStatus::Unhealthy);
        node.runtime().sleep(millis(100)).await;
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
        assert_eq!(boot.service("store").unwrap().starts, 2);
    });
}

#[test]
fn a_caller_that_gives_up_does_not_stop_a_restart() {
    story(|node| async move {
        let strings = Strings::default();
        let (boot, _) = up(&node, &strings).await;
        strings.tell("web once", Act::Hang);
        node.runtime().sleep(millis(20)).await;
        let limit = seconds(1);
        let late = boot.restart_service("disk", limit).await;
        assert_eq!(late, Err(RestartServiceError::TimedOut { limit }));
        node.runtime().sleep(seconds(3)).await;
        assert_eq!(boot.service("web").unwrap().starts, 2);
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
    });
}

#[test]
fn a_stop_interrupts_a_restart() {
    story(|node| async move {
        let strings = Strings::default();
        let (boot, _) = up(&node, &strings).await;
        strings.tell("web once", Act::Hang);
        node.runtime().sleep(millis(20)).await;
        let limit = seconds(1);
        let asked = boot.restart_service("disk", limit).await;
        assert!(asked.is_err());
        boot.stop(seconds(60)).await.unwrap();
        assert_eq!(
            boot.restart_service("disk", limit).await,
            Err(RestartServiceError::NotRunning)
        );
    });
}

#[test]
fn a_flapping_service_with_a_limit_of_its_own_is_given_up_alone() {
    story(|node| async move {
        let strings = Strings::default();
        let own = RestartLimit {
            intensity: 3,
            period: seconds(60),
        };
        let spec = shop(&strings).service(ServiceSpec::new(
            "rest",
            strings.child("flapping").limit(own),
        ));
        let boot = Boot::start(&node, "shop", spec).await.unwrap();
        for _ in 0..4 {
            strings.crash("flapping");
            node.runtime().sleep(millis(100)).await;
        }
        let flapping = boot.service("flapping").unwrap();
        assert_eq!(flapping.state, ServiceState::Down);
        assert_eq!(flapping.starts, 4);
        assert_eq!(flapping.detail, "not running: error: crash");
        assert_eq!(boot.service("mail").unwrap().starts, 1);
        assert_eq!(boot.status().overall(), HealthStatus::Unhealthy);
    });
}

#[test]
fn restarts_above_the_limit_end_the_boot() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = shop(&strings).intensity(1, seconds(60));
        let boot = Boot::start(&node, "shop", spec).await.unwrap();
        for _ in 0..2 {
            strings.crash("mail");
            node.runtime().sleep(millis(100)).await;
        }
        assert_eq!(boot.status().state, BootState::Stopped);
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_transient_service_that_has_done_its_work_is_no_fault() {
    story(|node| async move {
        let strings = Strings::default();
        let job = strings.child("migrate").restart(Restart::Transient);
        let spec = shop(&strings).service(ServiceSpec::new("rest", job));
        let boot = Boot::start(&node, "shop", spec).await.unwrap();
        strings.tell("migrate once", Act::End(ExitReason::Normal));
        node.runtime().sleep(millis(100)).await;
        let job = boot.service("migrate").unwrap();
        assert_eq!(job.state, ServiceState::Finished);
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
    });
}
