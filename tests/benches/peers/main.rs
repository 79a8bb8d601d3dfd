//! The simulator against its peers, on the same load and in one run.
//!
//! Prints the throughput of our network, of bare madsim and of turmoil, the cost of
//! a process per seed, and the resident memory over 10,000 seeds. A word given to
//! `cargo bench -p steadfast-tests --bench peers -- WORD` picks one of `throughput`,
//! `isolation` and `memory`.
//!
//! Without `--bench`, as `cargo test --benches` runs it, everything is done once and
//! quickly, to show that it still works.

mod endpoint;
mod load;
mod memory;
mod meter;
mod ours;
mod separation;
mod throughput;
mod ticks;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let thorough = arguments.iter().any(|argument| argument == "--bench");
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let picked = |part: &str| words.is_empty() || words.iter().any(|word| part.contains(*word));
    // First, while this process holds no memory that every fork has to copy.
    if picked("isolation") {
        separation::compare(if thorough { 11 } else { 1 }, if thorough { 40 } else { 2 });
    }
    if picked("memory") {
        memory::watch(if thorough { 10_000 } else { 10 });
    }
    if picked("throughput") {
        for rhythm in [load::Rhythm::Together, load::Rhythm::Apart] {
            throughput::compare(if thorough { 15 } else { 1 }, rhythm);
        }
    }
}
