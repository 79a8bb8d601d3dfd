//! What it costs to run each seed in a process of its own.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use steadfast_sim::Outcome;
use steadfast_sim::isolation::{Ending, Stopwatch, isolate, on_fresh_thread};
use steadfast_sim::sweep::{Seeds, Sweep, Watchdog};

use crate::load::Rhythm;
use crate::meter::{Spread, processor_time};
use crate::ours::{Carrier, Mesh};

const MESH: Mesh = Mesh {
    carrier: Carrier::Tasks,
    rhythm: Rhythm::Together,
    checked: true,
};

/// How long a run may take before the sweep gives it up.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Runs the same seeds on fresh threads and as a sweep does, in turns, and prints
/// what the second costs more.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
pub(crate) fn compare(rounds: u64, seeds: u64) {
    let (mut processor, mut wall) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let seeds = round * seeds..(round + 1) * seeds;
        let seeds = Seeds::new(seeds).expect("the range is not empty");
        let threads = measure(|| on_threads(seeds));
        let forks = measure(|| in_a_sweep(seeds));
        processor.push(forks.0 / threads.0);
        wall.push(forks.1 / threads.1);
    }
    println!(
        "\nIsolation: {seeds} seeds, a sweep that forks a process for each (one worker) \
         against fresh threads, {rounds} rounds"
    );
    println!("{:<40} {:>10} {:>10} {:>10}", "", "min", "median", "max");
    for (name, ratios) in [
        ("processor time, ratio", processor),
        ("wall clock, ratio", wall),
    ] {
        let Spread { min, median, max } = Spread::of(ratios);
        println!("{name:<40} {min:>10.3} {median:>10.3} {max:>10.3}");
    }
}

/// Processor time and wall-clock time, in seconds.
fn measure(work: impl FnOnce()) -> (f64, f64) {
    let watch = Stopwatch::start();
    let processor = processor_time(work);
    (processor.as_secs_f64(), watch.elapsed().as_secs_f64())
}

/// In a process of its own: the memory that the runs leave behind would have to be
/// copied for every run of the other side.
fn on_threads(seeds: Seeds) {
    let ended = isolate(WATCHDOG, || {
        for seed in seeds.range() {
            let ended = on_fresh_thread(|| MESH.run(seed));
            assert!(matches!(ended, Ok(Ending::Returned(_))), "{ended:?}");
        }
    });
    assert!(matches!(ended, Ok(Ending::Returned(()))), "{ended:?}");
}

fn in_a_sweep(seeds: Seeds) {
    let sweep = Sweep::new(vec![Arc::new(MESH)], 1, Watchdog::new(WATCHDOG));
    let swept = sweep.run(
        seeds,
        |_| {},
        |result| {
            assert_eq!(result.planned.run.report.outcome, Outcome::Passed);
            ControlFlow::Continue(())
        },
    );
    swept.expect("a sweep can fork");
}
