//! Participants of a double barrier that go on beside.

use std::sync::{Arc, Mutex};

use super::stage::{LONG, Stage};
use crate::coordination::{BarrierError, DoubleBarrier, Inside, Session};
use crate::testing::TestRuntime;

/// What something that goes on beside will come to.
pub(super) struct Later<T>(Arc<Mutex<Option<T>>>);

impl<T: Send + 'static> Later<T> {
    pub(super) fn of(stage: &Stage, work: impl Future<Output = T> + Send + 'static) -> Self {
        let later = Arc::new(Mutex::new(None));
        let left = later.clone();
        stage.beside(async move {
            let outcome = work.await;
            *left.lock().unwrap() = Some(outcome);
        });
        Self(later)
    }

    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }
}

pub(super) type Entered = Result<Inside<TestRuntime>, BarrierError>;

pub(super) fn enters(
    stage: &Stage,
    session: &Session<TestRuntime>,
    expected: u64,
) -> Later<Entered> {
    let barrier = DoubleBarrier::new(session, "x", expected);
    Later::of(stage, async move { barrier.enter(LONG).await })
}

pub(super) async fn comes(stage: &Stage, expected: u64) -> Later<Entered> {
    enters(stage, &stage.session().await, expected)
}

pub(super) fn leaves(
    stage: &Stage,
    inside: Inside<TestRuntime>,
) -> Later<Result<(), BarrierError>> {
    Later::of(stage, async move { inside.leave(LONG).await })
}

/// All of so many who are inside.
pub(super) async fn all_inside(stage: &Stage, expected: u64) -> Vec<Inside<TestRuntime>> {
    let mut all = Vec::new();
    for _ in 0..expected {
        all.push(comes(stage, expected).await);
    }
    stage.quiet().await;
    let all = all.iter().map(|one| one.take().expect("one still waits"));
    all.map(Result::unwrap).collect()
}

pub(super) async fn others(stage: &Stage) -> usize {
    let keys = stage.places().await.into_iter();
    keys.filter(|key| !key.ends_with("/generation")).count()
}
