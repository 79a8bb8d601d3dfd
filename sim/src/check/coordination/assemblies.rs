//! Nobody enters a double barrier before all are there, and nobody leaves it before all
//! others do.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{BarrierEvent, CoordinationEvent, SessionEvent};
use steadfast::runtime::NodeId;
use steadfast::store::{LeaseId, Revision};

use super::super::checker::{Checker, Findings};
use super::super::note;
use super::generation::{Generation, Standing};
use super::step::Step;
use crate::trace::Record;

/// Says that a participant begins to leave, as a workload notes it before it does:
/// `leaves BARRIER as SESSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving<'a> {
    /// The barrier.
    pub barrier: &'a str,
    /// Who.
    pub session: LeaseId,
}

impl fmt::Display for Leaving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leaves {} as {}", self.barrier, self.session.0)
    }
}

impl<'a> Leaving<'a> {
    /// What a note says; `None` if it says something else.
    #[must_use]
    pub fn of(note: &'a str) -> Option<Self> {
        let (barrier, session) = note.strip_prefix("leaves ")?.rsplit_once(" as ")?;
        let session = LeaseId(session.parse().ok()?);
        Some(Self { barrier, session })
    }
}

/// How long somebody may be counted whose node crashed or who gave up without an answer:
/// no session outlives its lease by more, in these stories.
const GONE_BY: Duration = Duration::from_secs(10);

/// How long after a reset the last of those who wait must be told something.
const TOLD_BY: Duration = Duration::from_secs(5);

/// How many generations of one barrier are remembered: the newest.
const GENERATIONS_MAX: usize = 1_024;

/// Checks double barriers, as long as no node stands still and all clocks run at nearly
/// the same pace. A session takes part once at a time, and not again in a barrier after
/// a call of it was dropped there.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `nobody_passes_before_all_are_there` | somebody passed a generation in which so many as were expected cannot have been counted |
/// | `whoever_passes_was_counted` | somebody passes who was not counted in that generation |
/// | `no_more_than_expected_pass` | more pass in one generation than were expected |
/// | `nobody_leaves_before_all_do` | somebody has left while another one is there and has not begun to leave |
/// | `a_reset_answers_all_who_wait` | somebody who waited when the barrier was reset is told nothing for 5 s |
///
/// Who passes may be announced before the last one has arrived, so that it is judged at
/// the end who was there. Whoever gave up and was told so was not; whoever may have been
/// counted without having announced it, since its node crashed or its call was dropped,
/// may have been. Bounded by 1,024 generations a barrier, their participants, and the
/// sessions of the run.
#[derive(Debug, Default)]
pub struct Assemblies {
    barriers: BTreeMap<Label, BTreeMap<Revision, Generation>>,
    /// The sessions that live, and where.
    sessions: BTreeMap<LeaseId, NodeId>,
    /// Who may be counted somewhere without having said so, and when it was heard last.
    vanished: BTreeMap<LeaseId, u64>,
    /// How late it is.
    now: u64,
}

