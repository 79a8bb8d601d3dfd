//! The registry against raw concurrent maps and against the registries of other actor
//! libraries, on the same names and in one run.
//!
//! Prints what a look-up costs by the number of names and threads, what a registration
//! costs and takes up, and what the end of many processes costs. A word given to
//! `cargo bench -p steadfast-tests --bench registry -- WORD` picks one of `lookup`,
//! `change` and `death`; `large` adds 10 million names to `lookup`.
//!
//! Times are of the processor, per thread, so that other load counts for little.
//! Without `--bench`, as `cargo test --benches` runs it, everything is done once and
//! quickly, to show that it still works.

mod change;
mod death;
mod hybrid;
mod lookup;
mod meter;
mod names;
mod ours;
mod peers;
mod raw;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let thorough = arguments.iter().any(|argument| argument == "--bench");
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let large = words.iter().any(|word| *word == "large");
    let picked = |part: &str| {
        let mut words = words.iter().filter(|word| **word != "large").peekable();
        words.peek().is_none() || words.any(|word| part.contains(&***word))
    };
    if picked("lookup") {
        lookup::compare(thorough, large);
    }
    if picked("change") {
        change::compare(thorough);
    }
    if picked("death") {
        death::compare(thorough);
    }
}
