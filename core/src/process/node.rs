//! The processes of one incarnation of one node.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::task::Waker;
use std::time::Duration;

use super::context::{Context, ProcessSpec};
use super::control::{Control, Start};
use super::exit::{ExitReason, IntoExit};
use super::exit_hook::ExitHook;
use super::id::ProcessId;
use super::reply::{ReplyReceiver, ReplySender, reply};
use super::table::{Table, Wakers, Watcher};
use super::task::ProcessTask;
use crate::event::{Event, ProcessEvent};
use crate::failure::{Failure, FailureBook, FailureId};
use crate::label::Label;
use crate::runtime::{Runtime, timeout};

struct Shared<R> {
    runtime: R,
    table: Mutex<Table>,
    failures: AtomicU64,
    exit_hooks: RwLock<Vec<Weak<dyn ExitHook>>>,
}

/// One incarnation of one node: its runtime and its processes. Cheap to clone.
///
/// Give it one top-level supervisor with [`start`](Self::start) and end it with
/// [`stop`](Self::stop).
pub struct Node<R: Runtime>(Arc<Shared<R>>);

impl<R: Runtime> Clone for Node<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A process could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The parent, or the node, is ending. No effect; a retry cannot help.
    #[error("the parent is ending")]
    ParentEnding,
    /// The node holds [`Node::PROCESSES_MAX`] processes. No effect; a retry helps
    /// once some have ended.
    #[error("the node holds its maximum of {} processes", .limit)]
    TooManyProcesses {
        /// The limit.
        limit: usize,
    },
}

impl<R: Runtime> Node<R> {
    /// How many processes one node holds.
    pub const PROCESSES_MAX: usize = 4_000_000;

    /// A node without processes.
    #[must_use]
    pub fn new(runtime: R) -> Self {
        Self(Arc::new(Shared {
            runtime,
            table: Mutex::default(),
            failures: AtomicU64::new(0),
            exit_hooks: RwLock::default(),
        }))
    }

    /// The runtime.
    #[must_use]
    pub fn runtime(&self) -> &R {
        &self.0.runtime
    }

