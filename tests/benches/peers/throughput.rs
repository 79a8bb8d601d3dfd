//! Messages per second and core, of our network and of the peers.

use std::hint::black_box;

use steadfast_sim::isolation::{Ending, on_fresh_thread};

use crate::load::{self, Rhythm};
use crate::meter::{Spread, processor_time};
use crate::ours::{Carrier, Mesh};
use crate::{endpoint, ticks};

/// One of those that carry the load.
struct Contender {
    name: &'static str,
    run: fn(u64, Rhythm) -> u64,
    /// Seeds in one measurement.
    seeds: u64,
}

const CONTENDERS: [Contender; 6] = [
    Contender {
        name: "steadfast, digest on, checkers on",
        run: |seed, rhythm| mesh(Carrier::Tasks, true, rhythm).run(seed),
        seeds: 20,
    },
    Contender {
        name: "steadfast, digest on, checkers off",
        run: |seed, rhythm| mesh(Carrier::Tasks, false, rhythm).run(seed),
        seeds: 20,
    },
    Contender {
        name: "steadfast, as processes, checkers on",
        run: |seed, rhythm| mesh(Carrier::Processes, true, rhythm).run(seed),
        seeds: 20,
    },
    Contender {
        name: "steadfast, as processes, checkers off",
        run: |seed, rhythm| mesh(Carrier::Processes, false, rhythm).run(seed),
        seeds: 20,
    },
    Contender {
        name: MADSIM,
        run: endpoint::run,
        seeds: 6,
    },
    Contender {
        name: TURMOIL,
        run: ticks::run,
        seeds: 2,
    },
];

const MADSIM: &str = "madsim 0.2.34, bare Endpoint";
const TURMOIL: &str = "turmoil 0.7, tick of 1 ms";

/// Measures all contenders in turns, and prints a table.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
pub(crate) fn compare(rounds: u64, rhythm: Rhythm) {
    let mut rates = CONTENDERS.map(|_| Vec::new());
    for round in 0..rounds {
        for (contender, rates) in CONTENDERS.iter().zip(&mut rates) {
            rates.push(contender.measure(round, rhythm));
        }
    }
    let spreads = rates.map(Spread::of);
    let median = |name| {
        let found = CONTENDERS
            .iter()
            .position(|contender| contender.name == name);
        found.map_or(f64::NAN, |index| spreads[index].median)
    };
    let (madsim, turmoil) = (median(MADSIM), median(TURMOIL));
    println!(
        "Throughput, pairs sending {}: {} messages in 10 simulated seconds, a fresh \
         thread per seed, {rounds} rounds; messages per second of processor time",
        match rhythm {
            Rhythm::Together => "together",
            Rhythm::Apart => "a millisecond apart",
        },
        load::MESSAGES
    );
    println!(
        "{:<40} {:>10} {:>10} {:>10} {:>9} {:>9}",
        "", "min", "median", "max", "x madsim", "x turmoil"
    );
    for (contender, spread) in CONTENDERS.iter().zip(spreads) {
        println!(
            "{:<40} {:>10.0} {:>10.0} {:>10.0} {:>9.2} {:>9.1}",
            contender.name,
            spread.min,
            spread.median,
            spread.max,
            spread.median / madsim,
            spread.median / turmoil
        );
    }
}

const fn mesh(carrier: Carrier, checked: bool, rhythm: Rhythm) -> Mesh {
    Mesh {
        carrier,
        rhythm,
        checked,
    }
}

impl Contender {
    /// Messages per second of processor time.
    fn measure(&self, round: u64, rhythm: Rhythm) -> f64 {
        let first = round * self.seeds;
        let mut arrived = 0;
        let time = processor_time(|| {
            for seed in first..first + self.seeds {
                match on_fresh_thread(|| (self.run)(black_box(seed), rhythm)) {
                    Ok(Ending::Returned(messages)) => arrived += messages,
                    other => panic!("{}: {other:?}", self.name),
                }
            }
        });
        assert_eq!(arrived, load::MESSAGES * self.seeds, "{}", self.name);
        arrived as f64 / time.as_secs_f64()
    }
}
