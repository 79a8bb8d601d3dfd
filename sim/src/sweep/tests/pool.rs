//! Workers answer in order, fail aloud, and stop when told.

use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use super::super::pool::{Pool, PoolError};
use crate::isolation::{Ending, Separation, isolate, relay};

fn squares(workers: usize, jobs: u64) -> Vec<(u64, u64)> {
    let pool = Pool::fork(workers, |job: u64| Ok((job, job * job))).unwrap();
    let mut answers = Vec::new();
    let take = |answer| {
        answers.push(answer);
        ControlFlow::Continue(())
    };
    pool.run(0..jobs, |_| (), take).unwrap();
    answers
}

#[test]
fn answers_come_in_the_order_of_the_jobs_with_any_number_of_workers() {
    let expected: Vec<_> = (0..1_000).map(|job| (job, job * job)).collect();
    for workers in [1, 2, 7] {
        assert_eq!(relay(|_| squares(workers, 1_000)).unwrap(), expected);
    }
}

#[test]
fn a_worker_that_ends_is_an_error_and_not_a_hang() {
    let ended = relay(|separation| {
        assert_eq!(separation, Separation::Process);
        let work = |job: u64| {
            if job == 30 {
                std::process::abort()
            } else {
                Ok(job)
            }
        };
        let pool = Pool::fork(2, work).unwrap();
        let end = pool.run(0..100, |_| (), |_| ControlFlow::Continue(()));
        matches!(end, Err(PoolError::WorkerEnded { .. }))
    });
    assert!(ended.unwrap());
}

#[test]
fn a_job_that_fails_says_why() {
    let reason = relay(|_| {
        let pool = Pool::fork(2, |job: u64| match job {
            7 => Err::<u64, _>("seven".to_owned()),
            _ => Ok(job),
        });
        let end = pool
            .unwrap()
            .run(0..100, |_| (), |_| ControlFlow::Continue(()));
        end.unwrap_err().to_string()
    });
    assert_eq!(reason.unwrap(), "seven");
}

#[test]
fn a_break_leaves_the_rest_undone() {
    let taken = relay(|_| {
        let pool = Pool::fork(2, |job: u64| Ok(job)).unwrap();
        let mut taken = Vec::new();
        let take = |answer| {
            taken.push(answer);
            if answer == 4 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        pool.run(0.., |_| (), take).unwrap();
        taken
    });
    assert_eq!(taken.unwrap(), [0, 1, 2, 3, 4]);
}

/// What a run could tell of the process that it is in: which thread it is, what that
/// is called, and whether the keys of its hash maps were drawn before it began.
#[expect(
    clippy::disallowed_types,
    reason = "the keys that are drawn at random are what is looked at"
)]
fn surroundings() -> (String, u64) {
    let thread = thread::current();
    let name = thread.name().map(str::to_owned);
    let keys = std::hash::RandomState::new().hash_one(0_u8);
    (format!("{:?} {name:?}", thread.id()), keys)
}

/// What an isolated run finds.
fn look() -> Result<(String, u64), String> {
    match isolate(Duration::from_secs(60), surroundings) {
        Ok(Ending::Returned(found)) => Ok(found),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_run_from_a_worker_finds_what_a_run_alone_finds() {
    let (alone, from_worker) = relay(|separation| {
        assert_eq!(separation, Separation::Process);
        let mut from_worker = Vec::new();
        let take = |found: (String, u64)| {
            from_worker.push(found);
            ControlFlow::Continue(())
        };
        let pool = Pool::fork(1, |_: u64| look()).unwrap();
        pool.run(0..3, |_| (), take).unwrap();
        (look().unwrap(), from_worker)
    })
    .unwrap();
    for (thread, _) in &from_worker {
        assert_eq!(*thread, alone.0);
    }
    // Keys that a worker had drawn would be the same in all its children.
    assert_ne!(from_worker[0].1, from_worker[1].1);
    assert_ne!(from_worker[1].1, from_worker[2].1);
}
