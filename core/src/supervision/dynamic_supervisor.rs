//! Starting dynamic supervisors.

use super::driver::{Complaint, Driver};
use super::dynamic_handle::DynamicSupervisorRef;
use super::dynamic_spec::DynamicSupervisorSpec;
use super::error::StartError;
use super::policy::{AutoShutdown, Strategy};
use super::pool::Pool;
use super::request::requests;
use super::supervisor::{handle_of, start_root};
use crate::event::{Event, SupervisionEvent};
use crate::label::Label;
use crate::process::{Context, ExitReason, Node, StartInfo};
use crate::runtime::Runtime;

/// Starts dynamic supervisors at the top of a node. Nested ones are children; see
/// [`ChildSpec::dynamic_supervisor`](super::ChildSpec::dynamic_supervisor).
#[derive(Debug)]
pub enum DynamicSupervisor {}

impl DynamicSupervisor {
    /// Starts a dynamic supervisor, which has no children yet.
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
        spec: DynamicSupervisorSpec<R>,
    ) -> Result<DynamicSupervisorRef<R>, StartError> {
        spec.validate()?;
        let complaint = Complaint::default();
        let told = complaint.clone();
        let info = start_root(node, name.into(), complaint, move |context| {
            run(context, spec, Some(told))
        })
        .await?;
        handle_of(&info)
    }
}

/// The body of a dynamic supervisor.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    spec: DynamicSupervisorSpec<R>,
    complaint: Option<Complaint>,
) -> ExitReason {
    let (flags, supervisor) = (spec.flags, context.id());
    context.announce(&Event::Supervision(SupervisionEvent::SupervisorStarted {
        supervisor,
        strategy: Strategy::OneForOne,
        intensity: flags.limit.intensity,
        period: flags.limit.period,
        auto_shutdown: AutoShutdown::Never,
        dynamic: true,
    }));
    let machine = Pool::new(supervisor, flags);
    let (sender, receiver) = requests();
    let handle = DynamicSupervisorRef::new(context.node().clone(), supervisor, sender);
    let ready = move |context: &Context<R>| context.ready_with(StartInfo::new(handle));
    Box::pin(Driver::new(context, machine, receiver, ready, complaint).run()).await
}
