//! What a look-up costs, by the number of names and of threads.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use steadfast::process::ProcessId;
use steadfast::registry::Entry;

use crate::hybrid::Hybrid;
use crate::meter::{median, thread_time};
use crate::names::{Name, SCOPE, shuffled};
use crate::ours::{Kind, Ours, executor};
use crate::peers;
use crate::raw::{Dash, Locked, Map, Papaya, Scc, SccIndex, Stored, filled};

/// Finds a name; says whether it was there.
type Find<'a> = Box<dyn Fn(&str) -> bool + Sync + 'a>;

/// Whose figures these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Ours,
    Raw,
    Peer,
    Hybrid,
}

struct Contender<'a> {
    name: &'static str,
    group: Group,
    find: Find<'a>,
}

/// Measures and prints.
pub(crate) fn compare(thorough: bool, large: bool) {
    let (rounds, lookups) = if thorough { (9, 400_000) } else { (1, 2_000) };
    let mut counts = vec![1_000, 100_000];
    if thorough {
        counts.push(1_000_000);
    }
    let executor = executor();
    let _inside = executor.enter();
    for count in counts {
        let ours = executor.block_on(Ours::filled(Kind::Memory, count));
        let many = executor.block_on(Ours::filled(Kind::Partitioned, count));
        let hybrid = Hybrid::filled(&ours, count);
        let mut whereis = raw::<ProcessId>(count);
        whereis.extend(registries(&ours, &many));
        whereis.push(contender("hybrid", Group::Hybrid, move |name| {
            hybrid.find(name).is_some()
        }));
        let actor = peers::kameo_named(count);
        whereis.push(contender("kameo", Group::Peer, |name| {
            peers::kameo_find(name).is_some()
        }));
        // Each name costs an actor, which takes several kilobytes.
        let actors = if count <= 100_000 {
            whereis.push(contender("ractor", Group::Peer, |name| {
                peers::ractor_find(name).is_some()
            }));
            executor.block_on(peers::ractor_named(count))
        } else {
            Vec::new()
        };
        measure("whereis", count, &whereis, rounds, lookups);
        executor.block_on(peers::ractor_end(actors));
        peers::kameo_clear();
        drop((actor, whereis));
        let mut lookup = raw::<Entry>(count);
        lookup.push(contender("memory", Group::Ours, |name| {
            ours.registry
                .lookup(SCOPE, name)
                .is_ok_and(|entry| entry.is_some())
        }));
        lookup.push(contender("partitioned", Group::Ours, |name| {
            many.registry
                .lookup(SCOPE, name)
                .is_ok_and(|entry| entry.is_some())
        }));
        measure("lookup", count, &lookup, rounds, lookups);
    }
    if large {
        at_ten_million(&executor, rounds, lookups);
    }
}

/// One after the other, since together they would not fit into memory.
fn at_ten_million(executor: &tokio::runtime::Runtime, rounds: usize, lookups: u32) {
    const COUNT: u32 = 10_000_000;
    for kind in [Kind::Memory, Kind::Partitioned] {
        let ours = executor.block_on(Ours::filled(kind, COUNT));
        let name = match kind {
            Kind::Memory => "memory",
            Kind::Partitioned => "partitioned",
        };
        let whereis = contender(name, Group::Ours, |name| {
            ours.registry
                .whereis(SCOPE, name)
                .is_ok_and(|found| found.is_some())
        });
        measure("whereis", COUNT, &[whereis], rounds, lookups);
        let lookup = contender(name, Group::Ours, |name| {
            ours.registry
                .lookup(SCOPE, name)
                .is_ok_and(|found| found.is_some())
        });
        measure("lookup", COUNT, &[lookup], rounds, lookups);
    }
    for build in Bare::<ProcessId>::ALL {
        measure("whereis", COUNT, &[build(COUNT)], rounds, lookups);
    }
    for build in Bare::<Entry>::ALL {
        measure("lookup", COUNT, &[build(COUNT)], rounds, lookups);
    }
}

