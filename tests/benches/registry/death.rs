//! What it costs when many processes with names end at once.

use steadfast::Label;

use crate::change::end;
use crate::meter::{median, process_time};
use crate::names::{Name, SCOPE};
use crate::ours::{Kind, Ours, executor};

/// Measures and prints.
///
/// # Panics
///
/// If anything is left of the processes.
#[expect(clippy::print_stdout, reason = "the figures are the product")]
pub(crate) fn compare(thorough: bool) {
    let (rounds, counts) = if thorough {
        (3, vec![10_000, 100_000, 200_000])
    } else {
        (1, vec![100])
    };
    let executor = executor();
    for kind in [Kind::Memory, Kind::Partitioned] {
        println!("\n{kind:?}, the end of all at once: ns of processor time a process");
        for count in &counts {
            let costs = |named: bool| {
                let rounds = (0..rounds).map(|_| executor.block_on(die(kind, *count, named)));
                median(rounds.collect())
            };
            let (with, without) = (costs(true), costs(false));
            println!("  {count:>8}   {with:>6.0} with a name each, {without:>6.0} without");
        }
    }
}

async fn die(kind: Kind, count: u32, named: bool) -> f64 {
    let ours = Ours::new(kind).await;
    let scope = Label::from(SCOPE);
    let mut processes = Vec::new();
    for number in 0..count {
        let process = ours.idler();
        if named {
            ours.register(&scope, number, process).await;
        }
        processes.push(process);
    }
    let before = process_time();
    end(&ours, processes).await;
    let cost = process_time() - before;
    assert_eq!(ours.registry.stats().entries(), 0, "names are left");
    assert_eq!(ours.registry.audit(), Vec::<Label>::new());
    let first = ours.registry.whereis(SCOPE, Name::of(0).as_str());
    assert_eq!(first, Ok(None));
    cost.as_nanos() as f64 / f64::from(count)
}
