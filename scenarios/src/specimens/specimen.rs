//! What a specimen is.

use std::fmt;
use std::sync::Arc;

use steadfast_sim::{Outcome, Scenario};

/// A scenario whose code is wrong on purpose, and what must find that out.
#[derive(Clone)]
pub struct Specimen {
    /// The scenario with the wrong code.
    pub scenario: Arc<dyn Scenario>,
    /// What must catch it. Anything else that ends a run is a false alarm.
    pub caught_by: CaughtBy,
}

/// What catches a specimen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaughtBy {
    /// Any invariant of this checker.
    Checker(&'static str),
    /// One invariant of a checker.
    Invariant {
        /// The checker.
        checker: &'static str,
        /// The invariant, as in its violations.
        invariant: &'static str,
    },
    /// The run stalls.
    Stalled,
    /// The run panics.
    Panicked,
}

impl CaughtBy {
    /// Whether this outcome is the catch.
    #[must_use]
    pub fn matches(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Checker(checker), Outcome::Violated(violation)) => violation.checker == *checker,
            (Self::Invariant { checker, invariant }, Outcome::Violated(violation)) => {
                violation.checker == *checker && violation.invariant == *invariant
            }
            (Self::Stalled, Outcome::Stalled { .. })
            | (Self::Panicked, Outcome::Panicked { .. }) => true,
            (
                Self::Checker(_) | Self::Invariant { .. } | Self::Stalled | Self::Panicked,
                Outcome::Passed
                | Outcome::Violated(_)
                | Outcome::Stalled { .. }
                | Outcome::Diverged { .. }
                | Outcome::Panicked { .. },
            ) => false,
        }
    }
}

impl fmt::Display for CaughtBy {
    /// In the form of [`Outcome::key`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checker(checker) => write!(f, "violated/{checker}"),
            Self::Invariant { checker, invariant } => write!(f, "violated/{checker}/{invariant}"),
            Self::Stalled => f.write_str("stalled"),
            Self::Panicked => f.write_str("panicked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast_sim::Violation;

    use super::*;

    #[test]
    fn a_catch_by_something_else_does_not_count() {
        let violated = Outcome::Violated(Violation {
            checker: "orphans".to_owned(),
            invariant: "no task outlives its owner".to_owned(),
            detail: String::new(),
            index: 0,
            time: 0,
        });
        let exact = CaughtBy::Invariant {
            checker: "orphans",
            invariant: "no task outlives its owner",
        };
        assert!(CaughtBy::Checker("orphans").matches(&violated));
        assert!(exact.matches(&violated));
        assert!(violated.key().starts_with(&exact.to_string()));
        let others = [
            CaughtBy::Checker("budget"),
            CaughtBy::Invariant {
                checker: "orphans",
                invariant: "another",
            },
            CaughtBy::Stalled,
            CaughtBy::Panicked,
        ];
        for other in others {
            assert!(!other.matches(&violated), "{other}");
            assert!(!other.matches(&Outcome::Passed), "{other}");
        }
    }
}
