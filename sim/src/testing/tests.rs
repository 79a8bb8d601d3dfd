//! A simulated test passes, fails with its seed, and tells how to repeat it.

use std::panic::catch_unwind;
use std::time::Duration;

use steadfast::runtime::NodeId;

use super::test;
use crate::assert_trace_snapshot;
use crate::fault::{Episode, Fault, Start, Target};
use crate::report::LINES_MAX;

/// The text that a test panics with.
fn failure(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(run).unwrap_err();
    payload.downcast_ref::<String>().unwrap().trim().to_owned()
}

#[test]
fn a_test_that_holds_passes() {
    test("holds").nodes(2).seeds(0..5).run(|world| async move {
        world.sleep(Duration::from_secs(1)).await;
        assert!(world.is_up(NodeId(2)));
        Ok(())
    });
}

#[test]
fn a_test_that_fails_names_its_seed_and_the_command() {
    let text = failure(|| {
        test("fails").seeds(0..20).run(|world| async move {
            world.note("the story so far");
            if world.plan().seed == 13 {
                Err("thirteen")?;
            }
            Ok(())
        });
    });
    assert!(text.starts_with("fails seed 13: violated"), "{text}");
    assert!(text.contains("thirteen"), "{text}");
    assert!(text.contains("the story so far"), "{text}");
    assert!(text.lines().count() <= LINES_MAX);
    let name = "testing::tests::a_test_that_fails_names_its_seed_and_the_command";
    let command = format!("STEADFAST_SEED=13 cargo test -p steadfast-sim {name} -- --exact");
    assert_eq!(text.lines().last(), Some(command.as_str()), "{text}");
}

#[test]
fn a_panic_of_the_test_is_its_failure() {
    let text = failure(|| {
        test("panics").seeds(4..5).run(|world| async move {
            assert!(!world.is_up(NodeId(1)), "n1 is up");
            Ok(())
        });
    });
    assert!(
        text.starts_with("panics seed 4: panicked\n  n1 is up\n  at "),
        "{text}"
    );
}

#[test]
fn a_hang_and_an_abort_are_failures_of_their_seed() {
    let text = failure(|| {
        let hangs = test("hangs")
            .seeds(0..1)
            .watchdog(Duration::from_millis(200));
        hangs.run(|_| async {
            loop {
                std::hint::spin_loop();
            }
        });
    });
    assert!(
        text.starts_with("hangs seed 0: stalled\n  bound: wall clock"),
        "{text}"
    );
    let text = failure(|| {
        test("aborts")
            .seeds(0..1)
            .run(|_| async { std::process::abort() });
    });
    assert!(text.contains("SIGABRT"), "{text}");
}

#[test]
fn a_trace_is_compared_with_the_one_that_is_kept() {
    let one_process = || {
        test("kept").nodes(1).boot(|node| async move {
            let spec = steadfast::process::ProcessSpec::new("root");
            node.start(spec, |_| async {})?;
            Ok(())
        })
    };
    assert_trace_snapshot!(one_process(), seed = 1);
    assert_trace_snapshot!(
        "kept_with_a_note",
        one_process().trace(1, |world| async move {
            world.note("driven");
            Ok(())
        })
    );
}

#[test]
fn boot_faults_and_settle_take_part() {
    let crash = |seed| Episode {
        fault: Fault::Crash { wipe_disk: false },
        target: Target::Node(NodeId(1)),
        start: Start::At(Duration::from_millis(100 + seed)),
        duration: Some(Duration::from_millis(100)),
    };
    let text = test("takes part")
        .nodes(1)
        .plan(|plan| plan.limits.safety = Duration::from_secs(1))
        .faults(move |seed| vec![crash(seed)])
        .boot(|node| async move {
            let spec = steadfast::process::ProcessSpec::new("root");
            node.start(spec, |_| std::future::pending::<()>())?;
            Ok(())
        })
        .settle(|world| async move {
            world.note("settled");
            Ok(())
        })
        .trace(7, |world| async move {
            world.note("driven");
            Ok(())
        });
    for part in ["driven", "crash", "settled", "root spawned"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.matches("root spawned").count(), 2, "{text}");
    assert!(text.contains("+0.107"), "{text}");
}
