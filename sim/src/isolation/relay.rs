//! A closure of a test in a process with one thread.
//!
//! The test harness runs every test on a thread of its own, and a process with
//! several threads cannot fork. So the calling test is executed once more, alone, in
//! an inner process of the same test executable. When the inner process comes to the
//! same call, its main thread only waits, and a fork leaves everything but the
//! calling thread behind. The closure runs there, and its answer is handed up.

use std::cell::Cell;
use std::collections::VecDeque;
use std::env;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::{ForkError, fork_beside_waiting_main};
use super::frame::{FrameError, FrameReader, read_frame, wait_readable, write_frame};
use super::isolate::{
    Ending, IsolationError, decode_answer, encode_answer, is_single_threaded, panic_text,
};
use super::stopwatch::Stopwatch;

/// Marks an inner process. Its value is the number of the call that it answers.
const INNER_CALL: &str = "STEADFAST_INNER_CALL";

/// How much of what an inner process prints is kept.
const OUTPUT_MAX: usize = 64 * 1024;

/// How long an inner process may go on after its answer.
const EXIT_MAX: Duration = Duration::from_secs(5);

thread_local! {
    /// How many calls this thread, which is one test, has made: an inner process
    /// makes the same calls and answers the one that it is for.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// How a run is kept apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separation {
    /// In a forked process: the caller has one thread.
    Process,
    /// On a fresh thread, because there is no process with one thread to be had.
    Thread,
}

/// An inner process did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The operating system failed. A retry may help.
    #[error("the inner process of a test could not be run")]
    Io(#[from] io::Error),
    /// It could not fork. See [`ForkError`].
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// It ended before it had answered. A retry does the same.
    #[error(
        "the inner process of the test ended without an answer ({status}); it printed:\n{output}"
    )]
    Ended {
        /// How.
        status: ExitStatus,
        /// The last of what it printed.
        output: String,
    },
    /// Its answer could not be sent or read. A retry cannot help.
    #[error(transparent)]
    Answer(#[from] IsolationError),
}

