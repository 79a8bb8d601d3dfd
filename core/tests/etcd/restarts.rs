//! A store goes on when an etcd is killed and started again, and its watches miss nothing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::tokio::TokioRuntime;
use steadfast::runtime::{Clock as _, timeout};
use steadfast::store::{KeyRange, Read, Revision, Store, TransactError, WatchError};

use super::server::{Server, is_missing, node, over, run, serves};

/// How many write at the same time, so that every kill meets requests on their way.
const WRITERS: usize = 8;

/// How many keys each writes at most: one read answers all.
const KEYS_MAX: usize = 1_200;

/// Puts one key after the other until it is told to end. Answers the revisions that are
/// certain.
async fn write(
    store: Store,
    writer: usize,
    end: &AtomicBool,
) -> Result<BTreeMap<String, Revision>, TransactError> {
    let mut put = BTreeMap::new();
    let mut number = 0;
    while !end.load(Ordering::Relaxed) && number < KEYS_MAX {
        number += 1;
        let key = format!("w/{writer}/{number}");
        match store.put(key.as_str(), "").await {
            Ok(revision) => drop(put.insert(key, revision)),
            Err(TransactError::Unknown(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(put)
}

/// Lets all write until they are told to end. Answers what is certain.
async fn write_all(store: &Store, end: &AtomicBool) -> BTreeMap<String, Revision> {
    let writers = (0..WRITERS).map(|writer| Box::pin(write(store.clone(), writer, end)));
    let mut writers: Vec<_> = writers.collect();
    let mut put = BTreeMap::new();
    std::future::poll_fn(|task| {
        writers.retain_mut(|writer| match writer.as_mut().poll(task) {
            Poll::Ready(ended) => {
                put.extend(ended.unwrap());
                false
            }
            Poll::Pending => true,
        });
        if writers.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    put
}

/// What one watch tells, which is never begun anew here, up to the key `w/end`.
async fn follow(store: Store) -> Result<Vec<(String, Revision)>, WatchError> {
    let mut watch = store
        .watch_from(KeyRange::prefix("w/"), Revision(1))
        .await?;
    let mut told = Vec::new();
    loop {
        let changes = watch.next().await?;
        for change in &changes.changes {
            let key = change.key().to_string();
            if key == "w/end" {
                return Ok(told);
            }
            told.push((key, changes.revision));
        }
    }
}

/// Kills the servers one after the other and starts each again; then tells the writers
/// to end.
async fn disturb(
    node: &Node<TokioRuntime>,
    servers: &mut [Server],
    times: usize,
    end: &AtomicBool,
) {
    for round in 0..times {
        node.runtime().sleep(Duration::from_millis(700)).await;
        let server = round % servers.len();
        servers[server].kill();
        node.runtime().sleep(Duration::from_millis(300)).await;
        servers[server].run();
    }
    node.runtime().sleep(Duration::from_millis(500)).await;
    end.store(true, Ordering::Relaxed);
}

/// Writes, watches and disturbs at the same time. Answers which puts are certain, and
/// what the watch told.
async fn play(
    node: &Node<TokioRuntime>,
    store: &Store,
    servers: &mut [Server],
    times: usize,
) -> (BTreeMap<String, Revision>, Vec<(String, Revision)>) {
    let end = AtomicBool::new(false);
    let mut written = pin!(async {
        let put = write_all(store, &end).await;
        store.put("w/end", "").await.unwrap();
        put
    });
    let mut followed = pin!(follow(store.clone()));
    let mut disturbed = pin!(disturb(node, servers, times, &end));
    let (mut put, mut told, mut over) = (None, None, false);
    let all = std::future::poll_fn(|task| {
        over = over || disturbed.as_mut().poll(task).is_ready();
        if put.is_none()
            && let Poll::Ready(ended) = written.as_mut().poll(task)
        {
            put = Some(ended);
        }
        if told.is_none()
            && let Poll::Ready(ended) = followed.as_mut().poll(task)
        {
            told = Some(ended.unwrap());
        }
        if over && put.is_some() && told.is_some() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    let limit = Duration::from_secs(120);
    timeout(node.runtime(), limit, all).await.unwrap();
    (put.unwrap(), told.unwrap())
}

/// What was told is compared with what was answered and with what is there.
async fn story(mut servers: Vec<Server>, times: usize) {
    let node = node();
    let store = over(&node, &servers).within(Duration::from_secs(10));
    serves(&node, &store).await;
    let (put, told) = play(&node, &store, &mut servers, times).await;
    assert!(put.len() > 300, "only {} puts are certain", put.len());
    let read = Read::new(KeyRange::between("w/0", "w/:"));
    let reading = store.read(read).await.unwrap();
    assert!(!reading.more, "too many to compare");
    let mut present: Vec<_> = reading
        .entries
        .iter()
        .map(|entry| (entry.key.to_string(), entry.mod_revision))
        .collect();
    present.sort_unstable_by_key(|(_, revision)| *revision);
    let first = told.iter().zip(&present).find(|(told, is)| told != is);
    assert_eq!(first, None, "told, and there");
    assert_eq!(told.len(), present.len(), "told, and there");
    let present: BTreeMap<_, _> = present.into_iter().collect();
    for (key, revision) in put {
        assert_eq!(present.get(&key), Some(&revision), "{key}");
    }
}

#[test]
fn a_watch_misses_nothing_while_etcd_is_killed_and_started_again() {
    if is_missing("a_watch_misses_nothing_while_etcd_is_killed_and_started_again") {
        return;
    }
    run(story(vec![Server::start()], 3));
}

#[test]
fn a_store_goes_on_at_another_member_of_a_real_cluster() {
    if is_missing("a_store_goes_on_at_another_member_of_a_real_cluster") {
        return;
    }
    run(story(Server::cluster(3), 4));
}

#[test]
fn a_store_without_a_server_says_why() {
    if is_missing("a_store_without_a_server_says_why") {
        return;
    }
    run(async {
        let (mut server, node) = (Server::start(), node());
        let store = over(&node, [&server]);
        serves(&node, &store).await;
        server.kill();
        let store = store.within(Duration::from_millis(500));
        // The first one may be on its way when the connection breaks.
        store.get("a").await.unwrap_err();
        let error = store.put("a", "1").await.unwrap_err();
        // It found no connection, so that it is certain, and says what it found.
        assert!(!matches!(error, TransactError::Unknown(_)), "{error}");
        assert!(error.to_string().contains("connect"), "{error}");
    });
}
