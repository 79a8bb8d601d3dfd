//! Verdicts that are real.

use super::stage::*;
use crate::boot::*;
use crate::event::{BootEvent, Event, HealthStatus};
use crate::process::{ExitReason, Node};
use crate::runtime::Clock;

async fn checked(node: &Node<Rt>, strings: &Strings) -> BootRef<Rt> {
    let spec = BootSpec::new(["base"])
        .intensity(10, seconds(60))
        .service(
            strings
                .service("web", "base", &[])
                .health(strings.check("web")),
        )
        .service(
            strings
                .service("mail", "base", &[])
                .health(strings.check("mail")),
        );
    Boot::start(node, "shop", spec).await.unwrap()
}

/// The changes of health, in short, since the boot was complete.
fn changes(node: &Node<Rt>) -> String {
    let script = script(node);
    let words = script.split(' ').filter(|word| word.contains(':'));
    words.collect::<Vec<_>>().join(" ")
}

fn details(node: &Node<Rt>) -> Vec<String> {
    let mut details = Vec::new();
    for event in node.runtime().events() {
        if let Event::Boot(BootEvent::HealthChanged { detail, .. }) = event {
            details.push(detail.to_string());
        }
    }
    details
}

#[test]
fn a_well_service_is_healthy_and_nothing_is_announced() {
    story(|node| async move {
        let boot = checked(&node, &Strings::default()).await;
        node.runtime().sleep(seconds(10)).await;
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
        assert_eq!(boot.service("web").unwrap().detail, "good");
        assert_eq!(changes(&node), "");
    });
}

#[test]
fn a_verdict_changes_at_its_threshold_and_is_announced_once() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = checked(&node, &strings).await;
        node.runtime().sleep(millis(500)).await;
        strings.tell("web?", Act::End(ExitReason::failed("no route")));
        node.runtime().sleep(seconds(1)).await;
        assert_eq!(
            boot.status().overall(),
            HealthStatus::Healthy,
            "one is not two"
        );
        node.runtime().sleep(seconds(8)).await;
        assert_eq!(boot.status().overall(), HealthStatus::Unhealthy);
        strings.release("web?");
        node.runtime().sleep(seconds(8)).await;
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
        assert_eq!(changes(&node), "web:HU web:UH");
        assert_eq!(details(&node), ["check failed: error: no route", "good"]);
    });
}

#[test]
fn degraded_is_told_with_its_detail_and_worsens_the_whole() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = checked(&node, &strings).await;
        strings.tell("mail?", Act::Degraded("queue of 7,000"));
        node.runtime().sleep(seconds(5)).await;
        let mail = boot.service("mail").unwrap();
        assert_eq!(
            (mail.health, &*mail.detail),
            (HealthStatus::Degraded, "queue of 7,000")
        );
        assert_eq!(boot.service("web").unwrap().health, HealthStatus::Healthy);
        assert_eq!(boot.status().overall(), HealthStatus::Degraded);
        assert_eq!(changes(&node), "mail:HD");
    });
}

#[test]
fn a_check_that_hangs_or_panics_is_a_failure_and_the_next_one_comes() {
    for (act, detail) in [
        (Act::Hang, "no answer within 100ms"),
        (Act::Panic, "check failed: panic: told to"),
    ] {
        story(|node| {
            let act = act.clone();
            async move {
                let strings = Strings::default();
                let boot = checked(&node, &strings).await;
                strings.tell("web?", act);
                node.runtime().sleep(seconds(20)).await;
                assert_eq!(boot.service("web").unwrap().detail, detail);
                let tree = boot.supervisor().unwrap().tree().await.unwrap();
                let runs = tree.to_string().matches("web#").count();
                assert!(runs <= 1, "runs pile up:\n{tree}");
                assert_eq!(boot.service("mail").unwrap().health, HealthStatus::Healthy);
                strings.release("web?");
                node.runtime().sleep(seconds(2)).await;
                assert_eq!(boot.status().overall(), HealthStatus::Healthy);
                assert_eq!(changes(&node), "web:HU web:UH");
            }
        });
    }
}

#[test]
fn a_service_that_does_not_run_is_unhealthy_whatever_its_check_would_say() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = checked(&node, &strings).await;
        node.runtime().sleep(millis(1500)).await;
        strings.crash("web");
        node.runtime().sleep(millis(100)).await;
        assert_eq!(changes(&node), "web:HU web:UH");
        assert_eq!(details(&node), ["not running: error: crash", "running"]);
        assert_eq!(boot.status().overall(), HealthStatus::Healthy);
    });
}

#[test]
fn a_new_process_does_not_inherit_the_failures_of_the_old_one() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = checked(&node, &strings).await;
        strings.tell("web?", Act::End(ExitReason::failed("no route")));
        node.runtime().sleep(seconds(3)).await;
        strings.crash("web");
        node.runtime().sleep(millis(100)).await;
        assert_eq!(boot.service("web").unwrap().health, HealthStatus::Healthy);
        node.runtime().sleep(seconds(3)).await;
        assert_eq!(boot.service("web").unwrap().health, HealthStatus::Unhealthy);
        assert_eq!(changes(&node), "web:HU web:UH web:HU");
    });
}

#[test]
fn stopping_is_not_announced_as_bad_health() {
    story(|node| async move {
        let boot = checked(&node, &Strings::default()).await;
        node.runtime().sleep(seconds(3)).await;
        boot.stop(seconds(60)).await.unwrap();
        assert_eq!(changes(&node), "");
    });
}

#[test]
fn status_says_how_long_a_service_has_been_running() {
    story(|node| async move {
        let strings = Strings::default();
        let boot = checked(&node, &strings).await;
        let running_for = |name| boot.service(name).unwrap().running_for;
        node.runtime().sleep(seconds(5)).await;
        let (web, mail) = (running_for("web").unwrap(), running_for("mail").unwrap());
        assert!(web > mail && mail >= seconds(5), "{web:?} {mail:?}");
        strings.crash("web");
        node.runtime().sleep(millis(100)).await;
        assert!(running_for("web").unwrap() < millis(100));
        boot.stop(seconds(60)).await.unwrap();
        assert_eq!(running_for("web"), None);
        let text = boot.status().to_string();
        assert!(text.starts_with("boot stopped, unhealthy\nbase/web down, unhealthy: not running"));
    });
}

#[test]
fn a_killed_boot_is_seen_as_stopped() {
    story(|node| async move {
        let boot = checked(&node, &Strings::default()).await;
        node.runtime().sleep(seconds(1)).await;
        let top = boot.supervisor().unwrap();
        node.kill(top.id());
        node.exited(top.id()).await;
        assert_eq!(node.process_count(), 0);
        assert_eq!(boot.status().state, BootState::Stopped);
        assert_eq!(boot.service("web").unwrap().process, None);
        assert_eq!(boot.status().overall(), HealthStatus::Unhealthy);
    });
}
