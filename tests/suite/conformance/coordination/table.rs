//! The table of cases × engines × worlds, read from the sources of the tests. A cell is
//! empty only for a stated reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The cases of sessions and locks (E), elections (F) and the other recipes (G), as the
/// peers' suites check them.
const CASES: &[&str] = &[
    "e01", "e02", "e03", "e04", "e05", "e06", "e07", "e09", "e10", "e11", "e12", "e14", "e15",
    "e16", "e17", "e19", "e20", "e21", "e22", "e24", "e25", "e26", "e27", "e29", "e30", "e31",
    "e32", "f01", "f02", "f04", "f05", "f06", "f07", "f09", "f10", "f11", "f12", "f14", "f15",
    "f16", "f17", "f19", "f20", "f21", "f22", "g01", "g02", "g04", "g05", "g06", "g07", "g09",
    "g10", "g11", "g12", "g14", "g15", "g16", "g17", "g19", "g20", "g21",
];

/// The engines, as the modules of [`coordination_cases!`](super::coordination_cases) name
/// them, and the files that hold the contract of the store against each, on tokio and in
/// simulation.
const ENGINES: &[(&str, [&str; 2])] = &[
    (
        "local",
        [
            "core/src/store/local/tests/suite.rs",
            "sim/tests/store_contract.rs",
        ],
    ),
    ("raft", ["tests/raft/on_tokio.rs", "tests/raft/contract.rs"]),
    (
        "etcd",
        ["core/tests/etcd/promises.rs", "sim/tests/etcd_store.rs"],
    ),
];

/// Where a case is checked that is neither here nor in the contract of the store.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "e12",
        "needs more nodes and faults: the scenarios `locks`, `fencing` and `elections`",
    ),
    (
        "e25",
        "needs a deposed leader: the scenarios over a replicated store, and `lease_clock`",
    ),
    (
        "f15",
        "needs faults: the scenarios `elections` and `fencing`, whose checkers hold every \
         leadership against every other one",
    ),
    (
        "f22",
        "only the engine `etcd` knows of users: its tests against a real server",
    ),
    (
        "g19",
        "a pure value, with its laws as property tests beside it",
    ),
    (
        "g20",
        "a pure value, with its laws as property tests beside it",
    ),
];

fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are in a workspace")
}

/// The sources in a folder, by file.
fn sources_in(folder: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder can be read");
    let files = entries.map(|entry| entry.expect("an entry can be read").path());
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let named = rust.map(|file| {
        let name = file.file_name().expect("a file has a name");
        let text = fs::read_to_string(&file).expect("a source file is text");
        (name.to_string_lossy().into_owned(), text)
    });
    named.collect()
}

/// The sources of the cases.
fn sources() -> BTreeMap<String, String> {
    sources_in("tests/suite/conformance/coordination")
}

/// The names of the cases that have tests.
fn listed(text: &str) -> Vec<&str> {
    let blocks = text.split("\ncoordination_cases! {").skip(1);
    let names = blocks.flat_map(|block| block.split('}').next().unwrap_or_default().split(','));
    let names = names.map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

/// The cases that are written down as functions.
fn written(text: &str) -> Vec<&str> {
    let lines = text.lines();
    let functions = lines.filter_map(|line| line.strip_prefix("async fn "));
    let names = functions.map(|line| line.split(['<', '(']).next().unwrap_or_default());
    names.filter(|name| id(name).is_some()).collect()
}

/// The id of a case, if its name carries one.
fn id(name: &str) -> Option<&str> {
    let (id, rest) = name.split_at_checked(3)?;
    let number = id.get(1..)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = id.starts_with(['e', 'f', 'g']) && is_number && rest.starts_with('_');
    is_id.then_some(id)
}

/// How many tests each case has, on each engine in each world.
fn counts() -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in sources().values() {
        for id in listed(text).into_iter().filter_map(id) {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// How many promises of the store each case is.
fn promised() -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in sources_in("core/src/store/contract").values() {
        // A promise is called `"group.name"` in the list of its file.
        let promises = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"'));
        let names = promises.filter_map(|line| line.split_once('.').map(|(_, name)| name));
        for id in names.filter_map(id) {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn table() -> String {
    let (counts, promised) = (counts(), promised());
    let mut text = String::from("| case |");
    for (engine, _) in ENGINES {
        write!(text, " {engine}, tokio | {engine}, simulation |").expect("text has room");
    }
    text.push('\n');
    for id in CASES {
        let count = counts.get(*id).copied().unwrap_or(0);
        write!(text, "| {id} |").expect("text has room");
        for (_, contracts) in ENGINES {
            for file in contracts {
                let promises = if file.is_empty() {
                    None
                } else {
                    promised.get(*id)
                };
                match count + promises.copied().unwrap_or(0) {
                    0 => text.push_str(" – |"),
                    count => write!(text, " {count} |").expect("text has room"),
                }
            }
        }
        text.push('\n');
    }
    for (id, reason) in ELSEWHERE {
        writeln!(text, "\n{id}: {reason}").expect("text has room");
    }
    text
}

#[test]
fn every_case_is_tested_on_every_engine_or_says_why_not() {
    let mut complaints = Vec::new();
    for (file, text) in &sources() {
        let listed = listed(text);
        for name in written(text) {
            if !listed.contains(&name) {
                complaints.push(format!("{file}: `{name}` is in no list of cases"));
            }
        }
    }
    let (counts, promised) = (counts(), promised());
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    for id in CASES {
        let tested = counts.contains_key(*id) || promised.contains_key(*id);
        match (tested, elsewhere.contains(id)) {
            (true, false) | (false, true) => {}
            (true, true) => complaints.push(format!("{id} has tests, and a reason to have none")),
            (false, false) => complaints.push(format!("{id} has no test")),
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    insta::assert_snapshot!("conformance_of_coordination", table());
}

#[test]
fn the_lists_make_a_test_on_every_engine_in_each_world() {
    let sources = sources();
    let text = &sources["engines.rs"];
    for (engine, contracts) in ENGINES {
        let on = format!("coordination_cases_on! {{\n            {engine} ");
        assert_eq!(text.matches(&on).count(), 1, "{engine}");
        for file in contracts.iter().filter(|file| !file.is_empty()) {
            let held = fs::read_to_string(root().join(file)).expect("a source file is text");
            assert!(held.contains("store::contract"), "{file}");
        }
    }
    let (_, on_one) = text
        .split_once("macro_rules! coordination_cases_on")
        .expect("it is there");
    for world in ["mod tokio {", "mod simulation {"] {
        assert_eq!(on_one.matches(world).count(), 1, "{world}");
    }
}
