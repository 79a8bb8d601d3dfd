//! What is said about a history that is wrong.

use super::staging::judged;
use crate::check::linearizability::{Kv, Register, Verdict, Witness};

fn witness(text: &str) -> Witness {
    match judged(&Register, text).verdict {
        Verdict::Illegal(witness) => *witness,
        verdict @ (Verdict::Linearizable | Verdict::Unknown(_)) => panic!("{verdict:?}"),
    }
}

const STALE: &str = "\
1 :invoke :write 1
1 :ok :write 1
3 :invoke :read nil
3 :ok :read 1
1 :invoke :write 2
4 :invoke :write 6
4 :info :write :timed-out
1 :ok :write 2
2 :invoke :read nil
2 :ok :read 1
1 :invoke :write 3
1 :ok :write 3
2 :invoke :read nil
2 :ok :read 7";

#[test]
fn a_stale_read_is_shown_with_the_write_that_it_missed() {
    let witness = witness(STALE);
    // The read of 7 is wrong, too, but later.
    assert_eq!(
        (witness.culprit.invoked, witness.culprit.completed),
        (9, Some(10))
    );
    assert!(witness.earliest && witness.minimal);
    let facts: Vec<u64> = witness.facts.iter().map(|fact| fact.invoked).collect();
    assert_eq!(facts, [5, 9]);
    assert_eq!(witness.possible, ["2", "6"]);
    assert_eq!(witness.window, (5, 10));
    let others: Vec<u64> = witness.others.iter().map(|fact| fact.invoked).collect();
    assert_eq!(others, [6]);
    let order: Vec<_> = witness
        .order
        .iter()
        .map(|placed| placed.operation.invoked)
        .collect();
    assert_eq!(order, [1, 3, 5]);
    insta::assert_snapshot!(witness);
}

#[test]
fn a_witness_is_at_most_forty_short_lines() {
    // Twenty reads of one write, twenty of another, in turns, all needed or not.
    let mut lines = vec!["0 :invoke :write 0|0 :ok :write 0".to_owned()];
    for writer in 1..12 {
        lines.push(format!("{writer} :invoke :write {writer}"));
    }
    for round in 1..40 {
        let value = round % 6;
        lines.push(format!("99 :invoke :read nil|99 :ok :read {value}"));
    }
    for writer in 1..12 {
        lines.push(format!("{writer} :ok :write {writer}"));
    }
    let text = witness(&lines.join("|")).to_string();
    assert!(text.lines().count() <= 40, "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 200),
        "{text}"
    );
}

#[test]
fn long_texts_are_shown_by_their_ends() {
    let long = format!("begin{}end", "x".repeat(5_000));
    let text = format!(
        "1 :invoke :put [k {long}]|1 :ok :put [k {long}]|1 :invoke :get [k nil]|1 :ok :get [k no]"
    );
    let Verdict::Illegal(witness) = judged(&Kv, &text).verdict else {
        panic!("a wrong read");
    };
    let text = witness.to_string();
    assert!(
        text.contains("\"beginxxx") && text.contains("xxend\""),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 200),
        "{text}"
    );
}
