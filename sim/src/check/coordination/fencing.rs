//! What a lock guards refuses whoever comes from the past.

use std::collections::BTreeMap;
use std::fmt;

use super::super::checker::{Checker, Findings};
use super::super::note;
use crate::trace::Record;

/// A use of what a lock guards, as a workload notes it: `used NAME with TOKEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use<'a> {
    /// What was used.
    pub name: &'a str,
    /// The token of the grant under which it was used.
    pub token: u64,
}

impl fmt::Display for Use<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "used {} with {}", self.name, self.token)
    }
}

impl<'a> Use<'a> {
    /// What a note says; `None` if it says something else.
    #[must_use]
    pub fn of(note: &'a str) -> Option<Self> {
        let (name, token) = note.strip_prefix("used ")?.rsplit_once(" with ")?;
        let token = token.parse().ok()?;
        Some(Self { name, token })
    }
}

/// Checks that nothing is used by a holder of the past, whatever clocks and nodes do: a
/// holder that stood still, or whose clock lost time, may not know that it is one.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `the_past_is_refused` | something is used with a lower token than before |
///
/// Bounded by one token a name.
#[derive(Debug, Default)]
pub struct Fencing {
    highest: BTreeMap<String, u64>,
}

impl Fencing {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            highest: BTreeMap::new(),
        }
    }
}

impl Checker for Fencing {
    fn name(&self) -> &'static str {
        "fencing"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some(used) = note::text(record).and_then(Use::of) else {
            return;
        };
        let highest = self.highest.entry(used.name.to_owned()).or_default();
        if used.token < *highest {
            let detail = format!("{used}, after {highest}");
            findings.violated("the_past_is_refused", detail);
        }
        *highest = used.token.max(*highest);
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
