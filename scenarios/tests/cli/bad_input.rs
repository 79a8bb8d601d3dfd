//! What cannot be done is told in one message, and nothing is touched.

use std::fs;

use crate::steadfast::Steadfast;

/// Runs a line that cannot be performed; the message must name all of `names`.
fn refused(steadfast: &Steadfast, line: &str, names: &[&str]) {
    let before = steadfast.files();
    let said = steadfast.say(line);
    assert_eq!(said.code, 2, "{line}: {said:?}");
    assert!(said.stdout.is_empty(), "{line}: {said:?}");
    assert!(said.stderr.starts_with("error: "), "{line}: {said:?}");
    for name in names {
        assert!(said.stderr.contains(name), "{line}: {name}: {said:?}");
    }
    assert_eq!(steadfast.files(), before, "{line}");
}

#[test]
fn unknown_names_are_told_with_what_may_have_been_meant() {
    let steadfast = Steadfast::new();
    refused(
        &steadfast,
        "run node_crsh",
        &["\"node_crsh\"", "did you mean node_crash?"],
    );
    refused(&steadfast, "run node_crash zzzz", &["\"zzzz\"", "hint: "]);
    refused(
        &steadfast,
        "replay node_crsh --seed 1",
        &["did you mean node_crash?"],
    );
    refused(
        &steadfast,
        "trace node_crsh --seed 1",
        &["did you mean node_crash?"],
    );
    refused(
        &steadfast,
        "replay nowhere.json",
        &["\"nowhere.json\"", "no such file"],
    );
    refused(&steadfast, "replay node_crash", &["node_crash", "--seed"]);
    refused(
        &steadfast,
        "run --specimens node_crash",
        &["\"node_crash\"", "not a specimen"],
    );
    refused(&steadfast, "rnu", &["'rnu'"]);
    refused(&steadfast, "run --sedes 1", &["'--sedes'", "'--seeds'"]);
}

#[test]
fn ranges_and_numbers_are_told_with_their_form() {
    let steadfast = Steadfast::new();
    refused(&steadfast, "run --seeds 9..3", &["9..3", "reversed"]);
    refused(&steadfast, "run --seeds 3..3", &["3..3", "empty"]);
    refused(&steadfast, "run --seeds 1,2", &["1,2", "A..B"]);
    refused(
        &steadfast,
        "run --seeds 0..99999999999999999999",
        &["99999999999999999999"],
    );
    refused(&steadfast, "run --jobs 0", &["--jobs", "from 1 to"]);
    refused(&steadfast, "run --watchdog 0", &["--watchdog", "1.."]);
    refused(&steadfast, "replay node_crash --seed x", &["--seed", "'x'"]);
}

#[test]
fn broken_capsules_are_told_with_file_and_field() {
    let steadfast = Steadfast::new();
    let write = |name: &str, text: &str| fs::write(steadfast.path().join(name), text).unwrap();
    write("cut.json", "{\"format_version\": 1, \"build\"");
    write("future.json", "{\"format_version\": 9}");
    write("empty.json", "");
    write("else.json", "{\"name\": \"something else\"}");
    refused(
        &steadfast,
        "replay cut.json",
        &["cut.json", "line 1", "hint: "],
    );
    refused(
        &steadfast,
        "replay future.json",
        &["future.json", "format_version is 9", "hint: "],
    );
    refused(&steadfast, "replay empty.json", &["empty.json", "line 1"]);
    refused(
        &steadfast,
        "replay else.json",
        &["else.json", "format_version", "not a capsule"],
    );
    refused(
        &steadfast,
        "trace else.json",
        &["else.json", "format_version"],
    );
    refused(&steadfast, "replay .", &["capsule .", "hint: "]);
}

#[test]
fn places_that_cannot_be_written_to_are_told_before_anything_is_run() {
    let steadfast = Steadfast::new();
    fs::write(steadfast.path().join("file"), "mine").unwrap();
    refused(
        &steadfast,
        "run node_crash --seeds 0..2 --out file",
        &["file", "hint: "],
    );
    refused(
        &steadfast,
        "run node_crash --seeds 0..2 --out file/in",
        &["file/in"],
    );
    refused(
        &steadfast,
        "run node_crash --seeds 0..2 --out /proc/nowhere",
        &["/proc/nowhere"],
    );
    refused(
        &steadfast,
        "trace node_crash --seed 1 --output no/such",
        &["no/such"],
    );
    refused(
        &steadfast,
        "trace node_crash --seed 1 --story --format json",
        &["--story"],
    );
    assert_eq!(
        fs::read_to_string(steadfast.path().join("file")).unwrap(),
        "mine"
    );
}
