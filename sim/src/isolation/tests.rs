//! Closures that return, panic, hang, crash and count.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::child::ForkError;
use super::isolate::{Ending, IsolationError, isolate};
use super::relay::{Separation, relay};
use super::stopwatch::Stopwatch;

const LONG: Duration = Duration::from_secs(60);

/// Runs the claims of a test in a process that can fork.
fn alone(claims: impl FnOnce()) {
    relay(|separation| {
        assert_eq!(separation, Separation::Process);
        claims();
    })
    .unwrap();
}

#[test]
fn an_isolated_closure_answers() {
    alone(|| {
        let long = "x".repeat(1_000_000);
        let answer = isolate(LONG, || (17_u64, long.clone())).unwrap();
        assert_eq!(answer, Ending::Returned((17, long)));
    });
}

#[test]
fn a_panic_ends_its_own_run_only() {
    alone(|| {
        let answer = isolate(LONG, || panic!("by design {}", 1)).unwrap();
        assert_eq!(answer, Ending::<()>::Panicked("by design 1".to_owned()));
        assert_eq!(isolate(LONG, || 2).unwrap(), Ending::Returned(2));
    });
}

#[test]
fn a_hang_is_ended_at_the_limit() {
    alone(|| {
        let answer = isolate(Duration::from_millis(50), || {
            loop {
                std::hint::spin_loop();
            }
        });
        assert_eq!(answer.unwrap(), Ending::<()>::TimedOut);
        assert_eq!(isolate(LONG, || 2).unwrap(), Ending::Returned(2));
    });
}

#[test]
fn an_abort_names_its_signal_and_an_exit_its_code() {
    alone(|| {
        let answer = isolate(LONG, || -> u8 { process::abort() }).unwrap();
        let aborted = Ending::Signalled {
            signal: "SIGABRT".to_owned(),
            last_panics: String::new(),
        };
        assert_eq!(answer, aborted);
        let answer = isolate(LONG, || -> u8 { process::exit(3) }).unwrap();
        assert_eq!(answer, Ending::Exited(3));
    });
}

#[test]
fn what_a_run_does_to_its_process_stays_there() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    alone(|| {
        for _ in 0..3 {
            let count = isolate(LONG, || RUNS.fetch_add(1, Ordering::SeqCst)).unwrap();
            assert_eq!(count, Ending::Returned(0));
        }
        assert_eq!(RUNS.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_process_with_several_threads_does_not_fork() {
    let refused = isolate(LONG, || ());
    let threads = matches!(
        refused,
        Err(IsolationError::Fork(ForkError::Threads { threads: 2.. }))
    );
    assert!(threads, "{refused:?}");
}

#[test]
fn each_call_of_a_test_gets_its_own_answer() {
    let answers: Vec<u64> = (1..=3).map(|n| relay(|_| n * 10).unwrap()).collect();
    assert_eq!(answers, [10, 20, 30]);
}

#[test]
fn a_panic_reaches_the_outer_test() {
    let outer = std::panic::catch_unwind(|| relay(|_| -> u8 { panic!("inside") }));
    let payload = outer.unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "inside");
}

#[test]
fn the_clock_of_the_machine_runs_outside_of_a_simulation() {
    alone(|| {
        let since = Stopwatch::start();
        while since.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        assert_eq!(since.left(Duration::from_millis(1)), Duration::ZERO);
    });
}
