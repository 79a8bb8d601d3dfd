//! Which specs contradict themselves.

use std::collections::BTreeSet;

use super::backoff::Backoff;
use super::child_spec::{ChildPolicy, ChildSpec};
use super::dynamic_spec::DynamicSupervisorFlags;
use super::error::SpecError;
use super::intensity::RestartLimit;
use super::policy::{AutoShutdown, Restart};
use super::supervisor_spec::SupervisorFlags;
use crate::label::Label;
use crate::runtime::Runtime;

/// The settings of a supervisor by themselves.
pub(super) fn flags(flags: &SupervisorFlags) -> Result<(), SpecError> {
    limit(flags.limit)?;
    backoff(flags.backoff)
}

/// The settings of a dynamic supervisor.
pub(super) fn dynamic_flags(flags: &DynamicSupervisorFlags) -> Result<(), SpecError> {
    limit(flags.limit)?;
    backoff(flags.backoff)
}

/// Children against each other and against the settings of their supervisor.
pub(super) fn children<'a>(
    children: impl Iterator<Item = &'a ChildPolicy> + Clone,
    flags: &SupervisorFlags,
) -> Result<(), SpecError> {
    for policy in children.clone() {
        child(policy, flags)?;
    }
    let ids = unique(children.clone())?;
    let mut earlier = BTreeSet::new();
    for policy in children {
        peers(policy, |peer| ids.contains(peer))?;
        dependencies(policy, |dependency| earlier.contains(dependency))?;
        earlier.insert(&policy.id);
    }
    Ok(())
}

/// The ids of children, each of which is used once.
pub(super) fn unique<'a>(
    children: impl Iterator<Item = &'a ChildPolicy>,
) -> Result<BTreeSet<&'a Label>, SpecError> {
    let mut ids = BTreeSet::new();
    for policy in children {
        if !ids.insert(&policy.id) {
            return Err(SpecError::DuplicateId {
                child: policy.id.clone(),
            });
        }
    }
    Ok(ids)
}

/// One child against the settings of its supervisor.
pub(super) fn child(policy: &ChildPolicy, flags: &SupervisorFlags) -> Result<(), SpecError> {
    any_child(policy)?;
    let child = || policy.id.clone();
    match (policy.significant, policy.restart, flags.auto_shutdown) {
        (false, _, _) => Ok(()),
        (true, Restart::Permanent, _) => Err(SpecError::SignificantPermanent { child: child() }),
        (true, Restart::Transient | Restart::Temporary, AutoShutdown::Never) => {
            Err(SpecError::SignificantUnderNever { child: child() })
        }
        (
            true,
            Restart::Transient | Restart::Temporary,
            AutoShutdown::AnySignificant | AutoShutdown::AllSignificant,
        ) => Ok(()),
    }
}

/// The peers that a child names.
pub(super) fn peers(
    policy: &ChildPolicy,
    is_sibling: impl Fn(&Label) -> bool,
) -> Result<(), SpecError> {
    let unknown = |peer: &&Label| **peer == policy.id || !is_sibling(peer);
    policy.peers.iter().find(unknown).map_or(Ok(()), |peer| {
        Err(SpecError::UnknownPeer {
            child: policy.id.clone(),
            peer: peer.clone(),
        })
    })
}

/// The siblings that a child depends on.
pub(super) fn dependencies(
    policy: &ChildPolicy,
    is_earlier: impl Fn(&Label) -> bool,
) -> Result<(), SpecError> {
    let mut dependencies = policy.dependencies.iter();
    let unknown = dependencies.find(|dependency| !is_earlier(dependency));
    unknown.map_or(Ok(()), |dependency| {
        Err(SpecError::UnknownDependency {
            child: policy.id.clone(),
            dependency: dependency.clone(),
        })
    })
}

/// A child of a dynamic supervisor.
pub(super) fn dynamic_child(policy: &ChildPolicy) -> Result<(), SpecError> {
    any_child(policy)?;
    let tied = !policy.peers.is_empty() || !policy.dependencies.is_empty();
    if policy.significant || tied {
        return Err(SpecError::TiedDynamicChild {
            child: policy.id.clone(),
        });
    }
    Ok(())
}

/// The spec of a nested supervisor.
pub(super) fn nested<R: Runtime>(child: &ChildSpec<R>) -> Result<(), SpecError> {
    child.nested.as_ref().map_or(Ok(()), |source| {
        Err(SpecError::Nested {
            child: child.policy.id.clone(),
            source: Box::new(source.clone()),
        })
    })
}

fn any_child(policy: &ChildPolicy) -> Result<(), SpecError> {
    if policy.id.is_empty() {
        return Err(SpecError::MissingId);
    }
    policy.limit.map_or(Ok(()), limit)?;
    backoff(policy.backoff)
}

fn limit(limit: RestartLimit) -> Result<(), SpecError> {
    if limit.intensity > RestartLimit::INTENSITY_MAX {
        return Err(SpecError::IntensityTooLarge {
            intensity: limit.intensity,
        });
    }
    if limit.period.is_zero() {
        return Err(SpecError::ZeroPeriod);
    }
    Ok(())
}

fn backoff(backoff: Option<Backoff>) -> Result<(), SpecError> {
    match backoff {
        Some(backoff) if !backoff.is_valid() => Err(SpecError::BadBackoff {
            factor: backoff.factor.to_string().into(),
            jitter: backoff.jitter.to_string().into(),
        }),
        Some(_) | None => Ok(()),
    }
}
