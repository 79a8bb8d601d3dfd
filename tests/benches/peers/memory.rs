//! Resident memory over many seeds.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use steadfast_scenarios::catalogue;
use steadfast_sim::isolation::{Ending, on_fresh_thread};
use steadfast_sim::sweep::{Seeds, Sweep, Watchdog};
use steadfast_sim::trace::Capture;
use steadfast_sim::{Scenario, run_plan};

/// How long a run may take before the sweep gives it up.
const WATCHDOG: Duration = Duration::from_secs(60);

/// How many times memory is looked at.
const LOOKS: u64 = 10;

/// Runs `seeds` seeds of a scenario of the catalogue and prints the resident memory
/// after each tenth of them: of a sweep's driver and its worker, whose runs are
/// forked, and of this process when it runs them all itself, on fresh threads.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
pub(crate) fn watch(seeds: u64) {
    let scenario = catalogue().swap_remove(0);
    let every = (seeds / LOOKS).max(1);
    println!(
        "\nResident memory: {seeds} seeds of {:?}, in KiB after every {every}",
        scenario.name()
    );
    let mut driver = Vec::new();
    let mut worker = Vec::new();
    let sweep = Sweep::new(vec![scenario.clone()], 1, Watchdog::new(WATCHDOG));
    let swept = sweep.run(
        Seeds::new(0..seeds).expect("the range is not empty"),
        |_| {},
        |result| {
            if (result.seed + 1).is_multiple_of(every) {
                driver.push(resident("self"));
                worker.push(only_child().map_or(0, |child| resident(&child)));
            }
            ControlFlow::Continue(())
        },
    );
    swept.expect("a sweep can fork");
    show("driver of a sweep", &driver);
    // The worker may be gone when its last result is read.
    worker.retain(|resident| *resident > 0);
    show("worker of a sweep", &worker);
    show(
        "one process, fresh threads",
        &on_threads(&scenario, seeds, every),
    );
}

fn on_threads(scenario: &Arc<dyn Scenario>, seeds: u64, every: u64) -> Vec<u64> {
    let mut looks = Vec::new();
    for seed in 0..seeds {
        let run = || {
            drop(run_plan(
                &**scenario,
                &scenario.plan(seed),
                Capture::Nothing,
            ));
        };
        let ended = on_fresh_thread(run);
        assert!(matches!(ended, Ok(Ending::Returned(()))), "{ended:?}");
        if (seed + 1).is_multiple_of(every) {
            looks.push(resident("self"));
        }
    }
    looks
}

#[expect(clippy::print_stdout, reason = "the figures are the product")]
fn show(name: &str, looks: &[u64]) {
    let growth = match (looks.first(), looks.last()) {
        (Some(first), Some(last)) => *last as f64 / *first as f64 * 100.0 - 100.0,
        _ => f64::NAN,
    };
    let looks: Vec<String> = looks.iter().map(u64::to_string).collect();
    println!("{name:<28} {growth:>+6.2} %  {}", looks.join(" "));
}

/// The resident memory of a process, in KiB; 0 if it is gone.
fn resident(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The process that this one has started, if there is one.
fn only_child() -> Option<String> {
    let children = fs::read_to_string("/proc/thread-self/children").ok()?;
    children.split_whitespace().next().map(str::to_owned)
}
