//! A promise, and the list of all of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::harness::Harness;
use super::verdict::Verdict;
use super::{contention, expiry, history, keys, leases, reads, transactions, watches};
use crate::runtime::contract::{Broken, CaseReport, Report};
use crate::runtime::timeout;

/// A future of one case.
pub(super) type CaseRun = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// How long a case may take.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// One promise.
pub struct Case<H> {
    id: &'static str,
    claim: &'static str,
    run: fn(Arc<H>) -> CaseRun,
}

impl<H: Harness> Case<H> {
    pub(super) const fn new(
        id: &'static str,
        claim: &'static str,
        run: fn(Arc<H>) -> CaseRun,
    ) -> Self {
        Self { id, claim, run }
    }

    /// Its stable name.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The promise, as a sentence.
    #[must_use]
    pub const fn claim(&self) -> &'static str {
        self.claim
    }

    /// Checks the promise on a fresh harness.
    ///
    /// # Errors
    ///
    /// [`Broken`], with what was seen; also if the case does not end by itself.
    pub async fn run(&self, harness: Arc<H>) -> Result<(), Broken> {
        let clock = harness.clock();
        let verdict = timeout(&clock, CASE_LIMIT, (self.run)(harness)).await;
        verdict.unwrap_or_else(|elapsed| {
            let what = format!("the case did not end: {elapsed}");
            Err(Broken { what })
        })
    }
}

impl<H> fmt::Debug for Case<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

/// All promises in a fixed order.
#[must_use]
pub fn cases<H: Harness>() -> Vec<Case<H>> {
    let mut cases = keys::cases();
    cases.extend(reads::cases());
    cases.extend(transactions::cases());
    cases.extend(contention::cases());
    cases.extend(watches::cases());
    cases.extend(history::cases());
    cases.extend(leases::cases());
    cases.extend(expiry::cases());
    cases
}

/// Checks every promise, one after the other, each on a harness of its own.
pub async fn run_all<H: Harness>(fresh: impl AsyncFn() -> H) -> Report {
    let mut verdicts = Vec::new();
    for case in cases::<H>() {
        let verdict = case.run(Arc::new(fresh().await)).await;
        verdicts.push(CaseReport {
            id: case.id,
            claim: case.claim,
            verdict,
        });
    }
    Report { cases: verdicts }
}
