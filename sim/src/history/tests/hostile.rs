//! Whatever the input is, it is read or refused.

use proptest::prelude::*;

use crate::check::linearizability::{Kv, Lock, Model, Register};
use crate::history::{Format, HistoryLimits, read};

const SAMPLES: [&str; 3] = [
    "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 4]\nINFO  jepsen.util - 0\t:ok\t:cas\t[1 4]\n",
    "{:process 0, :type :invoke, :f :append, :key \"é\", :value \"x 0 \\\" y\"}\n{:process 0, :type :ok, :f :append, :key \"é\", :value #tag [1 (2 3) #{4}]}\n",
    "{\"history_version\":1}\n{\"process\":\"é\",\"type\":\"invoke\",\"op\":\"write\",\"value\":[1,[2]],\"time\":3}\n{\"process\":\"é\",\"type\":\"ok\"}\n",
];

/// Reads the bytes as everything. An error names a line that is there, or the file.
fn readable<M: Model>(model: &M, bytes: &[u8]) {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    for format in Format::ALL.map(Some).into_iter().chain([None]) {
        let limits = HistoryLimits {
            line_bytes: 200,
            ..HistoryLimits::default()
        };
        match read(bytes, format, model, limits) {
            Ok((history, _)) => assert!(!history.operations().is_empty()),
            Err(error) => {
                let text = error.to_string();
                assert!(!text.contains('\n'), "{text}");
                let line = text
                    .strip_prefix("line ")
                    .and_then(|text| text.split_once(": "));
                match line {
                    Some((line, reason)) => {
                        let line: u64 = line.parse().unwrap();
                        assert!((1..=lines).contains(&line) && !reason.is_empty(), "{text}");
                    }
                    None => assert!(text.starts_with("no operations in "), "{text}"),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        readable(&Register, &bytes);
        readable(&Kv, &bytes);
        readable(&Lock, &bytes);
    }

    #[test]
    fn any_text_of_the_signs_of_the_formats_is_read_or_refused(
        text in "([0-9:\\[\\]{}()\"\\\\#;, \\n\\tnaéIO\\-]|:invoke|:ok|:read|:process 1|:type|:f|\"op\":|nil){0,60}"
    ) {
        readable(&Register, text.as_bytes());
    }

    #[test]
    fn any_change_of_a_history_is_read_or_refused(
        sample in 0_usize..3,
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = SAMPLES[sample].as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        readable(&Register, &bytes);
        readable(&Kv, &bytes);
    }
}

#[test]
fn deep_nesting_is_refused() {
    for opening in ["[", "(", "#{", "{:a ", "#t ", "[{:a "] {
        for format in Format::ALL {
            let text = format!("0 :invoke :read {}", opening.repeat(100_000));
            let map = format!("{{:value {}", opening.repeat(100_000));
            let json = format!("{{\"value\":{}", "[".repeat(100_000));
            for text in [text, map, json] {
                let read = read(
                    text.as_bytes(),
                    Some(format),
                    &Register,
                    HistoryLimits::default(),
                );
                assert!(read.is_err());
            }
        }
    }
}
