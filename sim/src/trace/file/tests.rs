//! What is written is read back; what was changed is refused.

use steadfast::runtime::NodeId;

use super::*;
use crate::fault::{Episode, Fault, Start, Target};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::trace::{MessageId, NetEvent, NodeEvent, Record, RunEvent, TraceEvent, digest_of};

fn a_trace() -> (Header, Vec<Record>, Footer) {
    let mut plan = Plan::new("echo", u64::MAX, 2);
    plan.episodes.push(Episode {
        // A number that a careless reader of floats gets wrong in its last bit.
        fault: Fault::Drop {
            probability: 0.123_456_789_012_345_67,
        },
        target: Target::All,
        start: Start::At(std::time::Duration::from_nanos(1)),
        duration: None,
    });
    let message = MessageId {
        from: NodeId(1),
        to: NodeId(2),
        ordinal: 1,
    };
    let sent = NetEvent::Sent {
        message,
        port: steadfast::runtime::Port(4),
        len: 3,
        hash: u64::MAX,
    };
    let started = |incarnation| {
        TraceEvent::Node(NodeEvent::Started {
            incarnation: steadfast::runtime::Incarnation(incarnation),
        })
    };
    let events = [
        (Some(1), started(1)),
        (Some(2), started(1)),
        (Some(1), TraceEvent::Net(sent)),
        (
            Some(2),
            TraceEvent::Net(NetEvent::Delivered { message, copy: 0 }),
        ),
        (
            None,
            TraceEvent::Run(RunEvent::Note {
                text: "\u{e4}\n\"".into(),
            }),
        ),
        (None, TraceEvent::Run(RunEvent::Finished)),
    ];
    let records: Vec<Record> = (0..)
        .zip(events)
        .map(|(index, (node, event))| Record {
            index,
            time: index * 1_000,
            node: node.map(NodeId),
            event,
        })
        .collect();
    let footer = Footer {
        digest: digest_of(&records),
        records: records.len() as u64,
        outcome: Outcome::Passed,
    };
    (Header::new(plan, "test build"), records, footer)
}

fn written() -> String {
    let (header, records, footer) = a_trace();
    let mut bytes = Vec::new();
    write(&mut bytes, &header, &records, &footer).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The error for the text after line `line` (from 1) went through `change`.
fn error_after(line: usize, change: impl Fn(&str) -> String) -> TraceFileError {
    let text: String = written()
        .lines()
        .enumerate()
        .map(|(index, text)| match index + 1 == line {
            true => change(text),
            false => format!("{text}\n"),
        })
        .collect();
    read(text.as_bytes()).unwrap_err()
}

fn replaced(line: usize, from: &str, to: &str) -> TraceFileError {
    error_after(line, |text| {
        assert!(text.contains(from), "{text}");
        format!("{}\n", text.replacen(from, to, 1))
    })
}

#[test]
fn a_file_is_read_back_as_it_was_written() {
    let (header, records, footer) = a_trace();
    let file = read(written().as_bytes()).unwrap();
    assert_eq!(
        (file.header, file.records, file.footer),
        (header, records, footer)
    );
    assert_eq!(written().lines().count(), 8);
}

#[test]
fn the_tail_of_a_trace_is_a_file_too() {
    let (header, records, footer) = a_trace();
    for first in [2, 5, 6] {
        let mut bytes = Vec::new();
        write(&mut bytes, &header, &records[first..], &footer).unwrap();
        assert_eq!(read(&*bytes).unwrap().records, records[first..]);
    }
}

#[test]
fn a_file_of_another_version_is_refused_whatever_else_it_holds() {
    let error = error_after(1, |_| {
        "{\"header\":{\"format_version\":7,\"new\":1}}\n".to_owned()
    });
    assert!(
        matches!(
            error,
            TraceFileError::Version {
                line: 1,
                found: 7,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let error = read(&b""[..]).unwrap_err();
    assert!(
        matches!(error, TraceFileError::Truncated { line: 1, .. }),
        "{error}"
    );
    let error = error_after(8, |_| String::new());
    assert!(
        matches!(error, TraceFileError::Truncated { line: 8, .. }),
        "{error}"
    );
    let error = error_after(8, |text| text[..20].to_owned());
    assert!(
        matches!(error, TraceFileError::Malformed { line: 8, .. }),
        "{error}"
    );
}

#[test]
fn lines_out_of_place_are_refused() {
    let error = error_after(1, |_| String::new());
    assert!(
        matches!(error, TraceFileError::Misplaced { line: 1, .. }),
        "{error}"
    );
    let error = error_after(1, |text| format!("{text}\n{text}\n"));
    assert!(
        matches!(error, TraceFileError::Misplaced { line: 2, .. }),
        "{error}"
    );
    let error = error_after(8, |text| format!("{text}\n\n"));
    assert!(
        matches!(error, TraceFileError::Misplaced { line: 9, .. }),
        "{error}"
    );
    let error = error_after(3, |_| String::new());
    assert!(
        matches!(
            error,
            TraceFileError::Sequence {
                line: 3,
                expected: 1,
                found: 2
            }
        ),
        "{error}"
    );
}

#[test]
fn lines_that_are_not_of_the_format_are_refused_with_line_and_column() {
    for (line, from, to) in [
        (1, "\"build\"", "\"built\""),
        (2, "\"time\"", "\"times\""),
        (2, "\"Started\"", "\"Begun\""),
        (8, "\"Passed\"", "\"Won\""),
        (2, "{", "["),
    ] {
        let error = replaced(line, from, to);
        let TraceFileError::Malformed {
            line: found,
            reason,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*found, line as u64);
        assert!(!reason.is_empty() && !reason.contains("line"), "{reason}");
    }
    let error = read(&b"\xff\xfe\n"[..]).unwrap_err();
    assert!(
        matches!(error, TraceFileError::Malformed { line: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let error = read(endless).unwrap_err();
    assert!(
        matches!(error, TraceFileError::LineTooLong { line: 1 }),
        "{error}"
    );
}

#[test]
fn changes_of_the_content_are_refused() {
    let error = replaced(5, "\"time\":3000", "\"time\":1");
    assert!(
        matches!(error, TraceFileError::TimeWentBack { line: 5, .. }),
        "{error}"
    );
    let error = replaced(5, "\"clock\":{\"1\":2", "\"clock\":{\"1\":1");
    assert!(
        matches!(error, TraceFileError::Clock { line: 5 }),
        "{error}"
    );
    let error = replaced(8, "\"records\":6", "\"records\":7");
    assert!(
        matches!(error, TraceFileError::Count { line: 8, .. }),
        "{error}"
    );
    let error = replaced(5, "\"time\":3000", "\"time\":3001");
    assert!(
        matches!(error, TraceFileError::DigestMismatch { line: 8, .. }),
        "{error}"
    );
}

#[test]
fn every_error_names_its_line_and_a_remedy() {
    for error in [
        replaced(5, "3000", "3001"),
        replaced(2, "{", "["),
        read(&b""[..]).unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .starts_with(&format!("line {}", error.line())),
            "{error}"
        );
        assert!(error.remedy().ends_with('.'));
    }
}
