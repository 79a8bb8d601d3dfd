//! What all nodes see, as they say.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{Event, RegistryEvent};
use steadfast::runtime::NodeId;

use super::view::{Misfit, View};
use crate::trace::{NodeEvent, Record, TraceEvent};

/// The views of the present incarnations. Bounded by what the nodes see.
#[derive(Default)]
pub(super) struct Views(BTreeMap<(NodeId, Label), View>);

impl Views {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes a record and says what is wrong with it.
    pub(super) fn observe(&mut self, record: &Record) -> Vec<Misfit> {
        let Some(node) = record.node else {
            return Vec::new();
        };
        match &record.event {
            TraceEvent::Core(Event::Registry(event)) => {
                let view = (node, registry(event).clone());
                self.0.entry(view).or_default().apply(event)
            }
            TraceEvent::Node(NodeEvent::Started { .. } | NodeEvent::Crashed { .. }) => {
                self.forget(node);
                Vec::new()
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => Vec::new(),
        }
    }

    pub(super) fn view(&self, node: NodeId, registry: &Label) -> Option<&View> {
        self.0.get(&(node, registry.clone()))
    }

    /// The registries of a node and what it sees of each.
    pub(super) fn of(&self, node: NodeId) -> impl Iterator<Item = (&Label, &View)> {
        let from = (node, Label::from(""));
        let views = self.0.range(from..);
        views
            .take_while(move |((other, _), _)| *other == node)
            .map(|((_, registry), view)| (registry, view))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, &Label, &View)> {
        let views = self.0.iter();
        views.map(|((node, registry), view)| (*node, registry, view))
    }

    fn forget(&mut self, node: NodeId) {
        self.0.retain(|(other, _), _| *other != node);
    }
}

/// Which registry a fact is about.
pub(super) const fn registry(event: &RegistryEvent) -> &Label {
    use RegistryEvent as E;
    match event {
        E::RegistryStarted { registry, .. }
        | E::ScopeOpened { registry, .. }
        | E::ScopeClosed { registry, .. }
        | E::NameRegistered { registry, .. }
        | E::NameUpdated { registry, .. }
        | E::NameUnregistered { registry, .. }
        | E::NameRefused { registry, .. }
        | E::ConflictLost { registry, .. }
        | E::ResolverFailed { registry, .. }
        | E::PeerSynced { registry, .. }
        | E::PeerDropped { registry, .. }
        | E::WatcherResynced { registry, .. }
        | E::BackendSwitched { registry, .. }
        | E::SwitchRefused { registry, .. }
        | E::BackendHealthChanged { registry, .. } => registry,
    }
}
