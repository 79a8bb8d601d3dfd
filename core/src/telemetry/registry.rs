//! Facts about registries.

use super::emit::{Source, emit, facts};
use super::words::{health_word, keys_word};
use crate::event::{HealthStatus, RegistryEvent};

pub(super) fn registry(source: Source, event: &RegistryEvent) {
    use RegistryEvent as R;
    facts! { source, event;
        R::RegistryStarted { registry, backend } => info "registry.started" (%registry, %backend);
        R::ScopeOpened { registry, scope, keys } => debug "registry.scope_opened"
            (%registry, %scope, keys = keys_word(*keys));
        R::ScopeClosed { registry, scope } => debug "registry.scope_closed" (%registry, %scope);
        R::NameRegistered { registry, key, process, metadata, revision } =>
            debug "registry.registered"
            (%registry, scope = %key.scope, name = %key.name, %process, %metadata, revision);
        R::NameUpdated { registry, key, process, metadata, revision } => debug "registry.updated"
            (%registry, scope = %key.scope, name = %key.name, %process, %metadata, revision);
        R::NameUnregistered { registry, key, process, revision, cause } =>
            debug "registry.unregistered"
            (%registry, scope = %key.scope, name = %key.name, %process, revision, %cause);
        R::NameRefused { registry, key, process, holder } => debug "registry.refused"
            (%registry, scope = %key.scope, name = %key.name, %process, %holder);
        R::ConflictLost { registry, key, winner, loser, rule } => warn "registry.conflict_lost"
            (%registry, scope = %key.scope, name = %key.name, %winner, %loser, %rule);
        R::ResolverFailed { registry, key, what } => error "registry.resolver_failed"
            (%registry, scope = %key.scope, name = %key.name, %what);
        R::PeerSynced { registry, peer, peer_incarnation, entries } => info "registry.peer_synced"
            (%registry, %peer, peer_incarnation = peer_incarnation.0, entries);
        R::PeerDropped { registry, peer, peer_incarnation, entries } => warn "registry.peer_dropped"
            (%registry, %peer, peer_incarnation = peer_incarnation.0, entries);
        R::WatcherResynced { registry, missed } => warn "registry.watcher_resynced"
            (%registry, missed);
        R::BackendSwitched { registry, from, to, entries } => info "registry.backend_switched"
            (%registry, %from, %to, entries);
        R::SwitchRefused { registry, from, to, why } => error "registry.switch_refused"
            (%registry, %from, %to, %why);
        R::BackendHealthChanged { registry, backend, from, to: HealthStatus::Healthy, detail } =>
            info "registry.health_changed"
            (%registry, %backend, from = health_word(*from),
             to = health_word(HealthStatus::Healthy), %detail);
        R::BackendHealthChanged { registry, backend, from, to, detail } =>
            warn "registry.health_changed"
            (%registry, %backend, from = health_word(*from), to = health_word(*to), %detail);
    }
}
