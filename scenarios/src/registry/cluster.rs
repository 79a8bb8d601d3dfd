//! How a registry is opened that several nodes share.

use std::time::Duration;

use steadfast::membership::{Membership, MembershipConfig};
use steadfast::process::Node;
use steadfast::registry::replicated::{OnConflict, Replicated, ReplicatedConfig, Resolver};
use steadfast::registry::{Backend, Registry, SharedHost};
use steadfast::runtime::NodeId;
use steadfast_sim::SimRuntime;

use super::setup::{NAMES, Opened, Setup};

/// The `replicated` backend over the members of the cluster.
pub(crate) fn replicated(node: &Node<SimRuntime>, setup: &Setup) -> Result<Opened, String> {
    replicated_with(node, setup, None)
}

/// The same with a resolver.
pub(crate) fn replicated_with(
    node: &Node<SimRuntime>,
    setup: &Setup,
    resolver: Option<Resolver>,
) -> Result<Opened, String> {
    replicated_behind(node, setup, setup.losers_live, resolver, |host, make| {
        make(host)
    })
}

/// The same with something in front of the backend, which is given what makes it.
pub(crate) fn replicated_behind<B: Backend + 'static>(
    node: &Node<SimRuntime>,
    setup: &Setup,
    losers_live: bool,
    resolver: Option<Resolver>,
    front: impl FnOnce(SharedHost, &mut dyn FnMut(SharedHost) -> Replicated) -> B,
) -> Result<Opened, String> {
    let runtime = node.runtime();
    let seeds = (1..=setup.nodes.min(3)).map(NodeId);
    let config = MembershipConfig::fast("stories").seeds(seeds);
    let membership = Membership::new(runtime, config).map_err(|e| e.to_string())?;
    let mut config = ReplicatedConfig::default()
        .rhythm(Duration::from_millis(500), Duration::from_millis(500))
        .owner_only(setup.owner_only);
    if losers_live {
        config = config.on_conflict(OnConflict::Tell);
    }
    if let Some(resolver) = resolver {
        config = config.resolver(resolver);
    }
    config.validate().map_err(|e| e.to_string())?;
    let mut driver = None;
    let mut make = |host| {
        let config = config.clone();
        let backend = Replicated::new(host, runtime, config).expect("the configuration is valid");
        let members = membership.clone();
        driver = Some(backend.child_spec("replication", move || members.subscribe()));
        backend
    };
    let registry = Registry::with_backend(node, NAMES, |host| front(host, &mut make));
    let children = std::iter::once(membership.child_spec("membership"))
        .chain(driver)
        .collect();
    Ok(Opened { registry, children })
}