    /// Starts a process without a parent, usually the top supervisor. A `body` that
    /// panics when it is called ends the process as one that panics when it runs.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    #[track_caller]
    pub fn start<B, F>(&self, spec: ProcessSpec, body: B) -> Result<ProcessId, SpawnError>
    where
        B: FnOnce(Context<R>) -> F,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        self.spawn(None, spec, None, body)
            .map(|(process, _)| process)
    }

    /// Asks a process to exit with `reason`. A process that traps exits gets it as
    /// a [`Signal`](super::Signal); any other ends, unless the reason is `Normal`,
    /// which is then ignored. No effect on a process that is gone, nor on one that has
    /// yet to look at the same request from the same origin.
    pub fn exit(&self, process: ProcessId, reason: &ExitReason) {
        self.exit_from(None, process, reason);
    }

    /// Ends a process without asking. No effect on a process that is gone.
    pub fn kill(&self, process: ProcessId) {
        self.with_table(|table, wakers| table.kill(process, wakers));
    }

    /// Whether the process exists (it may be on its way out).
    #[must_use]
    pub fn is_alive(&self, process: ProcessId) -> bool {
        self.lock().entry(process).is_some()
    }

    /// How many processes exist.
    #[must_use]
    pub fn process_count(&self) -> usize {
        self.lock().len()
    }

    /// Names from the root down to the process; `None` if it is gone.
    #[must_use]
    pub fn path(&self, process: ProcessId) -> Option<Label> {
        self.lock().path(process)
    }

    /// Waits for the end of a process; [`ExitReason::NoProcess`] if it is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the watch.
    pub async fn exited(&self, process: ProcessId) -> ExitReason {
        self.watch_exit(process)
            .await
            .unwrap_or(ExitReason::NoProcess)
    }

    /// Stops everything: refuses new top-level processes, asks each of the present
    /// ones to shut down, the youngest first, and kills those that take longer than
    /// `limit` each. Answers whether nothing had to be killed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the node refusing new processes and the rest as
    /// it is; calling again goes on.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.lock().close();
        let mut orderly = true;
        let mut roots = self.lock().roots();
        while let Some(root) = roots.pop() {
            let ended = self.watch_exit(root);
            self.exit(root, &ExitReason::SHUTDOWN);
            if timeout(self.runtime(), limit, ended).await.is_err() {
                orderly = false;
                let ended = self.watch_exit(root);
                self.kill(root);
                ended.await;
            }
        }
        orderly
    }

    /// Turns an error of the runtime into a failure that must be settled.
    pub fn failure<E>(&self, error: E) -> Failure<E>
    where
        E: std::error::Error + 'static,
    {
        Failure::deliver(self.next_failure(), None, None, self.book(), error)
    }

    /// Announces a fact to the observer and to `tracing`.
    pub(crate) fn announce(&self, event: &Event) {
        let runtime = self.runtime();
        crate::telemetry::emit(runtime.node(), runtime.incarnation(), event);
        self.0.runtime.observe(event);
    }

    pub(crate) fn next_failure(&self) -> FailureId {
        FailureId {
            node: self.0.runtime.node(),
            incarnation: self.0.runtime.incarnation(),
            ordinal: self.0.failures.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    pub(crate) fn book(&self) -> Arc<dyn FailureBook> {
        Arc::new(self.clone())
    }

    #[track_caller]
    pub(crate) fn spawn<B, F>(
        &self,
        parent: Option<ProcessId>,
        spec: ProcessSpec,
        start: Option<ReplySender<Start>>,
        body: B,
    ) -> Result<(ProcessId, Label), SpawnError>
    where
        B: FnOnce(Context<R>) -> F,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        let control = Arc::new(Control::new(spec.trap_exit, start));
        let (process, path) = {
            let mut table = self.lock();
            if !table.admits(parent) {
                return Err(SpawnError::ParentEnding);
            }
            if table.len() >= Self::PROCESSES_MAX {
                return Err(SpawnError::TooManyProcesses {
                    limit: Self::PROCESSES_MAX,
                });
            }
            let process = ProcessId {
                node: self.0.runtime.node(),
                incarnation: self.0.runtime.incarnation(),
                local: table.next_local(),
            };
            let path = match parent.and_then(|parent| table.path(parent)) {
                Some(above) => format!("{above}/{}", spec.name).into(),
                None => spec.name,
            };
            table.insert(process, parent, path.clone(), control.clone());
            if let Some(other) = spec.link {
                // Refused only if the other is gone, which its own handles account for.
                table.link(process, other);
            }
            // Announced under the lock, so that no one can see the process earlier.
            self.announce(&Event::Process(ProcessEvent::Spawned {
                process,
                parent,
                path: path.clone(),
            }));
            (process, path)
        };
        let context = Context::new(
            self.clone(),
            process,
            path.clone(),
            spec.callers,
            control.clone(),
        );
        // The process exists from here on, so a panic is how it ends and not its
        // caller's: it goes on where the process runs.
        let body = std::panic::catch_unwind(AssertUnwindSafe(|| body(context)));
        let body = Box::pin(async move {
            match body {
                Ok(body) => body.await.into_exit(),
                Err(payload) => std::panic::resume_unwind(payload),
            }
        });
        let task = ProcessTask::new(self.clone(), process, control, body);
        let handle = self.0.runtime.spawn(path.clone(), task);
        // A process that has ended already needs its handle no more.
        let spare = self.lock().attach(process, handle);
        drop(spare);
        Ok((process, path))
    }

    pub(crate) fn exit_from(
        &self,
        from: Option<ProcessId>,
        process: ProcessId,
        reason: &ExitReason,
    ) {
        self.with_table(|table, wakers| table.exit(process, from, reason, false, wakers));
    }

    /// Unties two processes; whether they were tied until now.
    pub(crate) fn unlink(&self, process: ProcessId, other: ProcessId) -> bool {
        self.lock().unlink(process, other)
    }

    /// Takes back the notice of `process` that `other`, which it was tied to, has ended
    /// normally.
    pub(crate) fn forget_normal_end(&self, process: ProcessId, other: ProcessId) {
        if let Some(entry) = self.lock().entry(process) {
            entry.control.forget_normal_end(other);
        }
    }

    /// Gives `process` the exit signal that it would get if it were linked to `peer`.
    pub(crate) fn peer_ended(&self, peer: ProcessId, process: ProcessId, reason: &ExitReason) {
        self.with_table(|table, wakers| table.exit(process, Some(peer), reason, true, wakers));
    }

    pub(crate) fn watch_exit(&self, process: ProcessId) -> ReplyReceiver<ExitReason> {
        let (sender, receiver) = reply();
        let (_, refused) = self.lock().watch(process, Watcher::Outside(sender));
        // Dropping a refused watcher tells the receiver that no answer will come.
        drop(refused);
        receiver
    }

    /// Calls the hook for every process that ends from now on, for as long as the hook
    /// exists.
    pub(crate) fn on_exit(&self, hook: Weak<dyn ExitHook>) {
        let mut hooks = self
            .0
            .exit_hooks
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|hook| hook.strong_count() > 0);
        hooks.push(hook);
    }

    /// Whether a process lives and has not begun to end. Once it is not, it never is
    /// again, and its exit hooks are still to come or have come.
    pub(crate) fn is_well(&self, process: ProcessId) -> bool {
        self.lock().is_well(process)
    }

    fn call_exit_hooks(&self, process: ProcessId) {
        let hooks = self
            .0
            .exit_hooks
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for hook in hooks.iter().filter_map(Weak::upgrade) {
            hook.process_exited(process);
        }
    }

    pub(super) fn begin_exit(&self, process: ProcessId) {
        self.with_table(|table, wakers| table.begin_exit(process, wakers));
    }

    pub(super) fn is_childless(&self, process: ProcessId, waker: &Waker) -> bool {
        self.lock().is_childless(process, waker)
    }

    pub(super) fn publish(&self, process: ProcessId, control: &Control, reason: &ExitReason) {
        // Before anyone can learn of the end, and without the lock of the table, which a
        // hook's owner may take while it holds its own.
        self.call_exit_hooks(process);
        control.answer_start(Start::Exited(reason.clone()));
        let (task, outside) = self.with_table(|table, wakers| {
            // Announced before anyone is told, and under the lock, so that the order
            // of facts is the order of the table.
            self.announce(&Event::Process(ProcessEvent::Exited {
                process,
                reason: reason.clone(),
            }));
            table.publish(process, reason, wakers)
        });
        for watcher in outside {
            // A watcher that has left does not need the answer.
            drop(watcher.send(reason.clone()));
        }
        drop(task);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Table> {
        // Observers must not panic, and nothing else under this lock can.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_table<T>(&self, change: impl FnOnce(&mut Table, &mut Wakers) -> T) -> T {
        let mut wakers = Wakers::new();
        let answer = change(&mut self.lock(), &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        answer
    }
}

impl<R: Runtime> FailureBook for Node<R> {
    fn announce(&self, event: Event) {
        Self::announce(self, &event);
    }
}

impl<R: Runtime> fmt::Debug for Node<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("node", &self.0.runtime.node())
            .field("incarnation", &self.0.runtime.incarnation())
            .finish_non_exhaustive()
    }
}
