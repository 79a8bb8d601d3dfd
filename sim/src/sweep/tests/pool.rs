//! Workers answer in order, fail aloud, and stop when told.

use std::ops::ControlFlow;

use super::super::pool::{Pool, PoolError};
use crate::isolation::{Separation, relay};

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