/// Runs `work` in a process with one thread if there is a way, else right here, and
/// tells it which.
///
/// # Errors
///
/// See [`RelayError`].
///
/// # Panics
///
/// If `work` does, with its text.
pub fn relay<T, F>(work: F) -> Result<T, RelayError>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnOnce(Separation) -> T,
{
    if is_single_threaded() {
        return Ok(work(Separation::Process));
    }
    let call = CALLS.get() + 1;
    CALLS.set(call);
    let answer = match inner_call() {
        Some(wanted) => {
            let frame = beside_waiting_main(work)?;
            if wanted == call {
                hand_up(&frame)?;
            }
            decode_answer(&frame)?
        }
        None => match test_name() {
            Some(test) => match execute_inner(&test, call)? {
                Some(frame) => decode_answer(&frame)?,
                None => return Ok(work(Separation::Thread)),
            },
            None => return Ok(work(Separation::Thread)),
        },
    };
    match answer {
        Ending::Returned(value) => Ok(value),
        Ending::Panicked(text) => panic!("{text}"),
        Ending::TimedOut | Ending::Signalled { .. } | Ending::Exited(_) => {
            unreachable!("an answer is a value or the text of a panic")
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an inner process knows what it is for by its environment alone"
)]
fn inner_call() -> Option<u64> {
    env::var(INNER_CALL).ok()?.parse().ok()
}

/// The name of the test that the calling thread runs.
pub(crate) fn test_name() -> Option<String> {
    let thread = thread::current();
    let name = thread.name()?;
    (name != "main").then(|| name.to_owned())
}

/// In the inner process: runs `work` in a fork, and answers its encoded answer.
fn beside_waiting_main<T, F>(work: F) -> Result<Vec<u8>, RelayError>
where
    T: Serialize + Send,
    F: FnOnce(Separation) -> T,
{
    let (mut reader, mut writer) = io::pipe()?;
    let child = fork_beside_waiting_main(move || {
        let ending = match catch_unwind(AssertUnwindSafe(|| work(Separation::Process))) {
            Ok(value) => Ending::Returned(value),
            Err(payload) => Ending::Panicked(panic_text(&*payload)),
        };
        // If the parent has given up reading, it sees this child end without an answer.
        drop(write_frame(&mut writer, &encode_answer(Ok(ending))));
    })?;
    let frame = read_frame(&mut reader, None);
    let ended = child.wait().map_err(io::Error::from)?;
    match frame {
        Ok(frame) => Ok(frame),
        Err(FrameError::Io(error)) => Err(error.into()),
        Err(FrameError::Closed | FrameError::TimedOut | FrameError::TooLong { .. }) => {
            Err(io::Error::other(format!("the fork of a test ended early: {ended:?}")).into())
        }
    }
}

/// In the inner process: gives the answer to the outer one, which gave its end of a
/// socket as standard input, and ends.
fn hand_up(frame: &[u8]) -> Result<(), RelayError> {
    let mut outer = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    write_frame(&mut outer, frame)?;
    process::exit(0)
}

/// In the outer process: executes the test again. Answers `None` if the executable
/// knows no test of that name and has done nothing.
fn execute_inner(test: &str, call: u64) -> Result<Option<Vec<u8>>, RelayError> {
    let (mut answers, theirs) = UnixStream::pair()?;
    let (mut printed, output) = io::pipe()?;
    let mut inner = Command::new(env::current_exe()?)
        .args([test, "--exact", "--include-ignored"])
        .args(["--test-threads=1", "--nocapture"])
        .env(INNER_CALL, call.to_string())
        .stdin(OwnedFd::from(theirs))
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let mut tail = Tail::default();
    let frame = await_answer(&mut answers, &mut printed, &mut tail);
    if frame.is_err() {
        inner.kill()?;
    }
    let status = inner.wait()?;
    tail.drain(&mut printed)?;
    let text = tail.into_text(test);
    match frame? {
        Some(frame) => {
            relay_output(&text);
            Ok(Some(frame))
        }
        None if status.success() => Ok(None),
        None => Err(RelayError::Ended {
            status,
            output: text,
        }),
    }
}

/// Reads the answer while taking what is printed, so that neither pipe fills up.
/// Answers `None` if the inner process ends without an answer.
fn await_answer(
    answers: &mut UnixStream,
    printed: &mut PipeReader,
    tail: &mut Tail,
) -> Result<Option<Vec<u8>>, RelayError> {
    let mut reader = FrameReader::default();
    let mut prints = true;
    loop {
        let ready = if prints {
            wait_readable(&[answers.as_fd(), printed.as_fd()], None)?
        } else {
            wait_readable(&[answers.as_fd()], None)?
        };
        if ready.get(1) == Some(&true) {
            prints = tail.take_from(printed)?;
        }
        if ready[0] {
            match reader.read(answers) {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(FrameError::Closed) => return Ok(None),
                Err(FrameError::TooLong { bytes }) => {
                    return Err(IsolationError::AnswerTooLong { bytes }.into());
                }
                Err(FrameError::Io(error)) => return Err(error.into()),
                Err(FrameError::TimedOut) => unreachable!("nothing is timed here"),
            }
        }
    }
}

/// Prints what the inner process printed, so that the harness shows it with the test.
#[expect(
    clippy::print_stdout,
    reason = "the output of a test belongs where the harness captures it"
)]
fn relay_output(text: &str) {
    if !text.is_empty() {
        print!("{text}");
    }
}

/// The last bytes of an output.
#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    /// Reads once; answers whether there may be more.
    fn take_from(&mut self, pipe: &mut PipeReader) -> io::Result<bool> {
        let mut buffer = [0; 4_096];
        let count = match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            count => count?,
        };
        self.0.extend(&buffer[..count]);
        let excess = self.0.len().saturating_sub(OUTPUT_MAX);
        self.0.drain(..excess);
        Ok(count > 0)
    }

    /// Reads to the end, as long as a process that is exiting may take.
    fn drain(&mut self, pipe: &mut PipeReader) -> io::Result<()> {
        let since = Stopwatch::start();
        while wait_readable(&[pipe.as_fd()], Some(since.left(EXIT_MAX)))?[0] {
            if !self.take_from(pipe)? {
                break;
            }
        }
        Ok(())
    }

    /// The text without what the harness of the inner process says on its own.
    fn into_text(self, test: &str) -> String {
        let bytes: Vec<u8> = self.0.into();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let preamble = format!("\nrunning 1 test\ntest {test} ... ");
        match text.strip_prefix(&preamble) {
            Some(rest) => rest.to_owned(),
            None => text,
        }
    }
}
