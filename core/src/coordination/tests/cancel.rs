//! Whoever gives up leaves nothing behind, wherever it was.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::stage::{LONG, story};
use crate::coordination::{MultiLock, Mutex};
use crate::runtime::{Clock as _, timeout};

/// Polls a future so often, then drops it. Answers whether it was done before.
pub(super) async fn poll_and_drop<F: Future>(work: F, polls: usize) -> bool {
    let mut work: Pin<Box<F>> = Box::pin(work);
    for _ in 0..polls {
        let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return true;
        }
        // Lets others run in between.
        let mut yielded = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    false
}

#[test]
fn a_request_that_is_dropped_at_any_point_leaves_no_place() {
    story(async |stage| {
        let (a, b, c) = (
            stage.session().await,
            stage.session().await,
            stage.session().await,
        );
        for polls in 0..6 {
            for held in [false, true] {
                let before = Mutex::new(&a, "x").lock(LONG).await.unwrap();
                let before = held.then_some(before);
                stage.quiet().await;
                let one = Mutex::new(&b, "x");
                poll_and_drop(one.lock(LONG), polls).await;
                let several = MultiLock::new(&b, ["w", "x", "y"]);
                poll_and_drop(several.lock(LONG), polls).await;
                poll_and_drop(one.try_lock(), polls).await;
                drop(before);
                // Nobody is left who would have to be waited for until a session ends.
                let next = Mutex::new(&c, "x");
                let limit = std::time::Duration::from_millis(50);
                let next = timeout(stage.node.runtime(), limit, next.lock(LONG)).await;
                let next = next.expect("somebody is in the way").unwrap();
                next.release().await.unwrap();
                stage.quiet().await;
                assert_eq!(
                    stage.places().await,
                    Vec::<String>::new(),
                    "after {polls} polls"
                );
            }
        }
        stage.finish().await;
    });
}

#[test]
fn a_release_that_is_dropped_at_any_point_lets_go() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        for polls in 0..4 {
            let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
            poll_and_drop(held.release(), polls).await;
            drop(held);
            let next = Mutex::new(&b, "x").lock(LONG).await.unwrap();
            next.release().await.unwrap();
        }
        assert!(stage.node.runtime().now().0 < 1_000_000_000);
        stage.finish().await;
    });
}

#[test]
fn a_session_whose_beginning_is_dropped_at_any_point_ends() {
    story(async |stage| {
        for polls in 0..8 {
            poll_and_drop(stage.session(), polls).await;
            stage.pass(std::time::Duration::from_millis(10)).await;
            assert_eq!(
                stage.store.leases().await.unwrap(),
                [],
                "after {polls} polls"
            );
        }
        stage.finish().await;
    });
}
