//! What the formats say, and what is no history.

use super::staging::{complaint, registers, shown};
use crate::check::linearizability::{Kv, Register};
use crate::history::{Format, HistoryError, HistoryLimits, read};

fn read_as(text: &str) -> (Vec<String>, Format) {
    let (history, format) = registers(text).unwrap();
    (history.operations().iter().map(shown).collect(), format)
}

#[test]
fn lines_of_jepsens_log_are_read() {
    let text = "\
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - :nemesis\t:info\t:start\tnil

INFO  jepsen.util - 1\t:invoke\t:cas\t[1 4]
INFO  jepsen.util - 0\t:ok\t:read\tnil
INFO  jepsen.util - 1\t:info\t:cas\t:timed-out
2 :invoke :write 3
2 :fail :write 3 :timeout
3 :invoke :read [k nil]
3 :ok :read [k \"v\"]
4 :invoke :write 5
";
    let (operations, format) = read_as(text);
    assert_eq!(format, Format::Jepsen);
    assert_eq!(
        operations,
        [
            "2-6 0 : read null",
            "5-7 1 : cas 1 to 4 unknown",
            "8-9 2 : write 3 failed",
            "10-11 3 k: read \"v\"",
            "12- 4 : write 5 unknown",
        ]
    );
}

#[test]
fn lines_of_edn_are_read() {
    let text = "\
; a comment
{:process :nemesis, :type :info, :f :kill, :value {:n1 #{1 2}}}
{:process 0, :type :invoke, :f :write, :key \"x\", :value -3}
{:type :ok :f :write :value -3 :process 0 :key \"x\" :time 17 :index 4}
#jepsen.history.Op{:process 1, :type :invoke, :f :cas, :value [y [nil \"a\\\"b\"]]}
{:process 1, :type :fail, :f :cas, :value [y [nil \"ab\"]], :error [:a 1.5 {:b \"}\"}]}
";
    let (operations, format) = read_as(text);
    assert_eq!(format, Format::Edn);
    assert_eq!(
        operations,
        [
            "3-4 0 x: write -3 done",
            "5-6 1 y: cas null to \"a\\\"b\" failed"
        ]
    );
}

#[test]
fn lines_of_json_are_read() {
    let text = "\u{feff}{\"history_version\":1}\r
{\"process\":1,\"type\":\"invoke\",\"op\":\"write\",\"key\":7,\"value\":\"a\",\"time\":5}\r
{\"process\":\"b\",\"type\":\"invoke\",\"op\":\"cas\",\"value\":[null,true]}
{\"process\":1,\"type\":\"ok\",\"op\":\"write\",\"key\":7,\"time\":9}
{\"process\":\"b\",\"type\":\"info\",\"error\":\"time is up\"}";
    let (operations, format) = read_as(text);
    assert_eq!(format, Format::Json);
    assert_eq!(
        operations,
        [
            "2-4 1 7: write \"a\" done",
            "3-5 b : cas null to true unknown"
        ]
    );
}

/// Each of these texts is refused with this complaint.
fn refused(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(complaint(text), *expected, "{text}");
    }
}

#[test]
fn a_bad_line_of_jepsens_log_is_told_with_its_reason() {
    let invoke = "0 :invoke :read nil\n";
    refused(&[
        ("", "no operations in 0 lines"),
        ("\n\n", "no operations in 2 lines"),
        ("INFO  jepsen.core - hello\n", "no operations in 1 lines"),
        (
            "hello\n",
            "line 1: neither a line of Jepsen's log, nor of EDN, nor of JSON",
        ),
        (
            "0 :invoke :dance nil",
            "line 1: a register knows read, write and cas, and no \"dance\"",
        ),
        ("0 :invoke :read 4", "line 1: a read takes no value, not 4"),
        ("0 :invoke :cas 4", "line 1: a cas takes [old new], not 4"),
        (
            "x :invoke :read nil",
            "line 1: a process is a whole number, not \"x\"",
        ),
        (
            "0 :invoke :write 99999999999999999999",
            "line 1: \"99999999999999999999\" is no value of an operation",
        ),
        (
            &format!("{invoke}0 :invoke :read nil"),
            "line 2: process 0 asks again, but its operation of 1 is still open",
        ),
        (
            &format!("{invoke}1 :ok :read nil"),
            "line 2: process 1 has no open operation that could end here",
        ),
        (
            &format!("{invoke}0 :done :read nil"),
            "line 2: a type is :invoke, :ok, :fail or :info, not \":done\"",
        ),
        (
            &format!("{invoke}0 :ok :read 1 2"),
            "line 2: \"2\" comes after the value",
        ),
        (
            &format!("{invoke}0 :ok :read [1"),
            "line 2: the line ends where a value must be",
        ),
        (
            &format!("{invoke}0 :ok :read ]"),
            "line 2: ']' stands where a value must be",
        ),
        (
            &format!("{invoke}0 :ok :write 3"),
            "line 2: process 0 ends operation \"write\", but asked for \"read\"",
        ),
        (
            "0 :invoke :write 3\n0 :ok :write 4",
            "line 2: 4 is no answer to write 3",
        ),
    ]);
}

#[test]
fn a_bad_map_of_edn_is_told_with_its_reason() {
    refused(&[
        (
            "{:process 0, :type :invoke, :f :read",
            "line 1: the line ends where a value must be",
        ),
        ("{:process 0, :type :invoke}", "line 1: :f is missing"),
        (
            "{:process 0, :type :jump, :f :read}",
            "line 1: :type is :invoke, :ok, :fail or :info, not :jump",
        ),
        (
            "{:process 0, :process 1}",
            "line 1: :process stands there twice",
        ),
        (
            "{:process [1], :type :ok}",
            "line 1: :process is a text or a whole number, not [1]",
        ),
        (
            "{:process 0, :type :invoke, :f :read} x",
            "line 1: \"x\" comes after the map",
        ),
        ("{}", "line 1: :process is missing"),
    ]);
}

#[test]
fn a_bad_line_of_json_is_told_with_its_reason() {
    refused(&[
        ("{\"process\":0}", "line 1: type is missing"),
        ("{\"type\":\"ok\"}", "line 1: process is missing"),
        (
            "{\"process\":0,\"type\":\"invoke\"}",
            "line 1: op is missing",
        ),
        (
            "{\"process\":0,\"type\":\"begin\"}",
            "line 1: type is \"invoke\", \"ok\", \"fail\" or \"info\", not \"begin\"",
        ),
        (
            "{\"history_version\":2}",
            "line 1: history_version is 2, and only 1 can be read",
        ),
        ("{\"history_version\":1}", "no operations in 1 lines"),
        (
            "{\"history_version\":1}\n{\"history_version\":1}",
            "line 2: history_version stands only on the first line",
        ),
        (
            "{\"process\":0,\"type\":\"invoke\",\"op\":\"read\",\"time\":5}\n{\"process\":0,\"type\":\"ok\",\"time\":4}",
            "line 2: time 4 is before 5, the time of an earlier line",
        ),
        (
            "{\"process\":0,\"type\":\"invoke\",\"op\":\"read\",\"key\":\"a\"}\n{\"process\":0,\"type\":\"ok\",\"key\":\"b\"}",
            "line 2: process 0 ends key \"b\", but asked for \"a\"",
        ),
    ]);
    // What the JSON parser says is its own; the place is ours.
    for text in [
        "{\"process\":0,\"what\":1}",
        "{\"process\":",
        "{\"process\":0.5}",
        "[]{",
    ] {
        let complaint = complaint(&format!("{{\"history_version\":1}}\n{text}"));
        assert!(complaint.starts_with("line 2: column "), "{complaint}");
        assert!(!complaint.contains(" at line "), "{complaint}");
    }
}

#[test]
fn a_store_wants_a_key() {
    let text = "0 :invoke :get nil";
    let error = read(text.as_bytes(), None, &Kv, HistoryLimits::default());
    assert_eq!(
        error.map(|_| ()).unwrap_err().to_string(),
        "line 1: get names no key"
    );
}

#[test]
fn a_format_that_is_said_is_not_guessed() {
    let text = "{\"process\":0,\"type\":\"invoke\",\"op\":\"read\"}";
    let as_edn = read(
        text.as_bytes(),
        Some(Format::Edn),
        &Register,
        HistoryLimits::default(),
    );
    assert!(matches!(as_edn, Err(HistoryError::Line { line: 1, .. })));
}

#[test]
fn what_is_too_large_is_refused_at_its_line() {
    let limits = HistoryLimits {
        file_bytes: 60,
        line_bytes: 25,
        operations: 2,
    };
    let complaint = |text: &str| {
        let read = read(text.as_bytes(), None, &Register, limits);
        read.map(|_| ()).unwrap_err().to_string()
    };
    let line = |process: u8| format!("{process} :invoke :read nil\n");
    let long = format!("0 :invoke :read nil{}\n", " ".repeat(7));
    assert_eq!(complaint(&long), "line 1: longer than 25 bytes");
    assert_eq!(
        complaint(&"\n".repeat(61)),
        "line 61: the file is larger than 60 bytes"
    );
    let three = line(0) + &line(1) + &line(2);
    assert_eq!(complaint(&three), "line 3: more than 2 operations");
    assert!(registers(&three).is_ok());
    assert!(
        read(&b"\xff\n"[..], None, &Register, limits)
            .is_err_and(|error| error.to_string() == "line 1: not UTF-8 text")
    );
}
