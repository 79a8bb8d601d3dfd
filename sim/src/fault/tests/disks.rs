//! Faults on disks.

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use steadfast::runtime::{FileName, NodeId, Storage, StorageError};

use super::{episode, ms, node, plan};
use crate::fault::{Episode, Fault};
use crate::outcome::Outcome;
use crate::run::Script;
use crate::run_report::Run;
use crate::runtime::SimRuntime;
use crate::trace::{DiskEvent, TraceEvent};
use crate::world::World;

fn file(name: &str) -> FileName {
    FileName::new(name).unwrap()
}

fn disk(world: &World, id: u32) -> SimRuntime {
    let node = world.node(NodeId(id)).expect("the node is up");
    node.runtime().clone()
}

/// Runs a story about disks, as the workload.
fn run<F>(
    episodes: impl IntoIterator<Item = Episode>,
    story: impl Fn(World) -> F + Send + Sync + 'static,
) -> Run
where
    F: Future<Output = Result<(), StorageError>> + Send + 'static,
{
    let story = Arc::new(story);
    let script = Script::new().drive(move |world| {
        let story = story.clone();
        async move { story(world).await.map_err(|error| error.to_string()) }
    });
    let run = script.run(&plan(episodes));
    assert_eq!(run.report.outcome, Outcome::Passed);
    run
}

fn crash(wipe_disk: bool) -> Episode {
    episode(Fault::Crash { wipe_disk }, node(1), 500, 600)
}

