//! Who is restarted, in which order, and when it is too much.

use super::stage::*;
use crate::process::ExitReason;
use crate::runtime::Clock;
use crate::supervision::{Backoff, Strategy, Supervisor, SupervisorSpec};

fn three(strategy: Strategy, strings: &Strings) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(strategy)
        .intensity(10, seconds(60))
        .child(strings.puppet("a"))
        .child(strings.puppet("b"))
        .child(strings.puppet("c"))
}

fn crash_of_b(strategy: Strategy, expected: &'static str) {
    story(|node| async move {
        let strings = Strings::default();
        let supervisor = Supervisor::start(&node, "top", three(strategy, &strings))
            .await
            .unwrap();
        let before = script(&node).len();
        strings.pull("b", crash());
        node.runtime().sleep(seconds(1)).await;
        assert_eq!(&script(&node)[before + 1..], expected);
        assert_eq!(supervisor.stop(seconds(10)).await, Ok(ExitReason::SHUTDOWN));
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

#[test]
fn a_restart_that_is_withdrawn_on_request_is_announced() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = three(Strategy::OneForOne, &strings).backoff(Backoff {
            base: seconds(5),
            factor: 1.0,
            cap: seconds(5),
            jitter: 0.0,
            reset_after: seconds(60),
        });
        let supervisor = Supervisor::start(&node, "top", spec).await.unwrap();
        let before = script(&node).len();
        strings.pull("b", crash());
        node.runtime().sleep(seconds(1)).await;
        supervisor.terminate_child("b").await.unwrap();
        node.runtime().sleep(seconds(20)).await;
        assert_eq!(&script(&node)[before + 1..], "!b ~b ^b");
        assert_eq!(supervisor.stop(seconds(10)).await, Ok(ExitReason::SHUTDOWN));
    });
}
