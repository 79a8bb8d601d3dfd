//! Forked children. The only file of the workspace with unsafe code.

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

use super::stopwatch::Stopwatch;

/// A process could not be forked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForkError {
    /// The process has more than one thread: a child would have only one of them,
    /// and whatever locks the others held. No effect; a retry helps once they ended.
    #[error("the process has {threads} threads, and only a process with one may fork")]
    Threads {
        /// How many.
        threads: usize,
    },
    /// The threads could not be counted (`/proc` is missing). No effect.
    #[error("the threads of the process cannot be counted in /proc/self/task")]
    Uncounted(#[source] io::Error),
    /// The operating system refused. No effect; a retry may help.
    #[error("fork failed")]
    Refused(#[source] Errno),
    /// No thread to fork from. No effect; a retry may help.
    #[error("no thread to fork from")]
    NoThread(#[source] io::Error),
}

/// A forked child. Dropping it does not end it: see [`Child::wait`].
#[derive(Debug)]
pub(crate) struct Child(Pid);

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Signalled(Signal),
}

impl Child {
    /// Ends the child at once.
    pub(crate) fn kill(&self) {
        match kill(self.0, Signal::SIGKILL) {
            // Until it is waited for, a child that has ended is still there to be killed;
            // one of another user it cannot be. So there is nothing to report.
            Ok(()) | Err(_) => {}
        }
    }

    /// Ends the child and waits until it is gone.
    pub(crate) fn end(self) {
        self.kill();
        match self.wait() {
            // How it ended tells nothing, for it was ended.
            Ok(ChildEnd::Exited(_) | ChildEnd::Signalled(_)) | Err(_) => {}
        }
    }

    /// Waits for the end of the child.
    pub(crate) fn wait(self) -> Result<ChildEnd, Errno> {
        loop {
            match waitpid(self.0, None) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(ChildEnd::Exited(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(ChildEnd::Signalled(signal)),
                // Stopped and continued children go on; an interrupted wait is repeated.
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Runs `body` in a child of this process, which must have a single thread, or be called
/// on its lone one. The child has that thread only.
pub(crate) fn fork(body: impl FnOnce()) -> Result<Child, ForkError> {
    let place = PLACE.get();
    let body = || {
        PLACE.set(Place::Anywhere);
        body();
    };
    match place {
        Place::Anywhere => {
            single_thread()?;
            fork_now(body)
        }
        Place::Lone => {
            let child = fork_beside_waiting_main(body)?;
            PLACE.set(Place::Settled);
            Ok(child)
        }
        Place::Settled => fork_now(body),
    }
}

/// Refuses if this process has more than one thread.
fn single_thread() -> Result<(), ForkError> {
    match thread_count().map_err(ForkError::Uncounted)? {
        1 => Ok(()),
        threads => Err(ForkError::Threads { threads }),
    }
}

/// Runs `body` in a child of this process, in which the main thread does nothing but
/// wait for the calling thread: the situation of the only test of a process. The
/// child has one thread.
pub(crate) fn fork_beside_waiting_main(body: impl FnOnce()) -> Result<Child, ForkError> {
    let main = nix::unistd::getpid();
    let since = Stopwatch::start();
    loop {
        let threads = thread_count().map_err(ForkError::Uncounted)?;
        let waits = is_asleep(main).map_err(ForkError::Uncounted)?;
        if threads == 2 && nix::unistd::gettid() != main && waits {
            return fork_now(body);
        }
        // The main thread may still be on its way to sleep.
        if threads != 2 || since.elapsed() > SETTLE_MAX {
            return Err(ForkError::Threads { threads });
        }
        thread::yield_now();
    }
}

/// Whether the calling thread is a lone one, and what is known of the main thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is not.
    Anywhere,
    /// It is; whether the main thread waits already was not looked at.
    Lone,
    /// It is, and the main thread waits for its end.
    Settled,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Anywhere) };
}

/// Runs `work` on a lone thread: the main thread, which must be the caller and the only
/// thread, does nothing but wait for its end. A child that is forked there begins with
/// the fresh thread-local state that a thread of its own would have, and spares making
/// that thread, as long as `work` itself touches no such state that a run could tell.
pub(crate) fn on_lone_thread(
    stack_bytes: usize,
    work: impl FnOnce() + Send,
) -> Result<(), ForkError> {
    single_thread()?;
    thread::scope(|scope| {
        thread::Builder::new()
            .name(RUN_THREAD.to_owned())
            .stack_size(stack_bytes)
            .spawn_scoped(scope, || {
                PLACE.set(Place::Lone);
                work();
            })
            .map(|_| ())
            .map_err(ForkError::NoThread)
    })
}

/// The name of a thread that runs.
pub(super) const RUN_THREAD: &str = "run";

/// Whether the calling thread is a lone one.
pub(super) fn is_lone() -> bool {
    PLACE.get() != Place::Anywhere
}

/// How many threads this process has.
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// How long a main thread that has started its only test may take to fall asleep.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// Whether this thread of the process waits for something.
fn is_asleep(thread: Pid) -> io::Result<bool> {
    let status = fs::read_to_string(format!("/proc/self/task/{thread}/stat"))?;
    // The state follows the name, which is in parentheses and may hold any character.
    let state = status.rsplit_once(") ").map(|(_, rest)| rest);
    Ok(state.is_some_and(|state| state.starts_with('S')))
}

/// Forks. The child ends with the calling thread, without running exit handlers and
/// without flushing buffers that it has in common with its parent.
fn fork_now(body: impl FnOnce()) -> Result<Child, ForkError> {
    let parent = nix::unistd::getpid();
    // SAFETY: a child has only the calling thread, so it must not need what another
    // thread was holding. Either there is no other thread; or the other one is the
    // main thread, asleep until the calling thread ends or answers: it holds at most
    // the inner lock of what it waits on, which the child does not touch, and the
    // allocator is made usable in a child by the C library.
    #[expect(unsafe_code, reason = "forks a process in which no lock is held")]
    let forked = unsafe { nix::unistd::fork() }.map_err(ForkError::Refused)?;
    match forked {
        ForkResult::Parent { child } => Ok(Child(child)),
        ForkResult::Child => {
            end_with_parent(parent);
            // Unwinding further would run the parent's code twice.
            let code = match catch_unwind(AssertUnwindSafe(body)) {
                Ok(()) => 0,
                Err(_) => EXIT_PANICKED,
            };
            exit_now(code)
        }
    }
}

/// The exit code of a child whose body panicked: the one of a Rust program.
const EXIT_PANICKED: i32 = 101;

/// Ends the process without exit handlers and without flushing buffers, which are
/// copies of its parent's.
fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    #[expect(
        unsafe_code,
        reason = "the standard library has no exit without handlers"
    )]
    unsafe {
        nix::libc::_exit(code)
    }
}

/// Sees to it that this child does not outlive its parent.
#[cfg(target_os = "linux")]
fn end_with_parent(parent: Pid) {
    let asked = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    // The parent may have ended before it was asked for.
    if asked.is_err() || nix::unistd::getppid() != parent {
        exit_now(EXIT_PANICKED);
    }
}

/// Elsewhere threads cannot be counted, so that nothing is forked.
#[cfg(not(target_os = "linux"))]
fn end_with_parent(_parent: Pid) {}