/// How each bare map is built.
struct Bare<V>(V);

impl<V: Stored> Bare<V> {
    const ALL: [fn(u32) -> Contender<'static>; 5] = [
        |count| bare("papaya", filled::<V, _>(Papaya::new(), count)),
        |count| bare("dashmap", filled::<V, _>(Dash::new(), count)),
        |count| bare("scc HashMap", filled::<V, _>(Scc::new(), count)),
        |count| bare("scc HashIndex", filled::<V, _>(SccIndex::new(), count)),
        |count| bare("RwLock of hashbrown", filled::<V, _>(Locked::new(), count)),
    ];
}

fn raw<V: Stored>(count: u32) -> Vec<Contender<'static>> {
    Bare::<V>::ALL.iter().map(|build| build(count)).collect()
}

fn bare<V: Stored>(name: &'static str, map: impl Map<V> + 'static) -> Contender<'static> {
    contender(name, Group::Raw, move |name| {
        black_box(map.get(name)).is_some()
    })
}

fn registries<'a>(ours: &'a Ours, many: &'a Ours) -> [Contender<'a>; 2] {
    let find = |ours: &'a Ours| {
        move |name: &str| {
            let found = ours.registry.whereis(SCOPE, name);
            black_box(found).is_ok_and(|found| found.is_some())
        }
    };
    [
        contender("memory", Group::Ours, find(ours)),
        contender("partitioned", Group::Ours, find(many)),
    ]
}

fn contender<'a>(
    name: &'static str,
    group: Group,
    find: impl Fn(&str) -> bool + Sync + 'a,
) -> Contender<'a> {
    Contender {
        name,
        group,
        find: Box::new(find),
    }
}

/// Measures contenders in turns, with one thread and with two, and prints a table.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
fn measure(what: &str, count: u32, contenders: &[Contender<'_>], rounds: usize, lookups: u32) {
    for threads in [1, 2] {
        let mut costs = vec![Vec::new(); contenders.len()];
        for round in 0..rounds {
            for (contender, costs) in contenders.iter().zip(&mut costs) {
                let seed = 0x9e37_79b9_7f4a_7c15 + round as u64;
                costs.push(cost(&contender.find, count, threads, lookups, seed));
            }
        }
        let costs: Vec<f64> = costs.into_iter().map(median).collect();
        let raw = contenders.iter().zip(&costs);
        let raw = raw.filter(|(contender, _)| contender.group == Group::Raw);
        let fastest = raw.map(|(_, cost)| *cost).min_by(f64::total_cmp);
        println!(
            "\n{what}, {count} names, {threads} threads: ns of processor time, speed by the fastest bare map"
        );
        for (contender, cost) in contenders.iter().zip(&costs) {
            let (name, group) = (contender.name, contender.group);
            match fastest {
                Some(fastest) => {
                    let speed = fastest / cost;
                    println!("  {name:<22} {group:<8?} {cost:>8.1}   {speed:.2}");
                }
                None => println!("  {name:<22} {group:<8?} {cost:>8.1}"),
            }
        }
    }
}

/// Nanoseconds of a look-up, averaged over all threads.
fn cost(find: &Find<'_>, count: u32, threads: u64, lookups: u32, seed: u64) -> f64 {
    let begin = Barrier::new(threads as usize);
    let run = |thread: u64| {
        let order = shuffled(count, seed.wrapping_mul(2 * thread + 1));
        begin.wait();
        let before = thread_time();
        for number in order.take(lookups as usize) {
            assert!(find(Name::of(number).as_str()), "every name is there");
        }
        thread_time() - before
    };
    let total: Duration = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        let ends = threads.into_iter().map(ScopedJoinHandle::join);
        ends.map(|time| time.expect("every name is there")).sum()
    });
    total.as_nanos() as f64 / (f64::from(lookups) * threads as f64)
}
