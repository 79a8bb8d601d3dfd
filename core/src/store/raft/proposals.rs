//! Proposals on their way into the log, as many in one entry as wait.
//!
//! An entry costs a write, a sync and a message to every other node however little is
//! in it, and those who propose at the same time can share that. Whoever comes first
//! does not wait for others: the first entry goes at once, and what comes while it is
//! on its way goes together in the next.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use openraft::error::RaftError;

use super::ambient::Inside;
use super::consensus::Batch;
use super::rpc::Miss;
use super::running::Running;
use crate::process::ExitReason;
use crate::process::reply::{ReplySender, reply};
use crate::runtime::{Runtime, timeout};
use crate::store::machine::{Proposal, Refusal, Response};

/// How many proposals wait for a place in an entry.
const WAITING_MAX: usize = 1_024;

/// How many proposals share one entry, and how many bytes they have, unless the first
/// alone has more.
const BATCH_LEN_MAX: usize = 256;
const BATCH_BYTES_MAX: usize = 1 << 17;

/// How many entries are on their way at once.
const ENTRIES_MAX: usize = 3;

/// How many election times an entry may be on its way before it is given up: whoever
/// leads without a majority for so long has probably been replaced.
const ELECTIONS_MAX: u32 = 5;

/// What came of a proposal.
pub(super) type Answer = Result<Result<Response, Refusal>, Miss>;

struct Waiting {
    proposal: Proposal,
    bytes: usize,
    answer: ReplySender<Answer>,
}

struct Queue {
    open: bool,
    waiting: VecDeque<Waiting>,
    writer: Option<Waker>,
}

/// The proposals of one run. Shared by its parts.
#[derive(Clone)]
pub(super) struct Proposals(Arc<Mutex<Queue>>);

impl Proposals {
    /// Takes proposals once a writer runs, and before.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Queue {
            open: true,
            waiting: VecDeque::new(),
            writer: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something proposed, and waits for what comes of it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it happens.
    pub(super) async fn propose(&self, proposal: Proposal) -> Answer {
        let bytes = postcard::experimental::serialized_size(&proposal);
        let bytes = bytes.unwrap_or(BATCH_BYTES_MAX);
        let (answer, answered) = reply();
        let writer = {
            let mut queue = self.lock();
            if !queue.open {
                return Err(Miss::NotLeader(None));
            }
            if queue.waiting.len() == WAITING_MAX {
                return Err(Miss::Busy);
            }
            queue.waiting.push_back(Waiting {
                proposal,
                bytes,
                answer,
            });
            queue.writer.take()
        };
        if let Some(writer) = writer {
            writer.wake();
        }
        answered.await.unwrap_or(Err(Miss::Unknown))
    }

    /// What goes into the next entry, once there is something.
    fn poll_batch(&self, waker: &Waker) -> Poll<(Vec<Proposal>, Vec<ReplySender<Answer>>)> {
        let mut queue = self.lock();
        let (mut proposals, mut answers, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(next) = queue.waiting.pop_front() {
            bytes += next.bytes;
            let full = proposals.len() == BATCH_LEN_MAX || bytes > BATCH_BYTES_MAX;
            if full && !proposals.is_empty() {
                queue.waiting.push_front(next);
                break;
            }
            // What nobody waits for any more was withdrawn.
            if next.answer.is_awaited() {
                proposals.push(next.proposal);
                answers.push(next.answer);
            }
        }
        if proposals.is_empty() {
            queue.writer = Some(waker.clone());
            return Poll::Pending;
        }
        Poll::Ready((proposals, answers))
    }

    /// Refuses what waits and whatever comes.
    fn close(&self) {
        let waiting = {
            let mut queue = self.lock();
            queue.open = false;
            std::mem::take(&mut queue.waiting)
        };
        let answers = waiting.into_iter().map(|it| it.answer);
        let nobody = |()| Err(Miss::NotLeader(None));
        give(answers, nobody, std::iter::repeat(()));
    }
}

/// Answers everybody in turn.
fn give<T>(
    answers: impl IntoIterator<Item = ReplySender<Answer>>,
    answer: impl Fn(T) -> Answer,
    values: impl Iterator<Item = T>,
) {
    for (waits, value) in answers.into_iter().zip(values) {
        // Whoever does not wait any more does not need it.
        drop(waits.send(answer(value)));
    }
}

/// Ends the queue however its writer ends.
struct Closing(Proposals);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// One entry on its way; answers whether consensus goes on.
type Entry = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Puts proposals into the log until consensus stops.
pub(super) async fn run<R: Runtime>(running: Running<R>) -> ExitReason {
    let _closing = Closing(running.proposals.clone());
    let host = running.host.clone();
    let mut entries: Vec<Entry> = Vec::new();
    let write = std::future::poll_fn(move |task| poll_write(&running, &mut entries, task));
    Inside::new(host, write).await
}

fn poll_write<R: Runtime>(
    running: &Running<R>,
    entries: &mut Vec<Entry>,
    task: &mut Context<'_>,
) -> Poll<ExitReason> {
    loop {
        let mut stopped = false;
        entries.retain_mut(|entry| match entry.as_mut().poll(task) {
            Poll::Pending => true,
            Poll::Ready(goes_on) => {
                stopped |= !goes_on;
                false
            }
        });
        if stopped {
            return Poll::Ready(ExitReason::Normal);
        }
        if entries.len() == ENTRIES_MAX {
            return Poll::Pending;
        }
        match running.proposals.poll_batch(task.waker()) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready((proposals, answers)) => {
                entries.push(Box::pin(write(running.clone(), proposals, answers)));
            }
        }
    }
}

async fn write<R: Runtime>(
    running: Running<R>,
    proposals: Vec<Proposal>,
    answers: Vec<ReplySender<Answer>>,
) -> bool {
    let leader = running.leader();
    if leader != Some(running.me()) {
        give(
            answers,
            |()| Err(Miss::NotLeader(leader)),
            std::iter::repeat(()),
        );
        return true;
    }
    // An entry that another leader's snapshot took the place of is never answered.
    let limit = running.election * ELECTIONS_MAX;
    let written = running.raft.client_write(Batch(proposals));
    let Ok(written) = timeout(running.node.runtime(), limit, written).await else {
        give(answers, |()| Err(Miss::Unknown), std::iter::repeat(()));
        return true;
    };
    match written {
        Ok(written) => {
            give(answers, Ok, written.data.0.into_iter());
            true
        }
        // It may have been in the log already when the lead was lost.
        Err(error) => {
            let goes_on = !matches!(error, RaftError::Fatal(_));
            give(answers, |()| Err(Miss::Unknown), std::iter::repeat(()));
            goes_on
        }
    }
}
