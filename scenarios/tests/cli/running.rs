//! `steadfast run`: verdicts, digests, capsules, specimens.

use crate::steadfast::Steadfast;

/// What a report may take.
const LINES_MAX: usize = 40;

#[test]
fn a_sweep_that_passes_leaves_nothing_behind() {
    let steadfast = Steadfast::new();
    let said = steadfast.say("run --seeds 0..4");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.ends_with("passed\n"), "{said:?}");
    assert!(said.stderr.is_empty(), "{said:?}");
    assert!(steadfast.files().is_empty(), "{:?}", steadfast.files());
}

#[test]
fn the_digest_of_a_sweep_is_the_same_with_any_number_of_jobs() {
    let steadfast = Steadfast::new();
    // A few that are fast; `.ci/run` compares all, in the release build.
    let run = |how: &str| {
        let scenarios = "storm_one_for_all journal registry_race registry_split";
        steadfast.json(&format!("run {scenarios} --format json {how}"))
    };
    let one = run("--seeds 0..10 --jobs 1");
    let other = run("--seeds 0..10 --jobs 3");
    assert_eq!(one["digest"], other["digest"]);
    assert_eq!(one["scenarios"], other["scenarios"]);
    assert_eq!(one["faults"], other["faults"]);
    let further = run("--seeds 0..11 --jobs 3");
    assert_ne!(one["digest"], further["digest"]);
    let runs = one["scenarios"].as_array().unwrap().len() as u64 * 10;
    assert_eq!(one["total"]["runs"], runs);
    assert_eq!(one["total"]["passed"], runs);
}

#[test]
fn every_outcome_has_its_exit_code_and_the_worst_one_counts() {
    let steadfast = Steadfast::new();
    let code = |line: &str| steadfast.say(&format!("run {line} --seeds 0..12")).code;
    assert_eq!(code("unsupervised_spawn"), 10);
    assert_eq!(code("wait_without_limit"), 11);
    assert_eq!(code("panic_at_boot"), 13);
    assert_eq!(code("wait_without_limit panic_at_boot"), 13);
    assert_eq!(
        code("wait_without_limit unsupervised_spawn panic_at_boot"),
        10
    );
}

#[test]
fn a_failure_fits_a_screen_and_ends_with_the_command_that_repeats_it() {
    let steadfast = Steadfast::new();
    let said = steadfast.say("run unsupervised_spawn --seeds 0..3");
    let report = said.stdout.split("\n\n").next().unwrap();
    assert!(report.starts_with("unsupervised_spawn seed "), "{report}");
    assert!(report.lines().count() <= LINES_MAX, "{report}");
    assert!(report.contains("orphans"), "{report}");
    let command = report.lines().last().unwrap();
    let line = command
        .strip_prefix(env!("CARGO_BIN_EXE_steadfast"))
        .unwrap();
    let again = steadfast.say(line);
    assert_eq!(again.code, 10, "{again:?}");
    assert!(
        again.stdout.starts_with("same digest in two processes: "),
        "{again:?}"
    );
    assert_eq!(again.stdout.lines().last(), Some(command));
}

#[test]
fn every_failed_seed_leaves_a_capsule_where_it_is_asked_for() {
    let steadfast = Steadfast::new();
    let first = steadfast.say("run unsupervised_spawn --seeds 0..3 --out here/deep");
    assert_eq!(first.code, 10);
    let capsules = steadfast.files();
    let failed: Vec<_> = capsules
        .iter()
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert!(!failed.is_empty());
    assert!(
        failed
            .iter()
            .all(|name| name.starts_with("here/deep/unsupervised_spawn-"))
    );
    // The same sweep writes the same files, and no others.
    steadfast.say("run unsupervised_spawn --seeds 0..3 --out here/deep");
    assert_eq!(steadfast.files(), capsules);
    let summary =
        steadfast.json("run unsupervised_spawn --seeds 0..3 --out here/deep --format json");
    let failure = &summary["failures"][0];
    assert_eq!(failure["capsule"].as_str(), Some(failed[0].as_str()));
    assert_eq!(failure["count"], failed.len() as u64);
}

#[test]
fn a_specimen_is_caught_or_the_command_fails() {
    let steadfast = Steadfast::new();
    let caught =
        steadfast.json("run --specimens unsupervised_spawn swallowed_send_error --format json");
    for specimen in caught.as_array().unwrap() {
        assert_eq!(specimen["caught"], specimen["hunts"], "{specimen}");
        assert!(specimen["median"].as_u64().unwrap() >= 1, "{specimen}");
    }
    let said = steadfast.say("run --specimens unsupervised_spawn");
    assert_eq!(said.code, 0, "{said:?}");
    // One seed is not enough for this one, from every first seed.
    let said = steadfast.say("run --specimens swallowed_send_error --seeds 0..1");
    assert_eq!(said.code, 10, "{said:?}");
    assert!(said.stdout.contains("not caught"), "{said:?}");
    assert!(steadfast.files().is_empty());
}
