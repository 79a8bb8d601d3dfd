//! `steadfast trace`: text, files, and readers that leave.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::steadfast::{Steadfast, said};

#[test]
fn a_trace_is_the_same_text_each_time_and_a_story_is_shorter() {
    let steadfast = Steadfast::new();
    let full = steadfast.say("trace node_crash --seed 5");
    assert_eq!(full.code, 0, "{full:?}");
    assert_eq!(
        steadfast.say("trace node_crash --seed 5").stdout,
        full.stdout
    );
    assert!(full.stdout.ends_with("run finished\n"));
    let story = steadfast.say("trace node_crash --seed 5 --story");
    assert!(story.stdout.lines().count() < full.stdout.lines().count());
    assert_ne!(
        steadfast.say("trace node_crash --seed 6").stdout,
        full.stdout
    );
}

#[test]
fn a_trace_file_is_shown_like_the_run_it_is_of() {
    let steadfast = Steadfast::new();
    let written = steadfast.say("trace node_crash --seed 5 --format json --output trace.json");
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    let shown = steadfast.say("trace trace.json");
    assert_eq!(
        shown.stdout,
        steadfast.say("trace node_crash --seed 5").stdout
    );
    let text = fs::read_to_string(steadfast.path().join("trace.json")).unwrap();
    assert_eq!(steadfast.say("trace trace.json --format json").stdout, text);
    // A file that was changed is not believed.
    fs::write(steadfast.path().join("cut.json"), &text[..text.len() / 2]).unwrap();
    let cut = steadfast.say("trace cut.json");
    assert_eq!(cut.code, 2, "{cut:?}");
    assert!(cut.stderr.contains("trace file cut.json: line "), "{cut:?}");
}

#[test]
fn no_file_is_overwritten() {
    let steadfast = Steadfast::new();
    let path = steadfast.path().join("mine.txt");
    fs::write(&path, "mine").unwrap();
    let said = steadfast.say("trace node_crash --seed 5 --output mine.txt");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.stderr.contains("mine.txt cannot be written"),
        "{said:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn what_cannot_be_traced_leaves_no_file() {
    let steadfast = Steadfast::new();
    let said = steadfast.say("trace nothing_like_it --seed 5 --output new.txt");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(steadfast.files().is_empty());
}

#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    let steadfast = Steadfast::new();
    for line in [
        "trace node_crash --seed 5",
        "trace node_crash --seed 5 --format json",
        "list",
    ] {
        let mut command = steadfast.command(line);
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut stdout = BufReader::with_capacity(1, process.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        drop(stdout);
        let said = said(&process.wait_with_output().unwrap());
        assert!(!first.is_empty());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{line}");
    }
}
