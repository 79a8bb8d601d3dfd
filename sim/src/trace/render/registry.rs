//! The words for what nodes see of registries.

use steadfast::event::RegistryEvent;
use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Key, Metadata};

use super::core::{CoreWords, health};
use super::names::OneLine;

/// One event as `registry R ...`; an event about a name as `registry R s:name ...`.
#[expect(
    clippy::too_many_lines,
    reason = "one short arm for each event of a closed vocabulary"
)]
pub(super) fn event(words: &CoreWords<'_>, event: &RegistryEvent) -> String {
    use RegistryEvent as E;
    let holder = |process: &ProcessId| holder(words, *process);
    match event {
        E::RegistryStarted { registry, backend } => {
            format!(
                "registry {} started: {}",
                OneLine(registry),
                OneLine(backend)
            )
        }
        E::ScopeOpened {
            registry,
            scope,
            keys,
        } => format!(
            "registry {} scope {} opened: {keys} keys",
            OneLine(registry),
            OneLine(scope)
        ),
        E::ScopeClosed { registry, scope } => {
            format!(
                "registry {} scope {} closed",
                OneLine(registry),
                OneLine(scope)
            )
        }
        E::NameRegistered {
            registry,
            key,
            process,
            metadata,
            revision,
        } => {
            let metadata = with(metadata);
            about(
                registry,
                key,
                &format!("held by {}, revision {revision}{metadata}", holder(process)),
            )
        }
        E::NameUpdated {
            registry,
            key,
            process,
            metadata,
            revision,
        } => {
            let said = format!(
                "updated by {}, revision {revision}: {}",
                holder(process),
                text(metadata)
            );
            about(registry, key, &said)
        }
        E::NameUnregistered {
            registry,
            key,
            process,
            revision,
            cause,
        } => {
            let said = format!(
                "left by {}, revision {revision}: {}",
                holder(process),
                why(words, cause)
            );
            about(registry, key, &said)
        }
        E::NameRefused {
            registry,
            key,
            process,
            holder: other,
        } => {
            let said = format!("refused to {}: held by {}", holder(process), holder(other));
            about(registry, key, &said)
        }
        E::ConflictLost {
            registry,
            key,
            winner,
            loser,
            rule,
        } => {
            let said = format!("lost by {} to {} by {rule}", holder(loser), holder(winner));
            about(registry, key, &said)
        }
        E::ResolverFailed {
            registry,
            key,
            what,
        } => about(
            registry,
            key,
            &format!("resolver failed: {}", OneLine(what)),
        ),
        E::PeerSynced {
            registry,
            peer,
            peer_incarnation,
            entries,
        } => format!(
            "registry {} synced with {peer}.{peer_incarnation}: {entries} entries",
            OneLine(registry)
        ),
        E::PeerDropped {
            registry,
            peer,
            peer_incarnation,
            entries,
        } => format!(
            "registry {} dropped {peer}.{peer_incarnation}: {entries} entries",
            OneLine(registry)
        ),
        E::WatcherResynced { registry, missed } => format!(
            "registry {} watcher resynced: {missed} batches missed",
            OneLine(registry)
        ),
        E::BackendSwitched {
            registry,
            from,
            to,
            entries,
        } => format!(
            "registry {} switched from {} to {}: {entries} entries",
            OneLine(registry),
            OneLine(from),
            OneLine(to)
        ),
        E::SwitchRefused {
            registry,
            from,
            to,
            why,
        } => format!(
            "registry {} stays {}, not {}: {}",
            OneLine(registry),
            OneLine(from),
            OneLine(to),
            OneLine(why)
        ),
        E::BackendHealthChanged {
            registry,
            backend,
            from,
            to,
            detail,
        } => format!(
            "registry {} backend {} {} to {}: {}",
            OneLine(registry),
            OneLine(backend),
            health(*from),
            health(*to),
            OneLine(detail)
        ),
    }
}

fn about(registry: &str, key: &Key, said: &str) -> String {
    let key = key.to_string();
    format!("registry {} {} {said}", OneLine(registry), OneLine(&key))
}

/// The same path may exist on every node, so a holder without its number is named
/// with its node.
fn holder(words: &CoreWords<'_>, process: ProcessId) -> String {
    let name = words.process(process);
    if words.ids {
        name
    } else {
        format!("{}.{} {name}", process.node, process.incarnation)
    }
}

fn why(words: &CoreWords<'_>, cause: &Cause) -> String {
    match cause {
        Cause::Conflict { winner, rule } => format!("lost to {} by {rule}", holder(words, *winner)),
        Cause::Unregistered | Cause::Exited | Cause::NodeGone | Cause::ScopeClosed => {
            cause.to_string()
        }
    }
}

fn with(metadata: &Metadata) -> String {
    if metadata.is_empty() {
        String::new()
    } else {
        format!(": {}", text(metadata))
    }
}

fn text(metadata: &Metadata) -> String {
    OneLine(&metadata.to_string()).to_string()
}
