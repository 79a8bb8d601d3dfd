//! Every local case has a test in both worlds. Read from the sources of this suite,
//! so that a case that is dropped, or never listed, is noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The local cases of supervision (C) and of tasks (D).
const LOCAL: &[&str] = &[
    "c01", "c02", "c04", "c05", "c06", "c07", "c09", "c10", "c11", "c12", "c14", "c15", "c16",
    "c17", "c19", "c20", "c21", "c22", "c24", "c25", "c26", "c27", "c29", "c30", "c31", "c32",
    "c34", "c35", "c36", "c37", "c39", "c40", "c41", "c42", "c44", "c45", "c46", "c47", "c49",
    "c50", "c51", "c52", "c54", "c55", "c56", "c57", "c59", "c60", "c61", "c62", "c64", "c65",
    "c66", "c74", "c75", "c76", "c77", "c79", "d01", "d02", "d04", "d05", "d06", "d07", "d09",
    "d10", "d11", "d12", "d14", "d15", "d16", "d17",
];

/// The distributed cases, and why they are not here.
const DISTRIBUTED: &[(&str, &str)] = &[
    (
        "c67",
        "children that run elsewhere after the loss of a node need a supervisor of the cluster",
    ),
    (
        "c69",
        "a process kept on one side of a split needs a supervisor of the cluster",
    ),
    (
        "c70",
        "redistribution when a node joins needs a supervisor of the cluster",
    ),
    (
        "c71",
        "proxied starts need nodes that can disagree about an owner",
    ),
    (
        "c72",
        "starts that wait for a quorum need a membership with quorums",
    ),
];

/// The cases of membership (H). Most need a network that fails, which only the simulation
/// has, and are plain tests over many seeds; three are held on tokio as well.
const MEMBERSHIP: &[&str] = &[
    "h01", "h02", "h04", "h05", "h06", "h07", "h09", "h12", "h14", "h15",
];

/// The distributed cases of the registry (B), and those of membership (H) that are about
/// what a registry keeps. They run in simulation, on clusters with faults.
const CLUSTER: &[&str] = &[
    "b01", "b02", "b04", "b05", "b06", "b07", "b09", "b10", "b11", "b12", "b14", "b15", "b16",
    "b17", "b19", "b20", "b21", "b22", "b24", "b25", "b26", "b27", "b31", "b32", "b34", "b37",
    "b39", "b40", "b41", "b42", "h10",
];

/// The cases of the registry (B) that only the consistent backend promises. Plain tests on
/// a replicated store, in simulation.
const CONSISTENT: &[&str] = &["b35", "b36"];

/// The distributed cases of the registry that are not here, and why.
const NOT_CLUSTER: &[(&str, &str)] = &[
    (
        "b29",
        "scopes are members' own and have no lease that runs out",
    ),
    (
        "b30",
        "as b29: there is no manager of leases that could crash",
    ),
    (
        "h11",
        "a delta after a gap is a unit test of the replica, beside its snapshots",
    ),
];

/// The macros that make tests of the cases that they list.
const MACROS: &[&str] = &["cases", "cases_with_a_peer"];

fn sources(folder: &str) -> BTreeMap<String, String> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/conformance");
    let entries = fs::read_dir(suite.join(folder)).expect("the folder can be read");
    let files = entries.map(|entry| entry.expect("an entry can be read").path());
    let rust = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let named = rust.map(|file| {
        let name = file.file_name().expect("a file has a name");
        let text = fs::read_to_string(&file).expect("a source file is text");
        (name.to_string_lossy().into_owned(), text)
    });
    named.collect()
}

/// The id of a case, if `name` carries one: a letter, two digits, an underscore.
fn id(name: &str) -> Option<&str> {
    let (id, rest) = name.split_at_checked(3)?;
    let (letter, number) = id.split_at_checked(1)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = ["c", "d"].contains(&letter) && is_number && rest.starts_with('_');
    is_id.then_some(id)
}

/// The names between the braces of the macros that make tests.
fn listed(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in MACROS {
        let opening = format!("\n{name}! {{");
        for block in text.split(&opening).skip(1) {
            let block = block.split('}').next().unwrap_or_default();
            names.extend(block.split(',').map(str::trim));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The cases that are written down as functions.
fn written(text: &str) -> Vec<&str> {
    let functions = text
        .lines()
        .filter_map(|line| line.strip_prefix("async fn "));
    let names = functions.map(|line| line.split(['<', '(']).next().unwrap_or_default());
    names.filter(|name| id(name).is_some()).collect()
}

#[test]
fn every_local_case_has_a_test_in_both_worlds() {
    let mut covered = BTreeSet::new();
    let mut complaints = Vec::new();
    for (file, text) in &sources("") {
        let listed = listed(text);
        for name in written(text) {
            if !listed.contains(&name) {
                complaints.push(format!("{file}: `{name}` is in no list of cases"));
            }
        }
        covered.extend(listed.into_iter().filter_map(id).map(str::to_owned));
    }
    let known: BTreeSet<_> = LOCAL.iter().map(|id| (*id).to_owned()).collect();
    for missing in known.difference(&covered) {
        complaints.push(format!("{missing} has no test"));
    }
    for unknown in covered.difference(&known) {
        complaints.push(format!("{unknown} is no local case"));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_case_of_membership_has_a_test() {
    let sources = sources("");
    let has_test = |id: &&&str| {
        let opening = format!("#[test]\nfn {id}_");
        sources.values().any(|text| text.contains(&opening))
    };
    let missing: Vec<_> = MEMBERSHIP.iter().filter(|id| !has_test(id)).collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
}

#[test]
fn every_distributed_case_of_the_registry_has_a_test() {
    let mut complaints = Vec::new();
    let sources = sources("cluster");
    let all = sources.values().map(String::as_str).collect::<String>();
    for id in CLUSTER {
        let opening = format!("async fn {id}_");
        let written = all.split(&opening).skip(1);
        let names: Vec<_> = written
            .map(|rest| rest.split('(').next().unwrap_or_default())
            .collect();
        let listed = |rest: &&str| all.contains(&format!("    {id}_{rest}: "));
        if names.is_empty() || !names.iter().all(listed) {
            complaints.push(format!("{id} has no test"));
        }
    }
    for id in CONSISTENT {
        if !all.contains(&format!("#[test]\nfn {id}_")) {
            complaints.push(format!("{id} has no test"));
        }
    }
    for (id, reason) in NOT_CLUSTER {
        assert!(!CLUSTER.contains(id), "{id}: {reason}");
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn what_makes_tests_makes_one_in_each_world() {
    let harness = sources("harness");
    let all = harness.values().map(String::as_str).collect::<String>();
    for name in MACROS {
        let opening = format!("macro_rules! {name} {{");
        let text = all.split(&opening).nth(1).expect("the macro is there");
        let text = text.split("\n}\n").next().unwrap_or_default();
        for world in ["mod tokio {", "mod simulation {"] {
            assert_eq!(text.matches(world).count(), 1, "{name}: {world}");
        }
    }
}

#[test]
fn no_case_is_both_local_and_distributed() {
    let local: BTreeSet<_> = LOCAL.iter().collect();
    assert_eq!(local.len(), LOCAL.len(), "an id is listed twice");
    for (id, reason) in DISTRIBUTED {
        assert!(!local.contains(id), "{id}: {reason}");
    }
}
