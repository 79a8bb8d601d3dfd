//! Recipes over a real etcd.

use std::time::Duration;

use steadfast::coordination::{
    Coordinator, CoordinatorOptions, Counter, Election, LockError, Mutex, Session, SessionOptions,
};
use steadfast::process::Node;
use steadfast::runtime::tokio::TokioRuntime;

use super::server::{Server, is_missing, node, over, run, serves};

const PATIENCE: Duration = Duration::from_secs(20);

async fn coordinator(server: &Server, node: &Node<TokioRuntime>) -> Coordinator<TokioRuntime> {
    let store = over(node, [server]);
    serves(node, &store).await;
    let options = CoordinatorOptions::default();
    Coordinator::start(node, "coordination", store, options)
        .await
        .unwrap()
}

/// A session on a node of its own.
async fn session(server: &Server, node: &Node<TokioRuntime>) -> Session<TokioRuntime> {
    let options = SessionOptions::ttl(Duration::from_secs(2));
    let coordinator = coordinator(server, node).await;
    coordinator.session(options).await.unwrap()
}

#[test]
fn a_lock_over_a_real_etcd_has_one_holder_and_rising_tokens() {
    if is_missing("a_lock_over_a_real_etcd_has_one_holder_and_rising_tokens") {
        return;
    }
    run(async {
        let server = Server::start();
        let nodes = [node(), node()];
        let one = session(&server, &nodes[0]).await;
        let two = session(&server, &nodes[1]).await;
        let (first, second) = (Mutex::new(&one, "a"), Mutex::new(&two, "a"));
        let held = first.lock(PATIENCE).await.unwrap();
        let refused = second.try_lock().await;
        assert!(refused.is_err(), "{refused:?}");
        held.release().await.unwrap();
        let next = second.lock(PATIENCE).await.unwrap();
        assert!(next.token() > held.token());
        next.release().await.unwrap();
        for node in nodes {
            assert!(node.stop(PATIENCE).await, "killed");
        }
    });
}

#[test]
fn a_lock_over_a_real_etcd_outlives_a_restart_of_the_server() {
    if is_missing("a_lock_over_a_real_etcd_outlives_a_restart_of_the_server") {
        return;
    }
    run(async {
        let mut server = Server::start();
        let nodes = [node(), node()];
        let one = session(&server, &nodes[0]).await;
        let two = session(&server, &nodes[1]).await;
        let held = Mutex::new(&one, "a").lock(PATIENCE).await.unwrap();
        server.kill();
        server.run();
        let wait = Mutex::new(&two, "a").lock(Duration::from_secs(4)).await;
        assert!(matches!(wait, Err(LockError::TimedOut { .. })), "{wait:?}");
        assert!(held.is_held(), "the restart took the lock");
        // The holder goes without a word; the lock is free when its lease ends.
        one.orphan();
        let next = Mutex::new(&two, "a").lock(PATIENCE).await.unwrap();
        assert!(next.token() > held.token());
        assert!(!held.is_held(), "two hold the lock");
        for node in nodes {
            assert!(node.stop(PATIENCE).await, "killed");
        }
    });
}

#[test]
fn a_leader_and_a_counter_over_a_real_etcd() {
    if is_missing("a_leader_and_a_counter_over_a_real_etcd") {
        return;
    }
    run(async {
        let (server, node) = (Server::start(), node());
        let coordinator = coordinator(&server, &node).await;
        let options = SessionOptions::ttl(Duration::from_secs(2));
        let session = coordinator.session(options).await.unwrap();
        let election = Election::new(&session, "leader");
        let leadership = election.campaign("me", PATIENCE).await.unwrap();
        let leader = election.leader().await.unwrap();
        assert_eq!(leader.term, leadership.term());
        leadership.resign().await.unwrap();
        let counter = Counter::new(&coordinator, "visits");
        assert_eq!(counter.add(2, PATIENCE).await.unwrap(), 2);
        assert_eq!(counter.add(3, PATIENCE).await.unwrap(), 5);
        assert!(node.stop(PATIENCE).await, "killed");
    });
}
