//! Starting static supervisors.

use std::future::Future;
use std::sync::PoisonError;

use super::driver::{Complaint, Driver};
use super::error::StartError;
use super::group::Group;
use super::handle::SupervisorRef;
use super::request::requests;
use super::supervisor_spec::{SupervisorInit, SupervisorSpec};
use crate::event::{Event, SupervisionEvent};
use crate::label::Label;
use crate::process::reply::reply;
use crate::process::{Context, ExitReason, Node, ProcessId, ProcessSpec, Start, StartInfo};
use crate::runtime::Runtime;

/// Starts supervisors at the top of a node. Nested ones are children; see
/// [`ChildSpec::supervisor`](super::ChildSpec::supervisor).
#[derive(Debug)]
pub enum Supervisor {}

impl Supervisor {
    /// Starts a supervisor and its children, one after the other, and returns once
    /// all have started.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing is left running.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the supervisor.
    pub async fn start<R: Runtime>(
        node: &Node<R>,
        name: impl Into<Label>,
        spec: SupervisorSpec<R>,
    ) -> Result<SupervisorRef<R>, StartError> {
        spec.validate()?;
        Self::start_with(node, name, move || spec.into()).await
    }

    /// As [`start`](Self::start), with a spec that is made inside the new process, as
    /// OTP's `init`. A panic there is the supervisor's, not the caller's.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing is left running.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the supervisor.
    pub async fn start_with<R, I>(
        node: &Node<R>,
        name: impl Into<Label>,
        init: I,
    ) -> Result<SupervisorRef<R>, StartError>
    where
        R: Runtime,
        I: FnOnce() -> SupervisorInit<R> + Send + 'static,
    {
        let complaint = Complaint::default();
        let told = complaint.clone();
        let info = start_root(node, name.into(), complaint, move |context| {
            run(context, init, Some(told))
        })
        .await?;
        handle_of(&info)
    }
}

/// The body of a static supervisor.
pub(super) async fn run<R, I>(
    context: Context<R>,
    init: I,
    complaint: Option<Complaint>,
) -> ExitReason
where
    R: Runtime,
    I: FnOnce() -> SupervisorInit<R> + Send,
{
    let spec = match init() {
        SupervisorInit::Run(spec) => spec,
        SupervisorInit::Ignore => return context.ignore(),
    };
    if let Err(error) = spec.validate() {
        let error = StartError::Invalid(error);
        let reason = ExitReason::error(&error);
        if let Some(complaint) = complaint {
            // Nothing that can panic runs under this lock.
            *complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        return reason;
    }
    let (flags, supervisor) = (spec.flags, context.id());
    context.announce(&Event::Supervision(SupervisionEvent::SupervisorStarted {
        supervisor,
        strategy: flags.strategy,
        intensity: flags.limit.intensity,
        period: flags.limit.period,
        auto_shutdown: flags.auto_shutdown,
        dynamic: false,
    }));
    let children = spec.children.into_iter();
    let children = children
        .map(|child| (child.policy, child.factory))
        .collect();
    let machine = Group::new(supervisor, flags, children);
    let (sender, receiver) = requests();
    let handle = SupervisorRef::new(context.node().clone(), supervisor, sender);
    if let Some(listener) = &spec.listener {
        listener.begun(&context, &handle);
    }
    let ready = move |context: &Context<R>| context.ready_with(StartInfo::new(handle));
    let driver = Driver::new(context, machine, receiver, ready, complaint);
    Box::pin(driver.listener(spec.listener).run()).await
}

/// Starts the process of a top supervisor and waits until it is up.
pub(super) async fn start_root<R, B, F>(
    node: &Node<R>,
    name: Label,
    complaint: Complaint,
    body: B,
) -> Result<StartInfo, StartError>
where
    R: Runtime,
    B: FnOnce(Context<R>) -> F + Send + 'static,
    F: Future<Output = ExitReason> + Send + 'static,
{
    let (sender, receiver) = reply();
    let spec = ProcessSpec::new(name).trap_exit(true);
    // Called inside the new process, which contains its panics.
    let body = |context| async move { body(context).await };
    let (process, _) = node.spawn(None, spec, Some(sender), body)?;
    let mut guard = Unfinished {
        node,
        process: Some(process),
    };
    let start = receiver.await;
    guard.process = None;
    match start {
        Some(Start::Ready(Some(info))) => Ok(info),
        Some(Start::Ignored) => {
            node.exited(process).await;
            Err(StartError::Ignored)
        }
        Some(Start::Exited(reason)) => {
            let told = complaint
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            Err(told.unwrap_or(StartError::Exited(reason)))
        }
        // A supervisor is ready only with its handle, and a process always answers.
        Some(Start::Ready(None)) | None => Err(StartError::Exited(ExitReason::NoProcess)),
    }
}

/// The handle that a supervisor gave with its acknowledgement.
pub(super) fn handle_of<T>(info: &StartInfo) -> Result<T, StartError>
where
    T: Clone + Send + Sync + 'static,
{
    let handle = info.downcast::<T>();
    // The body above hands over nothing else.
    handle
        .map(|handle| (*handle).clone())
        .ok_or(StartError::Exited(ExitReason::NoProcess))
}

/// Stops a supervisor whose starter has gone away.
struct Unfinished<'a, R: Runtime> {
    node: &'a Node<R>,
    process: Option<ProcessId>,
}

impl<R: Runtime> Drop for Unfinished<'_, R> {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            self.node.exit(process, &ExitReason::SHUTDOWN);
        }
    }
}
