//! What each model does.

use super::staging::{judged, word};
use crate::check::linearizability::{Counter, Kv, Lock, Register};

const YES: &str = "linearizable";
const NO: &str = "not linearizable";

#[test]
fn a_read_sees_the_last_write() {
    let read = |value: &str| {
        word(
            &Register,
            &format!("1 :invoke :write 3|1 :ok :write 3|2 :invoke :read nil|2 :ok :read {value}"),
        )
    };
    assert_eq!(read("3"), YES);
    assert_eq!(read("nil"), NO);
    assert_eq!(read("4"), NO);
}

#[test]
fn a_read_beside_a_write_sees_either() {
    let read = |value: &str| {
        word(
            &Register,
            &format!("1 :invoke :write 3|2 :invoke :read nil|2 :ok :read {value}|1 :ok :write 3"),
        )
    };
    assert_eq!([read("3"), read("nil"), read("4")], [YES, YES, NO]);
}

#[test]
fn a_write_of_unknown_outcome_may_happen_late_or_never_but_once() {
    let begin = "1 :invoke :write 1|1 :info :write :timed-out|2 :invoke :write 2|2 :ok :write 2";
    let reads = |values: &[u8]| {
        let mut text = begin.to_owned();
        for value in values {
            text += &format!("|2 :invoke :read nil|2 :ok :read {value}");
        }
        word(&Register, &text)
    };
    assert_eq!(reads(&[2, 2]), YES);
    assert_eq!(reads(&[2, 1, 1]), YES);
    assert_eq!(reads(&[1]), YES);
    assert_eq!(reads(&[2, 1, 2]), NO);
    // An operation that has not ended when the history does is one of these.
    let open = "1 :invoke :write 1|2 :invoke :read nil|2 :ok :read 1";
    assert_eq!(word(&Register, open), YES);
}

#[test]
fn what_failed_did_not_happen() {
    let text = "1 :invoke :write 1|1 :fail :write 1|2 :invoke :read nil|2 :ok :read";
    assert_eq!(word(&Register, &format!("{text} 1")), NO);
    assert_eq!(word(&Register, &format!("{text} nil")), YES);
}

#[test]
fn a_cas_swaps_what_it_names_or_has_seen_another() {
    let cas = |old: u8, answer: &str| {
        word(
            &Register,
            &format!(
                "1 :invoke :write 1|1 :ok :write 1|2 :invoke :cas [{old} 5]|2 :ok :cas {answer}"
            ),
        )
    };
    assert_eq!([cas(1, "[1 5]"), cas(1, "true"), cas(1, "nil")], [YES; 3]);
    assert_eq!(cas(2, "true"), NO);
    assert_eq!([cas(1, "false"), cas(2, "false")], [NO, YES]);
}

#[test]
fn keys_are_objects_of_their_own() {
    let text = "1 :invoke :write [x 1]|1 :ok :write [x 1]|1 :invoke :read [y nil]|1 :ok :read";
    let judgement = judged(&Register, &format!("{text} [y nil]"));
    assert_eq!((judgement.verdict.word(), judgement.keys), (YES, 2));
    assert_eq!(word(&Register, &format!("{text} [y 1]")), NO);
}

#[test]
fn appends_add_up_and_missing_is_not_empty() {
    let text = "1 :invoke :append [k a]|1 :ok :append [k a]|1 :invoke :append [k b]|1 :ok :append [k b]|1 :invoke :get [k nil]|1 :ok :get";
    // The key of the answer is that of the call.
    assert_eq!(word(&Kv, &format!("{text} [k ab]")), YES);
    assert_eq!(word(&Kv, &format!("{text} [k ba]")), NO);
    let put = |text: &str, seen: &str| {
        word(
            &Kv,
            &format!(
                "1 :invoke :{text}|1 :ok :{text}|2 :invoke :get [k nil]|2 :ok :get [k {seen}]"
            ),
        )
    };
    assert_eq!(put("put [k \"\"]", "\"\""), YES);
    assert_eq!(put("put [k \"\"]", "nil"), NO);
    assert_eq!(put("put [other x]", "nil"), YES);
    assert_eq!(put("put [other x]", "\"\""), YES);
}

#[test]
fn a_lock_has_one_holder() {
    let acquire =
        |process: u8| format!("{process} :invoke :acquire nil|{process} :ok :acquire nil");
    let release =
        |process: u8| format!("{process} :invoke :release nil|{process} :ok :release nil");
    let history = |parts: &[String]| word(&Lock, &parts.join("|"));
    assert_eq!(history(&[acquire(1), release(1), acquire(2)]), YES);
    assert_eq!(history(&[acquire(1), acquire(2)]), NO);
    assert_eq!(history(&[acquire(1), release(2)]), NO);
    assert_eq!(history(&[acquire(1), acquire(1)]), NO);
    let refused = "2 :invoke :acquire nil|2 :ok :acquire false".to_owned();
    assert_eq!(history(&[acquire(1), refused.clone()]), YES);
    assert_eq!(history(&[refused]), NO);
}

#[test]
fn a_lease_that_may_have_ended_lets_another_in_and_its_holder_not_back() {
    let text = "1 :invoke :acquire nil|1 :ok :acquire 7|1 :invoke :release nil|1 :info :release nil|2 :invoke :acquire nil|2 :ok :acquire";
    assert_eq!(word(&Lock, &format!("{text} 8")), YES);
    assert_eq!(word(&Lock, &format!("{text} 7")), NO, "the token must rise");
    assert_eq!(word(&Lock, &format!("{text} nil")), YES);
}

#[test]
fn a_counter_counts_each_addition_once() {
    let read = |value: &str| {
        let text = "1 :invoke :add 2|1 :ok :add 2|2 :invoke :add 3|2 :info :add :timed-out";
        let read = "3 :invoke :read nil|3 :ok :read";
        word(&Counter, &format!("{text}|{read} {value}"))
    };
    assert_eq!(
        [read("2"), read("5"), read("3"), read("8")],
        [YES, YES, NO, NO]
    );
}

#[test]
fn a_counter_begins_at_zero_and_answers_the_sum() {
    let add = |answer: &str| {
        let text = "1 :invoke :cas [0 4]|1 :ok :cas [0 4]|1 :invoke :add -1|1 :ok :add";
        word(&Counter, &format!("{text} {answer}"))
    };
    assert_eq!([add("nil"), add("3"), add("-1")], [YES, YES, NO]);
    let full = "1 :invoke :write 9223372036854775807|1 :ok :write nil|1 :invoke :add 1|1";
    assert_eq!(word(&Counter, &format!("{full} :ok :add nil")), NO);
    assert_eq!(
        word(&Counter, &format!("{full} :info :add :timed-out")),
        YES
    );
}
