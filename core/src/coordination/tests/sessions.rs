//! Claims about sessions.

use std::time::Duration;

use super::stage::{LONG, Stage, TTL, story};
use crate::coordination::{
    CoordinatorOptions, LockError, Mutex, SessionEnd, SessionError, SessionOptions,
};
use crate::event::{CoordinationEvent, SessionEvent};
use crate::process::Node;
use crate::runtime::Clock as _;
use crate::testing::{TestRuntime, run};

#[test]
fn e30_a_closed_session_is_gone_at_once_and_an_orphan_when_its_time_has_run_out() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let (on_a, on_b) = (Mutex::new(&a, "a"), Mutex::new(&b, "b"));
        let held = (
            on_a.lock(LONG).await.unwrap(),
            on_b.lock(LONG).await.unwrap(),
        );
        a.close().await.unwrap();
        assert_eq!(a.close().await, Ok(()));
        assert_eq!(a.end(), Some(SessionEnd::Closed));
        assert_eq!(stage.places().await.len(), 1);
        let orphaned = stage.node.runtime().now();
        b.orphan();
        assert_eq!(b.ended().await, SessionEnd::Orphaned);
        assert_eq!(stage.places().await.len(), 1);
        stage.pass(TTL * 2).await;
        assert_eq!(stage.places().await.len(), 0);
        assert!(stage.node.runtime().now().since(orphaned) < TTL * 3);
        drop(held);
        stage.finish().await;
    });
}

#[test]
fn a_session_is_closed_when_nobody_uses_it_any_more() {
    story(async |stage| {
        let session = stage.session().await;
        let id = session.id();
        let held = Mutex::new(&session, "x").lock(LONG).await.unwrap();
        drop(session);
        stage.pass(TTL * 3).await;
        assert!(held.is_held());
        drop(held);
        stage.quiet().await;
        let session = id;
        let removed = CoordinationEvent::Session(SessionEvent::Removed { session });
        assert!(stage.facts().contains(&removed), "{:?}", stage.facts());
        stage.finish().await;
    });
}

#[test]
fn when_the_coordinator_stops_sessions_end_and_those_who_wait_are_told() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
        let (node, supervisor) = (stage.node.clone(), stage.supervisor.clone());
        stage.beside(async move {
            node.runtime().sleep(Duration::from_secs(1)).await;
            supervisor.terminate_child("coordination").await.unwrap();
        });
        let waited = Mutex::new(&b, "x").lock(LONG).await;
        stage.quiet().await;
        // Sessions stop side by side: it may have had the lock between both ends.
        match &waited {
            Ok(next) => assert!(!next.is_held()),
            Err(error) => assert!(matches!(error, LockError::SessionEnded { .. }), "{error}"),
        }
        assert!(!held.is_held());
        assert_eq!(stage.places().await.len(), 0);
        let next = stage.coordinator.session(SessionOptions::default()).await;
        assert!(matches!(next, Err(SessionError::NotRunning)), "{next:?}");
        stage.finish().await;
    });
}

#[test]
fn options_that_make_no_sense_are_refused() {
    story(async |stage| {
        for options in [
            SessionOptions::ttl(Duration::ZERO),
            SessionOptions::ttl(TTL).delay(TTL * 2),
        ] {
            let refused = stage.coordinator.session(options).await;
            let refused = matches!(refused, Err(SessionError::Options { .. }));
            assert!(refused, "{options:?}");
        }
        stage.finish().await;
    });
}

#[test]
fn requests_above_the_limit_are_refused_and_each_that_ends_makes_room() {
    run(1, async |node: Node<TestRuntime>| {
        let options = CoordinatorOptions::default().requests_max(2);
        let stage = Stage::with(node, options).await;
        let session = stage.session().await;
        for _ in 0..5 {
            let first = Mutex::new(&session, "a").lock(LONG).await.unwrap();
            let second = Mutex::new(&session, "b").lock(LONG).await.unwrap();
            let third = Mutex::new(&session, "c").lock(LONG).await;
            let limit = 2;
            assert_eq!(third.err(), Some(LockError::TooManyRequests { limit }));
            drop(first);
            second.release().await.unwrap();
            stage.quiet().await;
        }
        stage.finish().await;
    });
}
