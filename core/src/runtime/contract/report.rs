//! What came of all cases.

use std::fmt;

use super::verdict::Broken;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    /// Its stable name.
    pub id: &'static str,
    /// The promise.
    pub claim: &'static str,
    /// Whether it was kept.
    pub verdict: Result<(), Broken>,
}

/// What came of all cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every case, in the order of [`cases`](super::cases).
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// The cases whose promise was broken.
    pub fn broken(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| case.verdict.is_err())
    }
}

/// One line a broken promise, then the count.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in self.broken() {
            if let Err(broken) = &case.verdict {
                writeln!(f, "{}: {} But: {broken}.", case.id, case.claim)?;
            }
        }
        let (broken, all) = (self.broken().count(), self.cases.len());
        write!(f, "{} of {all} promises kept", all - broken)
    }
}
