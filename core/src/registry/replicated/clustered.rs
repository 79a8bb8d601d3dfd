//! A replicated backend with a membership of its own.

use std::sync::Arc;
use std::time::Duration;

use super::config::ReplicatedConfig;
use super::store::Replicated;
use crate::membership::{Membership, MembershipConfig};
use crate::registry::backend_spec::BackendSpec;
use crate::runtime::Runtime;
use crate::supervision::{ChildSpec, Strategy, SupervisorSpec};

/// A backend as configured, driven by a supervisor with two children: the membership,
/// and the replication that listens to it. At the end the replication stops first, so
/// that it can hand on what it has before the cluster is left.
///
/// # Panics
///
/// If one of the configurations has not been validated.
pub(in crate::registry) fn clustered<R: Runtime>(
    membership: MembershipConfig,
    config: ReplicatedConfig,
) -> BackendSpec<R> {
    BackendSpec::driven(move |node, host| {
        let backend = Replicated::valid(host, node.runtime(), config);
        let members = Membership::new(node.runtime(), membership)
            .expect("the configuration of the registry was validated");
        let listener = members.clone();
        let replication = backend.child_spec("replication", move || listener.subscribe());
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(5, Duration::from_secs(10))
            .child(members.child_spec("membership"))
            .child(replication);
        (Arc::new(backend), ChildSpec::supervisor("cluster", spec))
    })
}