/// Writes a synced and an unsynced part before the crash; answers what is left of
/// the file after it.
fn survivors(episodes: Vec<Episode>, seed: u64) -> (Run, Option<String>) {
    let left = Arc::new(Mutex::new(None));
    let found = left.clone();
    let script = Script::new().drive(move |world| {
        let found = found.clone();
        async move {
            let story = async {
                let log = file("log");
                disk(&world, 1).append(&log, b"synced ").await?;
                disk(&world, 1).sync(&log).await?;
                disk(&world, 1).append(&log, b"not synced").await?;
                world.sleep_until(ms(700)).await;
                match disk(&world, 1).read(&log).await {
                    Ok(content) => *found.lock().unwrap() = String::from_utf8(content).ok(),
                    Err(StorageError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
                Ok(())
            };
            story.await.map_err(|error: StorageError| error.to_string())
        }
    });
    let mut plan = plan(episodes);
    plan.seed = seed;
    let run = script.run(&plan);
    assert_eq!(run.report.outcome, Outcome::Passed);
    let left = left.lock().unwrap().clone();
    (run, left)
}

fn losses(run: &Run) -> Vec<(u64, bool)> {
    let losses = run.trace.iter().filter_map(|record| match &record.event {
        TraceEvent::Disk(DiskEvent::Lost { len, torn, .. }) => Some((*len, *torn)),
        TraceEvent::Disk(_)
        | TraceEvent::Run(_)
        | TraceEvent::Core(_)
        | TraceEvent::Node(_)
        | TraceEvent::Task(_)
        | TraceEvent::Net(_)
        | TraceEvent::Fault(_) => None,
    });
    losses.collect()
}

#[test]
fn a_crash_loses_what_is_not_synced_and_keeps_what_is() {
    let (run, left) = survivors(vec![crash(false)], 1);
    assert_eq!(left.as_deref(), Some("synced "));
    assert_eq!(losses(&run), [(10, false)]);
}

#[test]
fn a_crash_that_wipes_the_disk_leaves_nothing() {
    let (_, left) = survivors(vec![crash(true)], 1);
    assert_eq!(left, None);
}

#[test]
fn a_torn_tail_leaves_a_prefix_that_the_seed_decides() {
    let torn = || episode(Fault::TornTail, node(1), 100, 900);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let (run, left) = survivors(vec![torn(), crash(false)], seed);
        let left = left.expect("the synced part is there");
        assert!(
            "synced not synced".starts_with(&left) && left.len() >= 7,
            "{left}"
        );
        assert_eq!(run.report.episodes[0].effective, left.len() > 7);
        assert_eq!(losses(&run), [(17 - left.len() as u64, left.len() > 7)]);
        let (_, again) = survivors(vec![torn(), crash(false)], seed);
        assert_eq!(again.as_deref(), Some(left.as_str()));
        seen.insert(left);
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn a_disk_without_a_crash_has_no_torn_tail() {
    let (run, left) = survivors(vec![episode(Fault::TornTail, node(1), 100, 900)], 1);
    assert_eq!(left.as_deref(), Some("synced not synced"));
    assert!(!run.report.episodes[0].effective);
}

#[test]
fn disk_errors_strike_their_share_of_the_operations_of_their_node() {
    let errors = Fault::DiskError { probability: 0.5 };
    let run = run([episode(errors, node(1), 200, 800)], |world| async move {
        let mut failed = 0;
        for round in 0..10 {
            world.sleep_until(ms(20 * round)).await;
            disk(&world, 1).replace(&file("a"), b"1").await?;
        }
        world.sleep_until(ms(201)).await;
        for _ in 0..100 {
            match disk(&world, 1).replace(&file("a"), b"2").await {
                Ok(()) => {}
                Err(StorageError::Io { .. }) => failed += 1,
                Err(error) => return Err(error),
            }
            disk(&world, 2).replace(&file("a"), b"2").await?;
        }
        assert!((30..70).contains(&failed), "{failed}");
        world.sleep_until(ms(801)).await;
        disk(&world, 1).replace(&file("a"), b"3").await
    });
    assert!(run.report.episodes[0].effective);
}

#[test]
fn a_failed_replace_leaves_the_old_content() {
    let errors = Fault::DiskError { probability: 1.0 };
    run([episode(errors, node(1), 200, 400)], |world| async move {
        disk(&world, 1).replace(&file("a"), b"old").await?;
        world.sleep_until(ms(201)).await;
        let failed = disk(&world, 1).replace(&file("a"), b"new").await;
        assert!(matches!(failed, Err(StorageError::Io { .. })));
        assert!(disk(&world, 1).list("").await.is_err());
        world.sleep_until(ms(401)).await;
        assert_eq!(disk(&world, 1).read(&file("a")).await?, b"old");
        Ok(())
    });
}

#[test]
fn a_full_disk_takes_nothing_more_and_can_still_be_read() {
    let run = run(
        [episode(Fault::DiskFull, node(1), 200, 400)],
        |world| async move {
            disk(&world, 1).append(&file("a"), b"old").await?;
            world.sleep_until(ms(201)).await;
            let full = |error| matches!(error, Err(StorageError::Full { .. }));
            assert!(full(disk(&world, 1).replace(&file("a"), b"new").await));
            assert!(full(disk(&world, 1).append(&file("b"), b"new").await));
            assert_eq!(disk(&world, 1).read(&file("a")).await?, b"old");
            disk(&world, 1).sync(&file("a")).await?;
            disk(&world, 2).append(&file("a"), b"new").await?;
            disk(&world, 1).remove(&file("a")).await?;
            world.sleep_until(ms(401)).await;
            disk(&world, 1).append(&file("a"), b"new").await
        },
    );
    assert!(run.report.episodes[0].effective);
}

#[test]
fn a_sync_that_a_crash_interrupts_makes_nothing_durable() {
    run([crash(false)], |world| async move {
        let before = disk(&world, 1);
        before.append(&file("a"), b"x").await?;
        // A sync takes half a millisecond; the crash comes in the middle of it.
        let begin = ms(500) - Duration::from_micros(250);
        world.sleep_until(begin).await;
        let (file_a, interrupted) = (file("a"), world.sleep(ms(200)));
        let mut sync = std::pin::pin!(before.sync(&file_a));
        let mut interrupted = std::pin::pin!(interrupted);
        let synced = std::future::poll_fn(|context| {
            if sync.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
            interrupted.as_mut().poll(context).map(|()| false)
        });
        assert!(!synced.await, "the sync ended although its node was dead");
        let left = disk(&world, 1).read(&file("a")).await;
        assert!(
            matches!(left, Err(StorageError::NotFound { .. })),
            "{left:?}"
        );
        Ok(())
    });
}
