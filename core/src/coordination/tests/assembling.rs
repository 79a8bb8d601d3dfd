//! Participants of a double barrier that go on beside, and what they check.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::stage::{LONG, Stage};
use crate::coordination::{BarrierError, DoubleBarrier, Inside, Session};
use crate::event::{BarrierEvent, CoordinationEvent};
use crate::runtime::{Clock as _, timeout};
use crate::store::Revision;
use crate::testing::TestRuntime;

/// So long until everything has happened that happens at once.
pub(super) const QUIET: Duration = Duration::from_millis(1);

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

/// All of so many, who are inside after that time.
pub(super) async fn all_inside(
    stage: &Stage,
    expected: u64,
    settled: Duration,
) -> Vec<Inside<TestRuntime>> {
    let mut all = Vec::new();
    for _ in 0..expected {
        all.push(comes(stage, expected).await);
    }
    stage.pass(settled).await;
    let all = all.iter().map(|one| one.take().expect("one still waits"));
    all.map(Result::unwrap).collect()
}

pub(super) async fn others(stage: &Stage) -> usize {
    let keys = stage.places().await.into_iter();
    keys.filter(|key| !key.ends_with("/generation")).count()
}

/// Checks that no generation has more than so many, and that nobody of one comes in
/// after another one has left.
pub(super) fn check_facts(stage: &Stage, expected: usize) {
    let mut passed = BTreeMap::<Revision, usize>::new();
    let mut left = BTreeMap::<Revision, usize>::new();
    for fact in stage.facts() {
        let CoordinationEvent::Barrier(fact) = fact else {
            continue;
        };
        if let BarrierEvent::Passed { generation, .. } = fact {
            *passed.entry(generation).or_default() += 1;
            assert_eq!(left.get(&generation), None, "{generation}");
        }
        if let BarrierEvent::Left { generation, .. } = fact {
            *left.entry(generation).or_default() += 1;
            assert!(passed[&generation] <= expected, "{generation}");
        }
    }
    assert!(!left.is_empty());
}

/// What players know of one generation: how many were inside, how many of them wanted to
/// leave or gave up, how many have left.
#[derive(Default)]
pub(super) struct Known {
    pub(super) inside: usize,
    pub(super) leaving: usize,
    pub(super) left: usize,
}

/// Enters and leaves again and again, with more or less patience, and checks what it sees.
pub(super) async fn plays(
    session: Session<TestRuntime>,
    clock: TestRuntime,
    number: u64,
    patience: u32,
    all: Arc<Mutex<BTreeMap<Revision, Known>>>,
) {
    let barrier = DoubleBarrier::new(&session, "x", 3);
    for round in 0..20 {
        let chance = (number + 3) * 7_919 + round * 104_729;
        let limit = Duration::from_millis(chance % 5) * patience;
        clock.sleep(Duration::from_millis(chance / 5 % 3)).await;
        let entering = timeout(
            &clock,
            limit * 2,
            barrier.enter(limit * (1 + round as u32 % 3)),
        );
        let Ok(Ok(inside)) = entering.await else {
            continue;
        };
        let generation = inside.generation();
        {
            let mut all = all.lock().unwrap();
            let known = all.entry(generation).or_default();
            known.inside += 1;
            assert!(known.inside <= 3 && known.left == 0);
        }
        clock.sleep(Duration::from_millis(chance / 15 % 2)).await;
        all.lock().unwrap().entry(generation).or_default().leaving += 1;
        if inside.leave(limit).await.is_ok() {
            let mut all = all.lock().unwrap();
            let known = all.entry(generation).or_default();
            known.left += 1;
            assert_eq!(known.leaving, known.inside);
        }
    }
}
