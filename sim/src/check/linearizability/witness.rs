//! Why a history is not linearizable, for people.

use std::fmt;

use serde::Serialize;
use steadfast::Label;

use crate::history::{Moment, Operation, Outcome};

/// The most entries of each list that is shown.
pub(super) const SHOWN_MAX: usize = 8;

/// The most characters of a call, an answer or a state that are shown.
const CHARS_MAX: usize = 48;

/// An operation as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Who asked.
    pub process: Label,
    /// What was asked.
    pub call: String,
    /// What was answered; `None` if that is not known.
    pub answer: Option<String>,
    /// The place of the invocation.
    pub invoked: u64,
    /// The place of the completion, if there is one.
    pub completed: Option<u64>,
    /// When it was invoked, in nanoseconds, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

impl Fact {
    pub(super) fn new<C: fmt::Display, A: fmt::Display>(operation: &Operation<C, A>) -> Self {
        Self {
            process: operation.process.clone(),
            call: clipped(&operation.call),
            answer: match &operation.outcome {
                Outcome::Ok(answer) => Some(clipped(answer)),
                Outcome::Failed | Outcome::Unknown => None,
            },
            invoked: operation.invoked.position,
            completed: operation
                .completed
                .filter(|_| matches!(operation.outcome, Outcome::Ok(_)))
                .map(|Moment { position, .. }| position),
            time: operation.invoked.time,
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.completed.map(|end| end.to_string());
        let end = end.unwrap_or_else(|| "?".to_owned());
        let process = clipped(&self.process);
        write!(
            f,
            "{:>6} to {end:<6}  process {process}: {}",
            self.invoked, self.call
        )?;
        match &self.answer {
            Some(answer) => write!(f, " -> {answer}"),
            None => f.write_str(" -> unknown"),
        }
    }
}

/// A state that an object was in after an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The operation.
    pub operation: Fact,
    /// The state after it.
    pub state: String,
}

/// Why the history of one object has no order that explains it.
///
/// What is said is about the history as it is; nothing of it was removed to say it:
///
/// - [`culprit`](Self::culprit) is an operation with whose completion there is no
///   order any more that explains what was seen until then.
/// - [`facts`](Self::facts) contradict each other, whatever else happened: even if
///   each other operation may have taken effect at some instant in its time, or not at
///   all.
/// - [`possible`](Self::possible) are the states in which the object can have been,
///   given everything before, at some instant at which the culprit was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The key of the object; empty if there is only one.
    pub key: Label,
    /// The operation that cannot be placed.
    pub culprit: Fact,
    /// Whether the history before the culprit's completion certainly has an order, so
    /// that the contradiction is the earliest one.
    pub earliest: bool,
    /// The first states that were possible while the culprit was open.
    pub possible: Vec<String>,
    /// How many there are; `None` if they could not all be found.
    pub possible_count: Option<usize>,
    /// The last of the facts, by completion.
    pub facts: Vec<Fact>,
    /// How many facts there are.
    pub facts_count: usize,
    /// Whether without any one of the facts there would be no contradiction.
    pub minimal: bool,
    /// From the first invocation to the last completion of the facts, as places.
    pub window: (u64, u64),
    /// Other operations with an effect that were, or may have been, open in the
    /// window, the last ones by invocation.
    pub others: Vec<Fact>,
    /// How many there are.
    pub others_count: usize,
    /// The end of an order that explains what had ended before the culprit.
    pub order: Vec<Placement>,
    /// How many operations the order has.
    pub order_count: usize,
}

impl Witness {
    /// The witness in at most 40 lines; `place` is what the places are, such as
    /// "line".
    #[must_use]
    pub fn text(&self, place: &str) -> String {
        let shown = Shown {
            witness: self,
            place,
        };
        shown.to_string().trim_end().to_owned()
    }

    fn write(&self, text: &mut fmt::Formatter<'_>, place: &str) -> fmt::Result {
        let (start, end) = self.window;
        if !self.key.is_empty() {
            write!(text, "key {:?}: ", clipped(&self.key))?;
        }
        let before = if self.earliest {
            ", and up to the completion before it there is one"
        } else {
            ""
        };
        writeln!(
            text,
            "no order of the operations explains what was seen up to {place} {end}{before}"
        )?;
        self.write_possible(text)?;
        let fewest = if self.minimal {
            "without any one of these there is no contradiction"
        } else {
            "perhaps not all of these are needed"
        };
        writeln!(
            text,
            "what contradicts itself, whatever others did, from {place} to {place} ({fewest}):"
        )?;
        more(text, self.facts_count - self.facts.len(), "before these")?;
        for fact in &self.facts {
            writeln!(text, "{fact}")?;
        }
        if !self.others.is_empty() {
            writeln!(
                text,
                "others with an effect, open at some time between {place} {start} and {end}:"
            )?;
            more(text, self.others_count - self.others.len(), "before these")?;
            for fact in &self.others {
                writeln!(text, "{fact}")?;
            }
        }
        if !self.order.is_empty() {
            writeln!(
                text,
                "an order that explains what had ended before, with the states:"
            )?;
            more(text, self.order_count - self.order.len(), "before these")?;
            for Placement { operation, state } in &self.order {
                writeln!(text, "{operation}  => {state}")?;
            }
        }
        Ok(())
    }

    fn write_possible(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            text,
            "while process {} waited for its {}, ",
            clipped(&self.culprit.process),
            self.culprit.call
        )?;
        let all = self.possible_count == Some(self.possible.len());
        if self.possible.is_empty() {
            return writeln!(text, "what was possible is not known");
        }
        write!(text, "the object could be: {}", self.possible.join(", "))?;
        match self.possible_count {
            Some(_) if all => writeln!(text),
            Some(count) => writeln!(text, " and {} more", count - self.possible.len()),
            None => writeln!(text, " and perhaps more"),
        }
    }
}

/// A witness with what its places are.
struct Shown<'a> {
    witness: &'a Witness,
    place: &'a str,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.witness.write(f, self.place)
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("line"))
    }
}

fn more(text: &mut fmt::Formatter<'_>, count: usize, which: &str) -> fmt::Result {
    match count {
        0 => Ok(()),
        _ => writeln!(text, "        … {count} {which}"),
    }
}

/// What is shown of something long: its beginning and its end.
pub(super) fn clipped(shown: &impl fmt::Display) -> String {
    let text = shown.to_string();
    let count = text.chars().count();
    if count <= CHARS_MAX {
        return text;
    }
    let half = CHARS_MAX / 2;
    let begin: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(count - half).collect();
    format!("{begin}…{end}")
}
