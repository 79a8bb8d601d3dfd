//! `steadfast check`: verdicts, witnesses, bounds, and files that are no histories.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::steadfast::{Said, Steadfast, said};

/// The recorded histories of the repository.
fn histories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/histories")
}

fn check(steadfast: &Steadfast, options: &str, file: &Path) -> Said {
    let mut command = steadfast.command(&format!("check {options}"));
    said(&command.arg(file).output().unwrap())
}

fn check_text(steadfast: &Steadfast, options: &str, text: &str) -> Said {
    let mut command = steadfast.command(&format!("check {options} -"));
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    said(&process.wait_with_output().unwrap())
}

#[test]
fn every_recorded_history_is_judged_right() {
    let steadfast = Steadfast::new();
    let verdicts = fs::read_to_string(histories().join("verdicts.txt")).unwrap();
    let mut judged = 0;
    for line in verdicts.lines() {
        let (name, verdict) = line.split_once(' ').unwrap();
        let (model, end) = if name.starts_with("kv") {
            ("kv", "txt")
        } else {
            ("register", "log")
        };
        let file = histories().join(format!("{name}.{end}"));
        let said = check(&steadfast, &format!("--model {model}"), &file);
        let word = verdict.replace("not-", "not ");
        let code = if verdict == "linearizable" { 0 } else { 10 };
        assert_eq!((said.code, said.stderr.as_str()), (code, ""), "{name}");
        assert_eq!(said.stdout.lines().next(), Some(&*word), "{name}");
        assert!(said.stdout.lines().count() <= 42, "{name}: {}", said.stdout);
        judged += 1;
    }
    assert_eq!(judged, 14);
}

#[test]
fn a_verdict_for_programs_has_the_witness() {
    let steadfast = Steadfast::new();
    let file = histories().join("kv_c01-bad.txt");
    let said = check(&steadfast, "--model kv --format json", &file);
    assert_eq!(said.code, 10);
    let judged: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(judged["verdict"], "not linearizable");
    assert_eq!(
        (&judged["model"], &judged["input"]),
        (&"kv".into(), &"edn".into())
    );
    assert_eq!(judged["witness"]["key"], "7");
    assert_eq!(judged["witness"]["culprit"]["call"], "get");
    assert_eq!(judged["witness"]["minimal"], true);
    let good = check(
        &steadfast,
        "--model kv --format json",
        &histories().join("kv_c01-ok.txt"),
    );
    let judged: serde_json::Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!((good.code, &judged["verdict"]), (0, &"linearizable".into()));
    assert_eq!(judged["operations"], 58);
    assert!(judged.get("witness").is_none());
}

#[test]
fn standard_input_and_our_own_lines_are_read() {
    let steadfast = Steadfast::new();
    let text = "\
{\"history_version\":1}
{\"process\":\"a\",\"type\":\"invoke\",\"op\":\"acquire\",\"key\":\"l\",\"time\":1}
{\"process\":\"a\",\"type\":\"ok\",\"value\":1,\"time\":2}
{\"process\":\"b\",\"type\":\"invoke\",\"op\":\"acquire\",\"key\":\"l\",\"time\":3}
";
    let lock = |text: &str| check_text(&steadfast, "--model lock", text);
    let open = lock(text);
    assert_eq!(open.code, 0, "{open:?}");
    let both = lock(&format!(
        "{text}{}",
        "{\"process\":\"b\",\"type\":\"ok\",\"value\":2}"
    ));
    assert_eq!(both.code, 10, "{both:?}");
    assert!(
        both.stdout.contains("held by a (token 1)"),
        "{}",
        both.stdout
    );
}

#[test]
fn a_bound_that_is_hit_is_told_and_never_passes() {
    let steadfast = Steadfast::new();
    let file = histories().join("etcd_002.log");
    let few = check(&steadfast, "--model register --steps 20", &file);
    assert_eq!(few.code, 14, "{few:?}");
    assert!(
        few.stdout
            .starts_with("unknown: the bound of 20 steps was hit"),
        "{few:?}"
    );
    assert!(few.stdout.contains("--steps"), "{few:?}");
    // To see that nothing explains the last look, every order of the texts must be tried.
    let (mut lines, mut seen) = (String::new(), String::new());
    for writer in 0..20 {
        lines += &format!("{writer} :invoke :append [k t{writer}]\n");
        seen += &format!("t{writer}");
    }
    for writer in 0..20 {
        lines += &format!("{writer} :ok :append [k t{writer}]\n");
    }
    lines += &format!("99 :invoke :get [k nil]\n99 :ok :get [k {seen}x]\n");
    let small = check_text(&steadfast, "--model kv --memory 1 --format json", &lines);
    assert_eq!(small.code, 14, "{small:?}");
    let judged: serde_json::Value = serde_json::from_str(&small.stdout).unwrap();
    assert_eq!(judged["verdict"], "unknown");
    let reason = "the bound of 1024 KiB of memory was hit with key \"k\"";
    assert_eq!(judged["reason"], reason);
}

#[test]
fn what_is_no_history_is_told_with_file_line_and_reason() {
    let steadfast = Steadfast::new();
    let write = |name: &str, text: &str| fs::write(steadfast.path().join(name), text).unwrap();
    write(
        "cut.log",
        "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:re",
    );
    write("empty.log", "");
    write(
        "kv.json",
        "{\"process\":1,\"type\":\"invoke\",\"op\":\"get\"}",
    );
    write("binary", "\u{0}\u{1}");
    for (line, names) in [
        ("check --model register none.log", ["none.log", "hint: "]),
        ("check --model register .", ["history .", "hint: "]),
        (
            "check --model register cut.log",
            ["cut.log: line 2: ", "\"re\""],
        ),
        (
            "check --model register empty.log",
            ["empty.log: no operations", "--input"],
        ),
        (
            "check --model kv kv.json",
            ["kv.json: line 1: ", "names no key"],
        ),
        ("check --model kv binary", ["binary: line 1: ", "Jepsen"]),
        (
            "check --model register --input edn cut.log",
            ["cut.log: line 1: ", "a map"],
        ),
        ("check --model stack cut.log", ["'stack'", "register"]),
        ("check cut.log", ["--model", "register|counter|kv|lock"]),
        (
            "check --model register --memory 0 cut.log",
            ["--memory", "1.."],
        ),
    ] {
        let said = steadfast.say(line);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (2, ""),
            "{line}: {said:?}"
        );
        for name in names {
            assert!(
                said.stderr.contains(name),
                "{line}: {name}: {}",
                said.stderr
            );
        }
    }
}

#[test]
fn the_help_says_how_histories_are_written() {
    let said = Steadfast::new().say("check --help");
    assert_eq!(said.code, 0);
    for word in [
        "jepsen",
        "edn",
        "history_version",
        "register",
        "kv",
        "lock",
        "  14  ",
        "info",
    ] {
        assert!(said.stdout.contains(word), "{word}");
    }
}
