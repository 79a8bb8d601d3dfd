//! The facts that core announced, in order, with their times.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::{Incarnation, NodeId, Timestamp};
use steadfast_sim::trace::render::{Options, render};
use steadfast_sim::trace::{NodeEvent, Record, RunEvent, TaskEvent, TraceEvent};

use super::task::Tasks;

/// One fact.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// When it was announced, on the node's clock.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) event: Event,
}

impl Fact {
    /// The process that ended here, and why.
    pub(crate) const fn exited(&self) -> Option<(ProcessId, &ExitReason)> {
        if let Event::Process(ProcessEvent::Exited { process, reason }) = &self.event {
            Some((*process, reason))
        } else {
            None
        }
    }

    /// The fact, if a supervisor announced it.
    pub(crate) const fn supervision(&self) -> Option<&SupervisionEvent> {
        if let Event::Supervision(event) = &self.event {
            Some(event)
        } else {
            None
        }
    }
}

/// A place in a journal: how many facts came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Mark(pub(super) usize);

#[derive(Default)]
struct Pages {
    written: u64,
    facts: Vec<Fact>,
    /// What became of tasks, each with the number of facts before it.
    tasks: Vec<(usize, Timestamp, TaskEvent)>,
    readers: Vec<Waker>,
}

/// Writes down facts and wakes whoever waits for one. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pages: Arc<Mutex<Pages>>,
    tasks: Arc<Tasks>,
    only_counts: bool,
}

impl Journal {
    /// A journal that counts and keeps nothing, for cases of many facts.
    pub(crate) fn only_counts() -> Self {
        Self {
            only_counts: true,
            ..Self::default()
        }
    }

    /// How many facts there were.
    pub(crate) fn facts(&self) -> u64 {
        self.lock().written
    }

    /// What is known of the tasks.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Writes down what became of a task.
    pub(crate) fn write_task(&self, at: Timestamp, event: TaskEvent) {
        if self.only_counts {
            return;
        }
        let mut pages = self.lock();
        let place = pages.facts.len();
        pages.tasks.push((place, at, event));
    }

    /// Writes down a fact.
    pub(crate) fn write(&self, at: Timestamp, event: Event) {
        let readers = {
            let mut pages = self.lock();
            pages.written += 1;
            if self.only_counts {
                return;
            }
            pages.facts.push(Fact { at, event });
            std::mem::take(&mut pages.readers)
        };
        readers.into_iter().for_each(Waker::wake);
    }

    /// The place after the last fact so far.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().facts.len())
    }

    /// Looks at the facts before `mark`.
    pub(crate) fn read_before<T>(&self, mark: Mark, look: impl FnOnce(&[Fact]) -> T) -> T {
        look(&self.lock().facts[..mark.0])
    }

    /// Looks at the facts from `mark` on.
    pub(crate) fn read<T>(&self, mark: Mark, look: impl FnOnce(&[Fact]) -> T) -> T {
        look(&self.lock().facts[mark.0..])
    }

    /// Ready once `look` finds something from `mark` on; otherwise looks again at the
    /// next fact.
    pub(crate) fn poll_for<T>(
        &self,
        mark: Mark,
        look: impl FnOnce(&[Fact]) -> Option<T>,
        context: &Context<'_>,
    ) -> Poll<T> {
        let mut pages = self.lock();
        if let Some(found) = look(&pages.facts[mark.0..]) {
            return Poll::Ready(found);
        }
        let known = |reader: &Waker| reader.will_wake(context.waker());
        if !pages.readers.iter().any(known) {
            pages.readers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// The facts as the trace of a run of one node, whose orderly stop began at
    /// `stopping` and is over.
    pub(crate) fn records(&self, stopping: Mark) -> Vec<Record> {
        const NODE: NodeId = NodeId(1);
        let incarnation = Incarnation(1);
        let pages = self.lock();
        let last = pages.facts.last().map_or(Timestamp::ZERO, |fact| fact.at);
        let mut tasks = pages.tasks.iter().peekable();
        let mut events = vec![(
            Timestamp::ZERO,
            TraceEvent::Node(NodeEvent::Started { incarnation }),
        )];
        for place in 0..=pages.facts.len() {
            if place == stopping.0 {
                let now = events.last().map_or(last, |(at, _)| *at);
                let stopping = NodeEvent::Stopping { incarnation };
                events.push((now, TraceEvent::Node(stopping)));
            }
            while let Some((_, at, task)) = tasks.next_if(|(before, ..)| *before <= place) {
                events.push((*at, TraceEvent::Task(task.clone())));
            }
            if let Some(fact) = pages.facts.get(place) {
                events.push((fact.at, TraceEvent::Core(fact.event.clone())));
            }
        }
        let orderly = true;
        let stopped = NodeEvent::Stopped {
            incarnation,
            orderly,
        };
        events.push((last, TraceEvent::Node(stopped)));
        events.push((last, TraceEvent::Run(RunEvent::Finished)));
        let records = events.into_iter().enumerate();
        let records = records.map(|(index, (at, event))| Record {
            index: index as u64,
            time: at.0,
            node: Some(NODE),
            event,
        });
        records.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.records(self.mark());
        f.write_str(&last_lines(&records))
    }
}

/// The end of a trace as text: as much of it as is worth reading in a failed test.
pub(crate) fn last_lines(records: &[Record]) -> String {
    const SHOWN: usize = 60;
    let text = render(records, Options::STORY);
    let lines: Vec<_> = text.lines().collect();
    let hidden = lines.len().saturating_sub(SHOWN);
    format!(
        "after {hidden} other lines:\n{}\n",
        lines[hidden..].join("\n")
    )
}
