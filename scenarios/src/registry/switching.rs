//! Registries with processes of their own, that switch from one backend to another.

use std::sync::Arc;
use std::time::Duration;

use steadfast::membership::{Membership, MembershipConfig};
use steadfast::process::Node;
use steadfast::registry::replicated::{OnConflict, Replicated, ReplicatedConfig};
use steadfast::registry::{BackendConfig, BackendSpec, FailOver, MonitorConfig, RegistryConfig};
use steadfast::runtime::{Identity as _, NodeId};
use steadfast_sim::SimRuntime;

use super::ailing::Ailing;
use super::desk::Desk;
use super::setup::{Configured, Setup, Switches};

/// The value of an operation that switches to a local backend.
pub(super) const TO_ITSELF: u64 = 0;
/// The value of an operation that switches to the backend that nodes share.
pub(super) const TO_SHARED: u64 = 2;

fn config(setup: &Setup) -> RegistryConfig {
    let config = RegistryConfig::new().watch_capacity(setup.watch_capacity);
    if setup.owner_only {
        config.owner_only()
    } else {
        config
    }
}

/// A local backend that falls ill when it is told to, and a monitor that then replaces
/// it. A switch puts it back, ill or not, or puts others in charge.
pub(crate) fn monitored(node: &Node<SimRuntime>, setup: &Setup) -> Result<Configured, String> {
    let id = node.runtime().node();
    let desk = node.runtime().board::<Desk>();
    // The backend of the incarnation before may have been ill.
    desk.falls_ill(id, false);
    let parts = setup.clone();
    let switches: Switches = Arc::new(move |value| {
        let (mut setup, desk) = (parts.clone(), desk.clone());
        match value % 4 {
            0 | 1 => BackendSpec::new(move |node, host| Ailing {
                right: setup.backend(node, host),
                node: id,
                desk,
            }),
            _ => {
                setup.partitions = 1 + value as usize % 5;
                BackendSpec::new(move |node, host| setup.backend(node, host))
            }
        }
    });
    let to = match setup.partitions {
        1 => BackendConfig::memory(),
        partitions => BackendConfig::partitioned(partitions),
    };
    let monitor = MonitorConfig::new()
        .interval_ms(100)
        .threshold(2)
        .fail_over(FailOver::to(to));
    Ok(Configured {
        backend: switches(TO_ITSELF),
        config: config(setup).monitor(monitor),
        children: Vec::new(),
        switches,
    })
}

/// A registry that is shared by the nodes for as long as its backend is the replicated
/// one, and each node's own otherwise.
pub(crate) fn sometimes_shared(
    node: &Node<SimRuntime>,
    setup: &Setup,
) -> Result<Configured, String> {
    let seeds = (1..=setup.nodes.min(3)).map(NodeId);
    let members = MembershipConfig::fast("stories").seeds(seeds);
    let members = Membership::new(node.runtime(), members).map_err(|e| e.to_string())?;
    let mut replication = ReplicatedConfig::default()
        .rhythm(Duration::from_millis(500), Duration::from_millis(500))
        .owner_only(setup.owner_only);
    if setup.losers_live {
        replication = replication.on_conflict(OnConflict::Tell);
    }
    replication.validate().map_err(|e| e.to_string())?;
    let children = vec![members.child_spec("membership")];
    let parts = setup.clone();
    let switches: Switches = Arc::new(move |value| {
        let mut setup = parts.clone();
        match value % 4 {
            0 | 1 => {
                setup.partitions = 1 + value as usize % 2 * 3;
                BackendSpec::new(move |node, host| setup.backend(node, host))
            }
            _ => {
                let members = members.clone();
                let feed = move || members.subscribe();
                Replicated::spec(replication.clone(), feed).expect("it was validated")
            }
        }
    });
    Ok(Configured {
        backend: switches(if setup.losers_live {
            TO_SHARED
        } else {
            TO_ITSELF
        }),
        config: config(setup),
        children,
        switches,
    })
}
