//! Where two traces part.

use std::fmt;

use super::event::Record;
use super::render::{Options, Renderer};

/// The first record that differs between two traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its index, as in [`Record::index`].
    pub index: u64,
    /// The line of the first trace there.
    pub expected: String,
    /// The line of the second trace there.
    pub found: String,
}

impl Difference {
    /// What stands for the line of a trace that ended earlier.
    pub const END: &'static str = "the end of the trace";
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "record {}: expected `{}`, found `{}`",
            self.index, self.expected, self.found
        )
    }
}

/// The first difference between two traces; `None` if they are the same.
#[must_use]
pub fn first_difference(expected: &[Record], found: &[Record]) -> Option<Difference> {
    let same = expected
        .iter()
        .zip(found)
        .take_while(|(left, right)| left == right)
        .count();
    let (left, right) = (expected.get(same), found.get(same));
    let index = left.or(right)?.index;
    // Names come from the records that both have.
    let line = |record: Option<&Record>| {
        let Some(record) = record else {
            return Difference::END.to_owned();
        };
        let mut renderer = Renderer::new(Options::FULL);
        expected[..same]
            .iter()
            .for_each(|shared| renderer.learn(shared));
        renderer.line(record).unwrap_or_default()
    };
    let (mut expected, mut found) = (line(left), line(right));
    if expected == found {
        // Only what a line leaves out differs, such as a record's own number.
        (expected, found) = (format!("{left:?}"), format!("{right:?}"));
    }
    Some(Difference {
        index,
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{RunEvent, TraceEvent};

    fn trace(notes: &[&str]) -> Vec<Record> {
        let record = |(index, text): (usize, &&str)| Record {
            index: index as u64,
            time: 10 * index as u64,
            node: None,
            event: TraceEvent::Run(RunEvent::Note {
                text: (*text).into(),
            }),
        };
        notes.iter().enumerate().map(record).collect()
    }

    #[test]
    fn equal_traces_have_no_difference() {
        assert_eq!(first_difference(&[], &[]), None);
        let both = trace(&["a", "b"]);
        assert_eq!(first_difference(&both, &both), None);
    }

    #[test]
    fn the_first_difference_is_found_and_shown() {
        let difference = first_difference(&trace(&["a", "b", "c"]), &trace(&["a", "x", "y"]));
        assert_eq!(
            difference.unwrap().to_string(),
            "record 1: expected `+0.000000010s world note b`, found `+0.000000010s world note x`"
        );
    }

    #[test]
    fn a_trace_that_ends_early_differs_at_its_end() {
        let difference = first_difference(&trace(&["a", "b"]), &trace(&["a"])).unwrap();
        assert_eq!((difference.index, &*difference.found), (1, Difference::END));
        let difference = first_difference(&trace(&[]), &trace(&["a"])).unwrap();
        assert_eq!(
            (difference.index, &*difference.expected),
            (0, Difference::END)
        );
    }

    #[test]
    fn a_difference_that_no_line_shows_is_shown_in_full() {
        let mut moved = trace(&["a"]);
        moved[0].index = 5;
        let difference = first_difference(&trace(&["a"]), &moved).unwrap();
        assert_ne!(difference.expected, difference.found);
    }
}
