//! What a case is given.

use std::fmt::Debug;
use std::time::Duration;

use steadfast::event::Event;
use steadfast::process::{ExitReason, Node, ProcessId};
use steadfast::runtime::{Runtime, Timestamp, timeout};
use steadfast_sim::trace::Record;

use super::journal::{Fact, Journal, Mark};
use super::stage::{Cue, Opening, Stage};

/// One node, the journal of its facts, and the stage of its players. Cheap to clone.
pub(crate) struct Bench<R: Runtime> {
    node: Node<R>,
    journal: Journal,
    stage: Stage,
    patience: Duration,
}

impl<R: Runtime> Clone for Bench<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            journal: self.journal.clone(),
            stage: self.stage.clone(),
            patience: self.patience,
        }
    }
}

impl<R: Runtime> Bench<R> {
    /// A bench on a fresh runtime, which writes to this journal. `patience` is how
    /// long a case waits for a fact, in the time of its world.
    pub(crate) fn new(runtime: R, journal: Journal, patience: Duration) -> Self {
        Self {
            node: Node::new(runtime),
            journal,
            stage: Stage::default(),
            patience,
        }
    }

    /// The node under test.
    pub(crate) const fn node(&self) -> &Node<R> {
        &self.node
    }

    /// The directions of the players.
    pub(crate) const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Gives a player a cue.
    pub(crate) fn cue(&self, name: &str, cue: Cue) {
        self.stage.cue(name, cue);
    }

    /// Takes back the cues that a player has not taken.
    pub(crate) fn clear_cues(&self, name: &str) {
        self.stage.clear_cues(name);
    }

    /// The next starts of a player.
    pub(crate) fn next_openings<I>(&self, name: &str, openings: I)
    where
        I: IntoIterator<Item = Opening>,
    {
        self.stage.next_openings(name, openings);
    }

    /// The world's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.node.runtime().now()
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        self.node.runtime().sleep(time).await;
    }

    /// Waits until nothing can happen any more without time passing. The time of
    /// both worlds stands still while anything can run, so this is exact; in
    /// simulation every step costs less than 100 ns of the 10 ms.
    pub(crate) async fn quiet(&self) {
        self.pass(Duration::from_millis(10)).await;
    }

    /// The place after the last fact so far.
    pub(crate) fn mark(&self) -> Mark {
        self.journal.mark()
    }

    /// How often a task of the node was polled so far: the work that was done.
    pub(crate) fn polls(&self) -> u64 {
        self.journal.tasks().polls()
    }

    /// How many facts core has announced so far.
    pub(crate) fn facts(&self) -> u64 {
        self.journal.facts()
    }

    /// Looks at the facts since `mark`.
    pub(crate) fn since<T>(&self, mark: Mark, look: impl FnOnce(&[Fact]) -> T) -> T {
        self.journal.read(mark, look)
    }

    /// Looks at the facts before `mark`.
    pub(crate) fn before<T>(&self, mark: Mark, look: impl FnOnce(&[Fact]) -> T) -> T {
        self.journal.read_before(mark, look)
    }

    /// How many facts since `mark` are such.
    pub(crate) fn count(&self, mark: Mark, such: impl Fn(&Event) -> bool) -> usize {
        self.since(mark, |facts| {
            facts.iter().filter(|fact| such(&fact.event)).count()
        })
    }

    /// Waits until `look` finds what it looks for among all facts.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn(&[Fact]) -> Option<T>) -> T {
        self.until_since(Mark::default(), what, look).await
    }

    /// Waits until `look` finds what it looks for among the facts since `mark`.
    pub(crate) async fn until_since<T>(
        &self,
        mark: Mark,
        what: &str,
        look: impl Fn(&[Fact]) -> Option<T>,
    ) -> T {
        match self.wait_for(mark, look).await {
            Some(found) => found,
            None => panic!("waited for {what}\n{}", self.journal),
        }
    }

    /// Waits until `look` finds what it looks for among the facts since `mark`;
    /// `None` if it does not come.
    pub(crate) async fn wait_for<T>(
        &self,
        mark: Mark,
        look: impl Fn(&[Fact]) -> Option<T>,
    ) -> Option<T> {
        let found = std::future::poll_fn(|context| self.journal.poll_for(mark, &look, context));
        timeout(self.node.runtime(), self.patience, found)
            .await
            .ok()
    }

    /// Waits for the end of a process.
    pub(crate) async fn exit_of(&self, process: ProcessId) -> ExitReason {
        self.until(&format!("the end of {process}"), |facts| {
            let mut exits = facts.iter().filter_map(Fact::exited);
            let exit = exits.find(|(ended, _)| *ended == process);
            exit.map(|(_, reason)| reason.clone())
        })
        .await
    }

    /// When a process ended, if it has.
    pub(crate) fn exit_time(&self, process: ProcessId) -> Option<Timestamp> {
        self.since(Mark::default(), |facts| {
            let ended = |fact: &&Fact| fact.exited().is_some_and(|(ended, _)| ended == process);
            facts.iter().find(ended).map(|fact| fact.at)
        })
    }

    /// Ends the bench: everything stops in order. Gives the trace of all that happened.
    pub(crate) async fn finish(&self) -> Vec<Record> {
        let stopping = self.mark();
        let orderly = self.node.stop(self.patience).await;
        assert!(orderly, "the node had to kill\n{}", self.journal);
        assert_eq!(self.node.process_count(), 0, "\n{}", self.journal);
        self.journal.records(stopping)
    }
}

/// Complains with the journal unless both are equal.
#[track_caller]
pub(crate) fn same<R: Runtime, T: PartialEq + Debug>(bench: &Bench<R>, found: &T, expected: &T) {
    assert!(
        found == expected,
        "found    {found:?}\nexpected {expected:?}\n{}",
        bench.journal
    );
}
