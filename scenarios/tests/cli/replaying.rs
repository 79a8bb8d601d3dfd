//! `steadfast replay`: the same, or where it differs.

use std::fs;

use serde_json::{Value, json};

use crate::steadfast::Steadfast;

/// A capsule of a failed seed.
fn capsule(steadfast: &Steadfast) -> Value {
    steadfast.say("run unsupervised_spawn --seeds 0..3");
    let capsules = steadfast.files();
    let first = capsules
        .iter()
        .find(|name| name.ends_with(".json"))
        .unwrap();
    serde_json::from_str(&fs::read_to_string(steadfast.path().join(first)).unwrap()).unwrap()
}

fn write(steadfast: &Steadfast, name: &str, capsule: &Value) {
    fs::write(steadfast.path().join(name), capsule.to_string()).unwrap();
}

#[test]
fn a_seed_that_passes_replays_with_the_same_digest() {
    let steadfast = Steadfast::new();
    let said = steadfast.say("replay node_crash --seed 5");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.stdout.starts_with("same digest in two processes: "),
        "{said:?}"
    );
    assert!(
        said.stdout.ends_with("node_crash seed 5: passed\n"),
        "{said:?}"
    );
    assert_eq!(
        steadfast.say("replay node_crash --seed 5").stdout,
        said.stdout
    );
}

#[test]
fn a_capsule_replays_with_the_digest_that_it_holds() {
    let steadfast = Steadfast::new();
    let capsule = capsule(&steadfast);
    write(&steadfast, "same.json", &capsule);
    let said = steadfast.say("replay same.json");
    assert_eq!(said.code, 10, "{said:?}");
    let digest = capsule["digest"].as_str().unwrap();
    assert!(
        said.stdout
            .starts_with(&format!("same digest in two processes: {digest}")),
        "{said:?}"
    );
}

#[test]
fn a_capsule_that_is_not_reproduced_says_from_which_event_on() {
    let steadfast = Steadfast::new();
    let mut capsule = capsule(&steadfast);
    capsule["digest"] = json!("0".repeat(32));
    write(&steadfast, "other.json", &capsule);
    let said = steadfast.say("replay other.json");
    assert_eq!(said.code, 12, "{said:?}");
    assert!(said.stdout.contains("diverged"), "{said:?}");
    assert!(said.stdout.contains("differ from record "), "{said:?}");
    assert!(!said.stdout.contains("same digest"), "{said:?}");
}

#[test]
fn a_changed_plan_is_another_run() {
    let steadfast = Steadfast::new();
    let mut capsule = capsule(&steadfast);
    capsule["plan"]["scheduler_seed"] = json!(987_654);
    write(&steadfast, "other.json", &capsule);
    assert_eq!(steadfast.say("replay other.json").code, 12);
}

#[test]
fn a_capsule_of_another_build_is_run_only_when_that_is_said() {
    let steadfast = Steadfast::new();
    let mut capsule = capsule(&steadfast);
    capsule["build"]["executable"] = json!("0".repeat(32));
    write(&steadfast, "foreign.json", &capsule);
    let said = steadfast.say("replay foreign.json");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stdout.is_empty(), "{said:?}");
    assert!(
        said.stderr
            .contains("foreign.json: build.executable is 0000"),
        "{said:?}"
    );
    assert!(said.stderr.contains("hint: "), "{said:?}");
    let said = steadfast.say("replay --any-build foreign.json");
    assert_eq!(said.code, 10, "{said:?}");
}
