//! What a checker is.

use crate::outcome::Violation;
use crate::trace::Record;

/// Watches a run and reports what must not be.
///
/// A checker sees every record in order, then the end. It may be shown records that it
/// does not want. It keeps only what it needs,
/// bounded by what is alive in the run, and never panics: what it cannot explain it
/// reports.
pub trait Checker: Send {
    /// Its name, as in reports.
    fn name(&self) -> &'static str;

    /// Whether it wants to see messages and files too. They are most of what happens,
    /// so that a run in which no checker wants them is faster. The answer never
    /// changes.
    fn reads_traffic(&self) -> bool {
        true
    }

    /// Takes one record.
    fn observe(&mut self, record: &Record, findings: &mut Findings);

    /// The run is over.
    fn finish(&mut self, findings: &mut Findings);
}

/// Where a checker reports.
#[derive(Debug)]
pub struct Findings {
    checker: &'static str,
    index: u64,
    time: u64,
    violations: Vec<Violation>,
}

impl Findings {
    /// How many violations are kept; the first one decides the outcome.
    pub const KEPT_MAX: usize = 16;

    /// Nothing found yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            checker: "",
            index: 0,
            time: 0,
            violations: Vec::new(),
        }
    }

    /// Says which checker speaks next, and about which record.
    pub const fn about(&mut self, checker: &'static str, record: Option<&Record>) {
        self.checker = checker;
        if let Some(record) = record {
            self.index = record.index;
            self.time = record.time;
        }
    }

    /// Reports that `invariant` does not hold; `detail` says what was seen instead.
    pub fn violated(&mut self, invariant: &str, detail: impl Into<String>) {
        if self.violations.len() < Self::KEPT_MAX {
            self.violations.push(Violation {
                checker: self.checker.to_owned(),
                invariant: invariant.to_owned(),
                detail: detail.into(),
                index: self.index,
                time: self.time,
            });
        }
    }

    /// What was reported, oldest first.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl Default for Findings {
    fn default() -> Self {
        Self::new()
    }
}
