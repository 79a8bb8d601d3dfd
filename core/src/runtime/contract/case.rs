//! A promise, and the list of all of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::harness::Harness;
use super::patience::within;
use super::report::{CaseReport, Report};
use super::verdict::{Broken, Verdict};
use super::{clock, delivery, durability, entropy, identity, network, request, spawner, storage};

/// A future of one case.
pub(super) type CaseRun = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// How long a case may take, by the harness's own clock.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// One promise of one capability.
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

    /// Its stable name: the capability, a dot, a few words.
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
        let verdict = (self.run)(harness.clone());
        let limit = "the end of the case";
        within(&*harness, CASE_LIMIT, limit, verdict).await?
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

/// All promises, by capability, in a fixed order.
#[must_use]
pub fn cases<H: Harness>() -> Vec<Case<H>> {
    let mut cases = identity::cases();
    cases.extend(spawner::cases());
    cases.extend(clock::cases());
    cases.extend(entropy::cases());
    cases.extend(network::cases());
    cases.extend(delivery::cases());
    cases.extend(request::cases());
    cases.extend(storage::cases());
    cases.extend(durability::cases());
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
