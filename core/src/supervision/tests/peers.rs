//! Siblings that are tied to each other across restarts.

use super::stage::*;
use crate::process::{Context, ExitReason, Signal};
use crate::supervision::{ChildSpec, ChildStatus, Restart, RestartLimit, Strategy, SupervisorSpec};
use std::sync::{Arc, Mutex};

type Notices = Arc<Mutex<Vec<(bool, ExitReason)>>>;

/// A child that writes down the exit signals that it gets.
fn witness(id: &str, notices: &Notices) -> ChildSpec<Rt> {
    let notices = notices.clone();
    ChildSpec::worker(id, move |context: Context<Rt>| {
        let notices = notices.clone();
        async move {
            loop {
                if let Signal::Exit { linked, reason, .. } = context.signal().await {
                    if !linked {
                        return reason;
                    }
                    notices.lock().unwrap().push((linked, reason));
                }
            }
        }
    })
    .trap_exit(true)
}

fn spec(strategy: Strategy) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(strategy).intensity(1000, seconds(10))
}

#[test]
fn a_restart_is_no_end_for_a_peer_but_giving_up_is() {
    story(|node| async move {
        let (strings, notices) = (Strings::default(), Notices::default());
        let own = RestartLimit {
            intensity: 2,
            period: seconds(60),
        };
        let spec = spec(Strategy::OneForOne)
            .child(strings.puppet("a").limit(own).peers(["b"]))
            .child(witness("b", &notices))
            .child(witness("stranger", &notices));
        let _supervisor = start(&node, spec).await;
        for _ in 0..2 {
            strings.pull("a", crash());
            pass(&node, seconds(1)).await;
            assert_eq!(*notices.lock().unwrap(), []);
        }
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(*notices.lock().unwrap(), [(true, crash())]);
    });
}

#[test]
fn an_end_for_good_ends_a_peer_that_does_not_trap_exits() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = spec(Strategy::OneForOne)
            .child(idle("b").restart(Restart::Transient))
            .child(strings.puppet("a").restart(Restart::Temporary).peers(["b"]));
        let supervisor = start(&node, spec).await;
        strings.pull("a", ExitReason::SHUTDOWN);
        pass(&node, seconds(1)).await;
        assert_eq!(status(&supervisor, "b").await, ChildStatus::Stopped);
    });
}

#[test]
fn a_child_that_is_stopped_on_request_has_ended_for_its_peers() {
    story(|node| async move {
        let notices = Notices::default();
        let spec = spec(Strategy::OneForOne)
            .child(idle("a"))
            .child(witness("b", &notices).peers(["a"]));
        let supervisor = start(&node, spec).await;
        supervisor.terminate_child("a").await.unwrap();
        pass(&node, seconds(1)).await;
        assert_eq!(*notices.lock().unwrap(), [(true, ExitReason::SHUTDOWN)]);
        // It is stopped already: nothing ends a second time.
        supervisor.terminate_child("a").await.unwrap();
        pass(&node, seconds(1)).await;
        assert_eq!(notices.lock().unwrap().len(), 1);
    });
}

#[test]
fn the_end_of_the_supervisor_tells_no_peer() {
    story(|node| async move {
        let notices = Notices::default();
        let spec = spec(Strategy::OneForAll)
            .child(witness("b", &notices))
            .child(idle("a").peers(["b"]));
        let supervisor = start(&node, spec).await;
        supervisor.stop(seconds(10)).await.unwrap();
        assert_eq!(*notices.lock().unwrap(), []);
    });
}
