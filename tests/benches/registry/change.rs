//! What a registration costs, and what it takes up.

use steadfast::Label;
use steadfast::registry::Removal;

use crate::hybrid::Hybrid;
use crate::meter::{median, process_time, resident};
use crate::names::{Name, SCOPE};
use crate::ours::{Kind, Ours, executor};
use crate::peers;

/// Measures and prints.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
pub(crate) fn compare(thorough: bool) {
    let (rounds, count) = if thorough { (7, 50_000) } else { (1, 200) };
    let executor = executor();
    let _inside = executor.enter();
    let names = ["memory", "partitioned", "ractor", "hybrid"];
    let mut lives = vec![Vec::new(); 4];
    let mut pairs = vec![Vec::new(); 2];
    for _ in 0..rounds {
        for (index, kind) in [Kind::Memory, Kind::Partitioned].into_iter().enumerate() {
            lives[index].push(nanoseconds(count, || {
                executor.block_on(whole_life(kind, count));
            }));
            let ours = executor.block_on(Ours::new(kind));
            pairs[index].push(nanoseconds(count, || {
                executor.block_on(there_and_back(&ours, count));
            }));
        }
        lives[2].push(nanoseconds(count, || {
            executor.block_on(async { peers::ractor_end(peers::ractor_named(count).await).await });
        }));
        lives[3].push(nanoseconds(count, || executor.block_on(hybrid_life(count))));
    }
    println!(
        "\nstart, register, end, clean up; {count} at once: ns of processor time, speed by ractor"
    );
    let lives: Vec<f64> = lives.into_iter().map(median).collect();
    for (name, cost) in names.iter().zip(&lives) {
        println!("  {name:<14} {cost:>8.0}   {:.2}", lives[2] / cost);
    }
    println!("\nregister and unregister through the facade: ns of processor time");
    for (name, costs) in names.iter().zip(pairs) {
        println!("  {name:<14} {:>8.0}", median(costs));
    }
    let names = if thorough { 1_000_000 } else { 1_000 };
    for kind in [Kind::Memory, Kind::Partitioned] {
        let before = resident();
        let ours = executor.block_on(Ours::filled(kind, names));
        let taken = resident().saturating_sub(before) as f64 / f64::from(names);
        let estimated = ours.registry.stats().bytes as f64 / f64::from(names);
        println!(
            "\n{kind:?}, {names} names: {taken:.0} bytes resident a name, {estimated:.0} by the formula"
        );
    }
}

async fn whole_life(kind: Kind, count: u32) {
    let ours = Ours::new(kind).await;
    let scope = Label::from(SCOPE);
    let mut processes = Vec::new();
    for number in 0..count {
        let process = ours.idler();
        ours.register(&scope, number, process).await;
        processes.push(process);
    }
    end(&ours, processes).await;
    assert_eq!(ours.registry.stats().entries(), 0);
}

/// The processes are the same; the names lie in two stores and stay there.
async fn hybrid_life(count: u32) {
    let ours = Ours::new(Kind::Memory).await;
    let hybrid = Hybrid::new(&ours);
    let mut processes = Vec::new();
    for number in 0..count {
        let process = ours.idler();
        hybrid.register(number, process);
        processes.push(process);
    }
    end(&ours, processes).await;
}

/// Ends processes, and waits.
pub(crate) async fn end(ours: &Ours, processes: Vec<steadfast::process::ProcessId>) {
    for process in &processes {
        ours.node.kill(*process);
    }
    for process in processes {
        ours.node.exited(process).await;
    }
}

async fn there_and_back(ours: &Ours, count: u32) {
    let holder = ours.idler();
    let scope = Label::from(SCOPE);
    for number in 0..count {
        ours.register(&scope, number, holder).await;
    }
    for number in 0..count {
        let removal = Removal::new(&scope, Name::of(number).as_str());
        let removed = ours.registry.unregister(removal).await;
        removed.expect("the name is held");
    }
    end(ours, vec![holder]).await;
}

fn nanoseconds(count: u32, work: impl FnOnce()) -> f64 {
    let before = process_time();
    work();
    (process_time() - before).as_nanos() as f64 / f64::from(count)
}
