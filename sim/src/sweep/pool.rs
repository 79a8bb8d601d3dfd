//! Workers that are forked before anything else happens and take jobs one by one.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, PipeReader, PipeWriter};
use std::marker::PhantomData;
use std::mem;
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::isolation::{
    Child, ForkError, FrameError, FrameReader, STACK_BYTES, fork, on_lone_thread, read_frame,
    wait_readable, write_frame,
};

/// How many jobs a worker has at a time: the one it does and the next.
const OUTSTANDING_MAX: usize = 2;

/// How many answers per worker wait for an earlier one that takes long.
const WAITING_MAX: usize = 64;

/// The workers failed. What was done until then has been handed over; a retry of the
/// whole may help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A worker could not be started. See [`ForkError`].
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The operating system failed.
    #[error("the pipe to a worker failed")]
    Io(#[from] io::Error),
    /// A worker ended while it had a job, for example because memory ran out.
    #[error("a worker ended in the middle of its work ({end})")]
    WorkerEnded {
        /// How.
        end: String,
    },
    /// A worker could not do its job.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// A job or an answer cannot be written or read as bytes.
    #[error("a message to or from a worker cannot be encoded")]
    Encoding(#[from] postcard::Error),
}

struct Worker {
    child: Child,
    jobs: PipeWriter,
    answers: PipeReader,
    reader: FrameReader,
    /// The jobs that it has, oldest first, by number.
    outstanding: VecDeque<u64>,
}

/// Forked single-threaded workers that turn jobs into answers.
pub(super) struct Pool<J, T> {
    workers: Vec<Worker>,
    messages: PhantomData<fn(J) -> T>,
}

impl<J, T> Pool<J, T>
where
    J: Serialize + DeserializeOwned,
    T: Serialize + DeserializeOwned,
{
    /// Forks `count` workers that do `work`. The calling process must have one
    /// thread; afterwards it may have more.
    pub(super) fn fork(
        count: usize,
        mut work: impl FnMut(J) -> Result<T, String> + Send,
    ) -> Result<Self, PoolError> {
        let mut pool = Self {
            workers: Vec::with_capacity(count),
            messages: PhantomData,
        };
        for _ in 0..count {
            let (their_jobs, jobs) = io::pipe()?;
            let (answers, their_answers) = io::pipe()?;
            let workers = &mut pool.workers;
            let work = &mut work;
            let child = fork(move || {
                // A copy of another worker's pipe would keep that worker waiting.
                drop(mem::take(workers));
                // Whoever waits for an answer sees a worker end that has no thread.
                drop(on_lone_thread(STACK_BYTES, || {
                    serve(their_jobs, their_answers, work);
                }));
            })?;
            pool.workers.push(Worker {
                child,
                jobs,
                answers,
                reader: FrameReader::default(),
                outstanding: VecDeque::new(),
            });
        }
        Ok(pool)
    }

    /// Has all jobs done and hands the answers over in the order of the jobs. A
    /// `Break` leaves the rest undone. `tick` is called after every job that is done,
    /// in whatever order.
    pub(super) fn run(
        mut self,
        jobs: impl Iterator<Item = J>,
        mut tick: impl FnMut(&T),
        mut take: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), PoolError> {
        let mut jobs = (0_u64..).zip(jobs).fuse().peekable();
        let mut waiting: BTreeMap<u64, T> = BTreeMap::new();
        let mut next = 0;
        let window = (self.workers.len() * WAITING_MAX) as u64;
        loop {
            for depth in 1..=OUTSTANDING_MAX {
                for worker in &mut self.workers {
                    let free = worker.outstanding.len() < depth;
                    if free && let Some((number, job)) = jobs.next_if(|(n, _)| n - next < window) {
                        worker.give(number, &job)?;
                    }
                }
            }
            if self
                .workers
                .iter()
                .all(|worker| worker.outstanding.is_empty())
            {
                return Ok(());
            }
            for (number, answer) in self.collect()? {
                tick(&answer);
                waiting.insert(number, answer);
            }
            while let Some(answer) = waiting.remove(&next) {
                next += 1;
                if take(answer).is_break() {
                    return Ok(());
                }
            }
        }
    }

    /// Waits for workers and reads what is there.
    fn collect(&mut self) -> Result<Vec<(u64, T)>, PoolError> {
        let pipes: Vec<_> = self
            .workers
            .iter()
            .map(|worker| worker.answers.as_fd())
            .collect();
        let ready = wait_readable(&pipes, None)?;
        let mut answers = Vec::new();
        for (worker, _) in self
            .workers
            .iter_mut()
            .zip(ready)
            .filter(|(_, ready)| *ready)
        {
            answers.extend(worker.take()?);
        }
        Ok(answers)
    }
}

impl<J, T> Drop for Pool<J, T> {
    fn drop(&mut self) {
        for worker in self.workers.drain(..) {
            worker.child.end();
        }
    }
}

impl Worker {
    fn give(&mut self, number: u64, job: &impl Serialize) -> Result<(), PoolError> {
        let written = write_frame(&mut self.jobs, &postcard::to_stdvec(job)?);
        self.outstanding.push_back(number);
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(PoolError::WorkerEnded {
                    end: "it takes no more jobs".to_owned(),
                })
            }
            written => Ok(written?),
        }
    }

    fn take<T: DeserializeOwned>(&mut self) -> Result<Option<(u64, T)>, PoolError> {
        let frame = match self.reader.read(&mut self.answers) {
            Ok(None) => return Ok(None),
            Ok(Some(frame)) => frame,
            Err(FrameError::Io(error)) => return Err(error.into()),
            Err(
                error @ (FrameError::Closed | FrameError::TimedOut | FrameError::TooLong { .. }),
            ) => {
                return Err(PoolError::WorkerEnded {
                    end: error.to_string(),
                });
            }
        };
        let answer: Result<T, String> = postcard::from_bytes(&frame)?;
        let number = self.outstanding.pop_front();
        match (number, answer) {
            (Some(number), Ok(answer)) => Ok(Some((number, answer))),
            (_, Err(reason)) => Err(PoolError::Failed { reason }),
            (None, Ok(_)) => Err(PoolError::WorkerEnded {
                end: "it answered without a job".to_owned(),
            }),
        }
    }
}

/// In a worker, on its lone thread: does jobs until there are no more. It makes no hash
/// map and draws nothing at random: the children that are forked for the jobs have the
/// thread-local state that it leaves behind.
fn serve<J: DeserializeOwned, T: Serialize>(
    mut jobs: PipeReader,
    mut answers: PipeWriter,
    mut work: impl FnMut(J) -> Result<T, String>,
) {
    while let Ok(frame) = read_frame(&mut jobs, None) {
        let answer = match postcard::from_bytes(&frame) {
            Ok(job) => work(job),
            Err(error) => Err(error.to_string()),
        };
        let Ok(bytes) = postcard::to_stdvec(&answer) else {
            return;
        };
        if write_frame(&mut answers, &bytes).is_err() {
            return;
        }
    }
}
