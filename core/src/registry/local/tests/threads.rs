//! Claims about single operations that meet at the same instant.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::stage::{assert_sound, both, done, process, wanted};
use crate::registry::{
    Backend, LocalOptions, Metadata, RegistryError, Removal, Revision, Update, Value,
};

/// Lets threads begin each round together.
struct Rounds(AtomicU64);

impl Rounds {
    fn begin(&self, round: u64, threads: u64) {
        self.0.fetch_add(1, Ordering::SeqCst);
        while self.0.load(Ordering::SeqCst) < (round + 1) * threads {
            std::thread::yield_now();
        }
    }
}

#[test]
fn of_racers_that_begin_together_one_wins() {
    const THREADS: u64 = 3;
    const NAMES: u64 = 1000;
    for (stage, backend) in both(&LocalOptions::new()) {
        let rounds = Rounds(AtomicU64::new(0));
        let race = |racer: u64| {
            let mut won = Vec::new();
            for name in 0..NAMES {
                let wanted = wanted(&format!("{name}"), racer);
                rounds.begin(name, THREADS);
                match done(backend.register(wanted)) {
                    Ok(_) => won.push(name),
                    Err(RegistryError::AlreadyRegistered { holder, .. }) => {
                        let name = format!("{name}");
                        assert_eq!(backend.whereis("s", &name), Ok(Some(holder)));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            won
        };
        let race = &race;
        let mut won: Vec<u64> = std::thread::scope(|scope| {
            let racers = (1..=THREADS).map(|racer| scope.spawn(move || race(racer)));
            let racers: Vec<_> = racers.collect();
            racers
                .into_iter()
                .flat_map(|racer| racer.join().unwrap())
                .collect()
        });
        won.sort_unstable();
        assert_eq!(
            won,
            (0..NAMES).collect::<Vec<u64>>(),
            "each name has one winner"
        );
        assert_eq!(stage.changes().len() as u64, NAMES);
        assert_sound(&backend);
    }
}

#[test]
fn an_update_leaves_no_gap() {
    const UPDATES: i64 = 10_000;
    for (_, backend) in both(&LocalOptions::new().indexed("n")) {
        done(backend.register(wanted("a", 1))).unwrap();
        let running = AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..=UPDATES {
                    let metadata = Metadata::new().with("n", n);
                    let update = Update::new("s", "a", Revision::Replace(metadata));
                    done(backend.update(update)).unwrap();
                }
                running.store(false, Ordering::SeqCst);
            });
            let mut last = 0;
            while running.load(Ordering::SeqCst) {
                assert_eq!(backend.whereis("s", "a"), Ok(Some(process(1))));
                let seen = backend.lookup("s", "a").unwrap().unwrap();
                if let Some(Value::Int(n)) = seen.metadata.get("n") {
                    assert!(*n >= last, "{n} after {last}");
                    last = *n;
                }
            }
        });
        assert!(done(backend.unregister(Removal::new("s", "a"))).is_ok());
    }
}