impl Assemblies {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            barriers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            vanished: BTreeMap::new(),
            now: 0,
        }
    }

    /// A generation of a barrier, which begins to be known if it was not.
    fn generation(
        &mut self,
        barrier: &Label,
        generation: Revision,
        findings: &mut Findings,
    ) -> &mut Generation {
        let generations = self.barriers.entry(barrier.clone()).or_default();
        if !generations.contains_key(&generation)
            && generations.len() >= GENERATIONS_MAX
            && let Some((oldest, over)) = generations.pop_first()
        {
            judge(barrier, oldest, &over, &self.vanished, findings);
        }
        generations.entry(generation).or_default()
    }

    /// What a session has in a barrier that is not over.
    fn of_session(
        &mut self,
        barrier: &str,
        session: LeaseId,
    ) -> impl Iterator<Item = (&mut Standing, Option<u64>)> {
        let generations = self.barriers.get_mut(barrier);
        let generations = generations.into_iter().flat_map(BTreeMap::values_mut);
        generations.filter_map(move |generation| {
            let reset = generation.reset;
            let standing = generation.members.get_mut(&session)?;
            Some((standing, reset))
        })
    }

    fn passed(
        &mut self,
        (barrier, generation): (&Label, Revision),
        session: LeaseId,
        now: u64,
        findings: &mut Findings,
    ) {
        // A barrier at which nobody was ever counted is of the other kind.
        if !self.barriers.contains_key(barrier) {
            return;
        }
        let known = self.generation(barrier, generation, findings);
        let who = format!("{session} passes {barrier} in {generation}");
        match known.members.get_mut(&session) {
            Some(standing) => *standing = Standing::Inside,
            None => findings.violated("whoever_passes_was_counted", who.as_str()),
        }
        known.passed += 1;
        known.last_passed = Some(now);
        if known.passed > known.expected {
            let detail = format!("{who}, as one of {}", known.passed);
            findings.violated("no_more_than_expected_pass", detail);
        }
    }

    fn left(
        &mut self,
        (barrier, generation): (&Label, Revision),
        session: LeaseId,
        findings: &mut Findings,
    ) {
        let known = self.generation(barrier, generation, findings);
        known.members.insert(session, Standing::Gone);
        let inside = known.members.iter();
        let mut inside = inside.filter(|(_, standing)| standing.blocks());
        if let Some((other, standing)) = inside.next() {
            let detail = format!("{session} left {barrier} {generation}, {other} {standing}");
            findings.violated("nobody_leaves_before_all_do", detail);
        }
    }

    /// Somebody is answered, or gives up.
    fn answered(&mut self, barrier: &str, session: LeaseId, findings: &mut Findings) {
        let now = self.now;
        for (standing, reset) in self.of_session(barrier, session) {
            told((barrier, session), *standing, reset, now, findings);
        }
    }

    fn observe_barrier(
        &mut self,
        node: NodeId,
        event: &BarrierEvent,
        now: u64,
        findings: &mut Findings,
    ) {
        use BarrierEvent as E;
        match event {
            E::Arrived {
                barrier,
                session,
                generation,
                expected,
                ..
            } => {
                self.sessions.insert(*session, node);
                let known = self.generation(barrier, *generation, findings);
                known.expected = *expected;
                known.members.insert(*session, Standing::Waiting);
            }
            E::Passed {
                barrier,
                session,
                generation,
            } => {
                self.answered(barrier, *session, findings);
                self.passed((barrier, *generation), *session, now, findings);
            }
            E::Left {
                barrier,
                session,
                generation,
            } => self.left((barrier, *generation), *session, findings),
            E::Withdrawn {
                barrier,
                session,
                generation,
            } => {
                self.answered(barrier, *session, findings);
                if generation.is_none() {
                    self.vanished.insert(*session, now);
                }
                for (standing, _) in self.of_session(barrier, *session) {
                    standing.withdraws();
                }
                // Whoever heard of a reset before it heard that it was counted may have
                // been.
                if let Some(generation) = generation {
                    let known = self.generation(barrier, *generation, findings);
                    if known.reset.is_some() {
                        known.members.entry(*session).or_insert(Standing::Gone);
                    }
                }
            }
            E::Reset {
                barrier,
                generation,
            } => {
                let known = self.generation(barrier, *generation, findings);
                known.reset.get_or_insert(now);
            }
            E::Refused {
                barrier, session, ..
            } => {
                self.answered(barrier, *session, findings);
                for (standing, _) in self.of_session(barrier, *session) {
                    standing.refused();
                }
            }
            E::Held { .. } | E::Lifted { .. } => {}
        }
    }

    fn observe_session(&mut self, node: NodeId, event: &SessionEvent) {
        match event {
            SessionEvent::Opened { session, .. } => {
                self.sessions.insert(*session, node);
            }
            SessionEvent::Ended { session, .. } => {
                self.sessions.remove(session);
            }
            SessionEvent::Removed { .. } => {}
        }
    }

    /// A node crashed: what became of its sessions nobody will say.
    fn over(&mut self, node: NodeId, now: u64) {
        let lost = self.sessions.extract_if(.., |_, home| *home == node);
        let lost: Vec<_> = lost.map(|(session, _)| session).collect();
        for session in lost {
            self.vanished.insert(session, now);
            let generations = self.barriers.values_mut();
            for generation in generations.flat_map(BTreeMap::values_mut) {
                if let Some(standing) = generation.members.get_mut(&session) {
                    standing.vanishes();
                }
            }
        }
    }
}

/// Whether one who waited when its generation was reset is told so soon enough.
fn told(
    (barrier, session): (&str, LeaseId),
    standing: Standing,
    reset: Option<u64>,
    now: u64,
    findings: &mut Findings,
) {
    let waits = reset.filter(|_| standing == Standing::Waiting);
    let late = waits.map(|reset| Duration::from_nanos(now.saturating_sub(reset)));
    if let Some(late) = late.filter(|late| *late > TOLD_BY) {
        let detail = format!("{session} waits {late:?} after the reset of {barrier}");
        findings.violated("a_reset_answers_all_who_wait", detail);
    }
}

/// Whether all who were expected can have been counted in a generation that was passed.
fn judge(
    barrier: &Label,
    name: Revision,
    generation: &Generation,
    vanished: &BTreeMap<LeaseId, u64>,
    findings: &mut Findings,
) {
    let Some(passed) = generation.last_passed else {
        return;
    };
    let oldest = passed.saturating_sub(GONE_BY.as_nanos() as u64);
    let counted = generation.members.iter();
    let counted = counted.filter(|(_, standing)| **standing != Standing::GaveUp);
    let counted = counted.count() as u64;
    let silent = vanished.iter();
    let silent = silent
        .filter(|(session, heard)| **heard >= oldest && !generation.members.contains_key(session));
    let silent = silent.count() as u64;
    if counted + silent < generation.expected {
        let expected = generation.expected;
        let detail = format!(
            "{barrier} was passed in {name} by {counted} and perhaps {silent} more, not {expected}"
        );
        findings.violated("nobody_passes_before_all_are_there", detail);
    }
}

impl Checker for Assemblies {
    fn name(&self) -> &'static str {
        "assemblies"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let now = record.time;
        self.now = now;
        if let Some(leaving) = note::text(record).and_then(Leaving::of) {
            for (standing, _) in self.of_session(leaving.barrier, leaving.session) {
                standing.leaves();
            }
            return;
        }
        match Step::of(record) {
            Some(Step::Fact(node, CoordinationEvent::Barrier(event))) => {
                self.observe_barrier(node, event, now, findings);
            }
            Some(Step::Fact(node, CoordinationEvent::Session(event))) => {
                self.observe_session(node, event);
            }
            Some(Step::Over(node)) => self.over(node, now),
            Some(Step::Fact(..)) | None => {}
        }
    }

    fn finish(&mut self, findings: &mut Findings) {
        for (barrier, generations) in &self.barriers {
            for (name, generation) in generations {
                judge(barrier, *name, generation, &self.vanished, findings);
                for (session, standing) in &generation.members {
                    let who = (barrier.as_str(), *session);
                    told(who, *standing, generation.reset, self.now, findings);
                }
            }
        }
    }
}
