//! Claims about checks over notes.

use super::history::History;
use crate::check::{Claims, NoteChecker};

#[test]
fn a_failed_claim_names_its_invariant_and_what_was_seen() {
    let history = History::new()
        .note("all is well")
        .note("failed: one leader: n1 and n3: both")
        .note("failed: no more");
    let violations = history.violations(&mut Claims::new());
    let said: Vec<_> = violations
        .iter()
        .map(|violation| (&*violation.invariant, &*violation.detail))
        .collect();
    assert_eq!(
        said,
        [("one leader", "n1 and n3: both"), ("no more", "no more")]
    );
}

#[test]
fn a_note_checker_keeps_state_and_has_the_last_word() {
    let checker = || {
        NoteChecker::new(
            "pairs",
            0_i32,
            |open, note, findings| {
                *open += if note == "begin" { 1 } else { -1 };
                if *open < 0 {
                    findings.violated("begin_first", note);
                }
            },
            |open, findings| {
                if *open > 0 {
                    findings.violated("end_at_last", format!("{open} open"));
                }
            },
        )
    };
    let history = |notes: &[&str]| {
        notes
            .iter()
            .fold(History::new().started(), |history, note| history.note(note))
    };
    assert!(history(&["begin", "end"]).broken(&mut checker()).is_empty());
    assert_eq!(history(&["end"]).broken(&mut checker()), ["begin_first"]);
    assert_eq!(history(&["begin"]).broken(&mut checker()), ["end_at_last"]);
}
