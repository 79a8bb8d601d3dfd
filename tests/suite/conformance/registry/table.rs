//! The table of cases × backends × worlds, read from the sources of the tests. A cell
//! is empty only for a stated reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The cases of the registry on one node (A), as the peers' suites check them.
const LOCAL: &[&str] = &[
    "a01", "a02", "a04", "a05", "a06", "a07", "a09", "a10", "a11", "a12", "a14", "a15", "a16",
    "a17", "a19", "a20", "a21", "a22", "a24", "a25", "a26", "a27", "a29", "a30", "a31", "a32",
    "a34", "a35", "a36", "a37", "a39", "a40", "a41", "a42", "a44", "a45", "a46", "a47", "a49",
    "a50", "a51", "a52", "a54", "a55",
];

/// The backends, as the modules of [`registry_cases!`](super::registry_cases) name them.
const BACKENDS: &[&str] = &["memory", "partitioned", "replicated", "consistent"];

/// Why a case has no test on any backend here.
const ELSEWHERE: &[(&str, &str)] = &[(
    "a41",
    "the backends answer at once, so that no answer can be late: the facade's own tests \
     hold it against a backend that answers late",
)];

/// The sources of the cases, by file.
fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/conformance/registry");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let files = entries.map(|entry| entry.expect("an entry can be read").path());
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let named = rust.map(|file| {
        let name = file.file_name().expect("a file has a name");
        let text = fs::read_to_string(&file).expect("a source file is text");
        (name.to_string_lossy().into_owned(), text)
    });
    named.collect()
}

/// The names of the cases that have tests.
fn listed(text: &str) -> Vec<&str> {
    let blocks = text.split("\nregistry_cases! {").skip(1);
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
    let is_id = id.starts_with(['a', 'b']) && is_number && rest.starts_with('_');
    is_id.then_some(id)
}

/// How many tests each case has, on each backend in each world.
fn counts() -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in sources().values() {
        for id in listed(text).into_iter().filter_map(id) {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn table() -> String {
    let counts = counts();
    let mut text = String::from("| case |");
    for backend in BACKENDS {
        write!(text, " {backend}, tokio | {backend}, simulation |").expect("text has room");
    }
    text.push('\n');
    for id in LOCAL {
        write!(text, "| {id} |").expect("text has room");
        let count = counts.get(*id).copied().unwrap_or(0);
        for _ in 0..BACKENDS.len() * 2 {
            match count {
                0 => text.push_str(" – |"),
                count => write!(text, " {count} |").expect("text has room"),
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
fn every_local_case_is_tested_on_every_backend_or_says_why_not() {
    let mut complaints = Vec::new();
    for (file, text) in &sources() {
        let listed = listed(text);
        for name in written(text) {
            if !listed.contains(&name) {
                complaints.push(format!("{file}: `{name}` is in no list of cases"));
            }
        }
    }
    let counts = counts();
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    for id in LOCAL {
        match (counts.contains_key(*id), elsewhere.contains(id)) {
            (true, false) | (false, true) => {}
            (true, true) => complaints.push(format!("{id} has tests, and a reason to have none")),
            (false, false) => complaints.push(format!("{id} has no test")),
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    insta::assert_snapshot!("conformance_of_the_registry", table());
}

#[test]
fn the_lists_make_a_test_on_every_backend_in_each_world() {
    let sources = sources();
    let text = &sources["backends.rs"];
    for backend in BACKENDS {
        let on = format!("registry_cases_on! {{\n            {backend} ");
        assert_eq!(text.matches(&on).count(), 1, "{backend}");
    }
    let (_, on_one) = text
        .split_once("macro_rules! registry_cases_on")
        .expect("it is there");
    for world in ["mod tokio {", "mod simulation {"] {
        assert_eq!(on_one.matches(world).count(), 1, "{world}");
    }
}
