//! Claims about the checker of answers.

use steadfast::registry::{Condition, Key, Metadata};

use super::super::history::History;
use super::facts::{NAMES, key, of};
use crate::check::{Answers, Asked, Reading, Row};

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Answers::new())
}

fn tier(tier: i64) -> Metadata {
    Metadata::new().with("tier", tier)
}

fn row(name: &str, local: u64, metadata: Metadata) -> Row {
    Row {
        name: name.into(),
        process: of(1, local),
        metadata,
    }
}

fn serving() -> History {
    History::new()
        .started()
        .serves("memory")
        .registered_key(key("w/2"), of(1, 1), tier(1), 1)
        .registered_key(key("w/1"), of(1, 2), tier(2), 2)
        .registered_key(key("x"), of(1, 1), tier(2), 3)
        .registered_key(Key::new("t", "w/3"), of(1, 1), tier(2), 4)
        .joined("g", of(1, 2), 5)
        .joined("g", of(1, 1), 6)
        .joined("g", of(1, 1), 7)
}

fn rows(asked: Asked, rows: Vec<Row>) -> Reading {
    Reading::Rows {
        registry: NAMES.into(),
        scope: "s".into(),
        asked,
        rows,
    }
}

fn prefix(prefix: &str) -> Asked {
    Asked {
        prefix: Some(prefix.into()),
        ..Asked::default()
    }
}

fn second_tier() -> Asked {
    Asked {
        fields: vec![("tier".into(), Condition::Is(2.into()))],
        ..Asked::default()
    }
}

fn good() -> History {
    let group = Reading::Rows {
        registry: NAMES.into(),
        scope: "groups".into(),
        asked: Asked::default(),
        rows: vec![
            row("g", 1, Metadata::new()),
            row("g", 1, Metadata::new()),
            row("g", 2, Metadata::new()),
        ],
    };
    let limited = Asked {
        limit: Some(1),
        ..prefix("w/")
    };
    let keys = Reading::Keys {
        registry: NAMES.into(),
        process: of(1, 1),
        keys: vec![
            Key::new("groups", "g"),
            key("w/2"),
            key("x"),
            Key::new("t", "w/3"),
        ],
    };
    let count = Reading::Count {
        registry: NAMES.into(),
        scope: "s".into(),
        asked: second_tier(),
        count: 2,
    };
    serving()
        .reads(
            1,
            &rows(
                prefix("w/"),
                vec![row("w/1", 2, tier(2)), row("w/2", 1, tier(1))],
            ),
        )
        .reads(1, &rows(limited, vec![row("w/1", 2, tier(2))]))
        .reads(
            1,
            &rows(
                second_tier(),
                vec![row("w/1", 2, tier(2)), row("x", 1, tier(2))],
            ),
        )
        .reads(1, &group)
        .reads(1, &keys)
        .reads(1, &count)
        .reads(2, &rows(Asked::default(), Vec::new()))
        .note("reads like any other note")
}

#[test]
fn answers_that_a_scan_finds_are_fine() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn an_answer_that_differs_is_caught() {
    let wrong = ["an_answer_is_what_a_scan_finds"];
    let answers = |rows_seen| serving().reads(1, &rows(prefix("w/"), rows_seen));
    let (first, second) = (row("w/1", 2, tier(2)), row("w/2", 1, tier(1)));
    assert_eq!(broken(answers(vec![first.clone()])), wrong);
    let stale = row("w/2", 1, tier(9));
    assert_eq!(broken(answers(vec![first.clone(), stale])), wrong);
    let swapped = vec![second.clone(), first.clone()];
    assert_eq!(broken(answers(swapped)), wrong);
    let gone = row("w/3", 7, tier(1));
    assert_eq!(broken(answers(vec![first, second, gone])), wrong);
}

#[test]
fn a_count_and_a_list_of_keys_that_differ_are_caught() {
    let count = Reading::Count {
        registry: NAMES.into(),
        scope: "s".into(),
        asked: Asked::default(),
        count: 4,
    };
    assert_eq!(
        broken(serving().reads(1, &count)),
        ["a_count_is_what_a_scan_counts"]
    );
    let keys = Reading::Keys {
        registry: NAMES.into(),
        process: of(1, 2),
        keys: vec![key("w/1")],
    };
    assert_eq!(broken(serving().reads(1, &keys)), ["both_tables_agree"]);
}

#[test]
fn a_reading_without_a_meaning_is_caught() {
    let note = format!("{}{{}}", Reading::PREFIX);
    assert_eq!(broken(serving().note(&note)), ["a_reading_can_be_read"]);
}

#[test]
fn conditions_mean_what_the_documents_say() {
    let metadata = tier(2).with("roles", vec!["a", "b"]);
    let means = |field: &str, condition| {
        let fields = vec![(field.into(), condition)];
        let asked = Asked {
            fields,
            ..Asked::default()
        };
        asked.means(&key("x"), of(1, 1), &metadata)
    };
    assert!(means("roles", Condition::Is("b".into())));
    assert!(means("tier", Condition::Less(3.into())));
    assert!(means("tier", Condition::Greater(1.into())));
    assert!(means("size", Condition::Absent));
    assert!(means("tier", Condition::NoneOf(vec![1.into()])));
    assert!(!means("roles", Condition::NoneOf(vec!["a".into()])));
    assert!(!means("tier", Condition::Less("3".into())));
    assert!(!means("tier", Condition::Absent));
    assert!(!means("size", Condition::Present));
    assert!(!means("size", Condition::NoneOf(vec![1.into()])));
}
