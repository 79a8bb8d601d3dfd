//! Claims about the bounds of counters.

use super::history::History;
use crate::check::CounterBounds;

/// Calls and answers: `a+2` asks, `a=` confirms, `a!` fails, `a?` is unknown, `a<` reads,
/// `a<3` has read.
fn told(story: &str) -> History {
    let event = |word: &str| {
        let (process, what) = word.split_at(1);
        let said = match what {
            "=" => r#""type":"ok""#.to_owned(),
            "!" => r#""type":"fail""#.to_owned(),
            "?" => r#""type":"info""#.to_owned(),
            "<" => r#""type":"invoke","op":"read","key":"hits""#.to_owned(),
            "w" => r#""type":"invoke","op":"write","key":"hits","value":9"#.to_owned(),
            _ => match what.split_at(1) {
                ("<", value) => format!(r#""type":"ok","value":{value}"#),
                (_, by) => format!(r#""type":"invoke","op":"add","key":"hits","value":{by}"#),
            },
        };
        format!(r#"history hits {{"process":"{process}",{said}}}"#)
    };
    story.split(' ').fold(History::new(), |history, word| {
        history.after(1).note(&event(word))
    })
}

fn broken(story: &str) -> Vec<String> {
    told(story).broken(&mut CounterBounds::new("hits"))
}

const NONE: [&str; 0] = [];
const LOST: [&str; 1] = ["what_was_confirmed_is_there"];
const TWICE: [&str; 1] = ["nothing_is_counted_twice"];

#[test]
fn g15_a_read_between_what_is_certain_and_what_is_possible_is_right() {
    for value in [2, 5] {
        assert_eq!(broken(&format!("a+2 a= b+3 b? c< c<{value}")), NONE);
    }
    // Whoever asks again before it was told may have added.
    assert_eq!(broken("a+2 a+1 a= b< b<3"), NONE);
    // What is confirmed while a read goes on need not be in it.
    assert_eq!(broken("a+2 b< a= b<0"), NONE);
    assert_eq!(broken("b< a+2 a= b<2"), NONE);
}

#[test]
fn g15_a_read_outside_of_that_is_found() {
    assert_eq!(broken("a+2 a= b< b<1"), LOST);
    assert_eq!(broken("a+2 a? b< b<3"), TWICE);
    assert_eq!(broken("a+2 a! b< b<2"), TWICE);
}

#[test]
fn what_is_taken_away_bounds_the_other_way_round() {
    for value in [-2, 0] {
        assert_eq!(broken(&format!("a+-2 a? b< b<{value}")), NONE);
    }
    assert_eq!(broken("a+-2 a= b< b<-1"), TWICE);
    assert_eq!(broken("a+-2 a? b< b<-3"), LOST);
}

#[test]
fn a_counter_that_is_replaced_is_not_judged_and_nonsense_is_reported() {
    assert_eq!(broken("a+2 a= bw b= c< c<9"), NONE);
    let strange = History::new().note(r#"history hits {"process":"a"}"#);
    assert_eq!(
        strange.broken(&mut CounterBounds::new("hits")),
        ["readable"]
    );
}
