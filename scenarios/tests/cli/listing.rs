//! `steadfast list` and the help.

use crate::steadfast::Steadfast;

#[test]
fn the_list_names_scenarios_specimens_and_faults() {
    let steadfast = Steadfast::new();
    let list = steadfast.json("list --format json");
    let text = steadfast.say("list");
    assert_eq!(text.code, 0);
    for kind in ["scenarios", "specimens", "faults"] {
        let entries = list[kind].as_array().unwrap();
        assert!(entries.len() >= 6, "{kind}");
        for entry in entries {
            let (name, story) = (
                entry["name"].as_str().unwrap(),
                entry["story"].as_str().unwrap(),
            );
            let line = text
                .stdout
                .lines()
                .find(|line| line.starts_with(&format!("{name} ")));
            assert!(line.is_some_and(|line| line.ends_with(story)), "{name}");
            assert_eq!(
                entry["caught_by"].is_string(),
                kind == "specimens",
                "{name}"
            );
        }
    }
}

#[test]
fn names_are_unique() {
    let list = Steadfast::new().json("list --format json");
    let kinds = ["scenarios", "specimens"].map(|kind| list[kind].as_array().unwrap().clone());
    let mut names: Vec<_> = kinds
        .iter()
        .flatten()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn the_help_tells_commands_and_exit_codes() {
    let steadfast = Steadfast::new();
    for line in ["--help", "run --help", "replay --help"] {
        let help = steadfast.say(line);
        assert_eq!(help.code, 0);
        for code in [
            "  0  ", "  1  ", "  2  ", "  10 ", "  11 ", "  12 ", "  13 ", "  14 ",
        ] {
            assert!(help.stdout.contains(code), "{line}: {code}");
        }
    }
    let help = steadfast.say("--help");
    for command in ["list", "run", "replay", "trace", "check"] {
        assert!(help.stdout.contains(command));
    }
}

#[test]
fn nothing_is_coloured_where_nobody_sees_it() {
    let steadfast = Steadfast::new();
    for line in [
        "--help",
        "list",
        "run --seeds 0..2",
        "run --seeds 5..1",
        "bogus",
    ] {
        let said = steadfast.say(line);
        assert!(
            !said.stdout.contains('\u{1b}') && !said.stderr.contains('\u{1b}'),
            "{line}"
        );
    }
}
