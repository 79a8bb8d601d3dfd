//! A closure in a process of its own, on a fresh thread, under a watchdog.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::child::{ChildEnd, ForkError, RUN_THREAD, fork, is_lone, thread_count};
use super::frame::{FRAME_MAX, FrameError, read_frame, write_frame};
use super::last_words::LastWords;

/// The stack of the thread that a run has for itself.
pub(crate) const STACK_BYTES: usize = 8 * 1024 * 1024;

/// How an isolated closure ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending<T> {
    /// It returned.
    Returned(T),
    /// It panicked, with this text.
    Panicked(String),
    /// It was killed at the wall-clock limit.
    TimedOut,
    /// It was ended by a signal.
    Signalled {
        /// Which; `SIGABRT` for an abort.
        signal: String,
        /// The last panics before that, if there were any.
        last_panics: String,
    },
    /// It ended its process with this code.
    Exited(i32),
}

/// A closure could not be isolated, or its answer did not come back. Whatever it
/// did, it did in a process that is gone; see the variants for retries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// No process for it; it did not run. See [`ForkError`].
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The operating system failed; it may have run. A retry may help.
    #[error("the pipe to an isolated run failed")]
    Pipe(#[source] io::Error),
    /// No thread for it; it did not run. A retry may help.
    #[error("no thread for an isolated run: {reason}")]
    Thread {
        /// What the operating system says.
        reason: String,
    },
    /// It ran, and its answer is longer than is sent back. A retry cannot help;
    /// capture less.
    #[error(
        "the answer of an isolated run has {bytes} bytes, more than {}",
        FRAME_MAX
    )]
    AnswerTooLong {
        /// Its length.
        bytes: u64,
    },
    /// It ran, and its answer cannot be written or read as bytes. A retry cannot help.
    #[error("the answer of an isolated run cannot be encoded: {reason}")]
    Encoding {
        /// What the codec says.
        reason: String,
    },
}

/// What a child sends back.
#[derive(Serialize, Deserialize)]
enum Answer<T> {
    Returned(T),
    Panicked(String),
    Unsent(Unsent),
}

/// Why a child cannot send its answer.
#[derive(Serialize, Deserialize)]
enum Unsent {
    Thread(String),
    TooLong(u64),
    Encoding(String),
}

/// Whether this process can fork: whether it has a single thread.
#[must_use]
pub fn is_single_threaded() -> bool {
    // Where threads cannot be counted there is no isolation by fork.
    thread_count().is_ok_and(|threads| threads == 1)
}

/// Runs `work` in a forked child, on a thread with fresh state, and sends its answer
/// back; kills it after `limit` of wall-clock time. The calling process must have one
/// thread.
///
/// # Errors
///
/// See [`IsolationError`]. A panic, a crash or a hang of `work` is no error but an
/// [`Ending`].
pub fn isolate<T, F>(limit: Duration, work: F) -> Result<Ending<T>, IsolationError>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnOnce() -> T + Send,
{
    let (mut reader, mut writer) = io::pipe().map_err(IsolationError::Pipe)?;
    let last_words = LastWords::new().map_err(IsolationError::Pipe)?;
    let shared = last_words.clone();
    // The closure owns the writing end, so the parent's copy is closed with it.
    // If the parent has given up reading, it sees a child end without an answer.
    let lone = is_lone();
    let child = fork(move || {
        shared.listen();
        let ending = if lone {
            Ok(on_this_thread(work))
        } else {
            on_fresh_thread(work)
        };
        drop(write_frame(&mut writer, &encode_answer(ending)));
    })?;
    let frame = read_frame(&mut reader, Some(limit));
    if !matches!(frame, Ok(_) | Err(FrameError::Closed)) {
        child.kill();
    }
    let ended = child
        .wait()
        .map_err(|error| IsolationError::Pipe(error.into()))?;
    match frame {
        Ok(bytes) => decode_answer(&bytes),
        Err(FrameError::TimedOut) => Ok(Ending::TimedOut),
        Err(FrameError::Closed) => Ok(match ended {
            ChildEnd::Exited(code) => Ending::Exited(code),
            ChildEnd::Signalled(signal) => Ending::Signalled {
                signal: signal.as_str().to_owned(),
                last_panics: last_words.read().map_err(IsolationError::Pipe)?,
            },
        }),
        Err(FrameError::TooLong { bytes }) => Err(IsolationError::AnswerTooLong { bytes }),
        Err(FrameError::Io(error)) => Err(IsolationError::Pipe(error)),
    }
}

/// Runs `work` on a fresh thread of this process: fresh thread-local state, but
/// whatever is kept for the whole process is as earlier runs left it.
///
/// # Errors
///
/// [`IsolationError::Thread`] if no thread could be started.
pub fn on_fresh_thread<T, F>(work: F) -> Result<Ending<T>, IsolationError>
where
    T: Send,
    F: FnOnce() -> T + Send,
{
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name(RUN_THREAD.to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| IsolationError::Thread {
                reason: error.to_string(),
            })?;
        Ok(match thread.join() {
            Ok(value) => Ending::Returned(value),
            Err(payload) => Ending::Panicked(panic_text(&*payload)),
        })
    })
}

/// Runs `work` right here: the thread has fresh state, and ends with its process.
fn on_this_thread<T>(work: impl FnOnce() -> T) -> Ending<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Ending::Returned(value),
        Err(payload) => Ending::Panicked(panic_text(&*payload)),
    }
}

/// What a child sends back, as bytes.
pub(super) fn encode_answer<T: Serialize>(ending: Result<Ending<T>, IsolationError>) -> Vec<u8> {
    let answer = match ending {
        Ok(Ending::Returned(value)) => Answer::Returned(value),
        Ok(Ending::Panicked(text)) => Answer::Panicked(text),
        Ok(Ending::TimedOut | Ending::Signalled { .. } | Ending::Exited(_)) => {
            unreachable!("a thread of this process neither times out nor ends a process")
        }
        Err(error) => Answer::Unsent(Unsent::Thread(error.to_string())),
    };
    match postcard::to_stdvec(&answer) {
        Ok(bytes) if bytes.len() <= FRAME_MAX => bytes,
        Ok(bytes) => encode_unsent(Unsent::TooLong(bytes.len() as u64)),
        Err(error) => encode_unsent(Unsent::Encoding(error.to_string())),
    }
}

fn encode_unsent(unsent: Unsent) -> Vec<u8> {
    postcard::to_stdvec(&Answer::<()>::Unsent(unsent))
        .expect("memory can be written to, and a short text has an encoding")
}

/// What a child has sent back.
pub(super) fn decode_answer<T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<Ending<T>, IsolationError> {
    match postcard::from_bytes(bytes) {
        Ok(Answer::Returned(value)) => Ok(Ending::Returned(value)),
        Ok(Answer::Panicked(text)) => Ok(Ending::Panicked(text)),
        Ok(Answer::Unsent(Unsent::Thread(reason))) => Err(IsolationError::Thread { reason }),
        Ok(Answer::Unsent(Unsent::TooLong(bytes))) => Err(IsolationError::AnswerTooLong { bytes }),
        Ok(Answer::Unsent(Unsent::Encoding(reason))) => Err(IsolationError::Encoding { reason }),
        Err(error) => Err(IsolationError::Encoding {
            reason: error.to_string(),
        }),
    }
}

pub(super) fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_owned()
    }
}
