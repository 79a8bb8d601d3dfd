//! Whoever watches sees every change once and in order.

use std::collections::{BTreeMap, VecDeque};

use steadfast::Label;
use steadfast::event::{Event, RegistryEvent};
use steadfast::process::ProcessId;
use steadfast::registry::{Key, Metadata};
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use super::super::note::text;
use super::answers::{list, scan};
use super::asked::Asked;
use super::reading::{Heard, Reading, Row};
use super::view::Held;
use super::views::{Views, registry};
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks what workloads note of their subscriptions as [`Reading`]s against the facts
/// of the node.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_snapshot_is_what_a_scan_finds` | a subscription begins, or begins anew, with other registrations than there are |
/// | `a_watcher_sees_every_change_once` | a subscription tells of a change that did not happen, not next, or was told before |
/// | `a_watcher_misses_nothing` | a subscription says that there is nothing more, but changes happened that it did not tell |
///
/// A subscription that ended, or whose node crashed, owes nothing. Bounded by the
/// changes that subscriptions have still to tell.
#[derive(Default)]
pub struct Watchers {
    views: Views,
    watches: BTreeMap<(NodeId, u64), Watch>,
}

struct Watch {
    registry: Label,
    scope: Label,
    asked: Asked,
    /// What it has still to tell, oldest first.
    owed: VecDeque<Heard>,
}

impl Watchers {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
            watches: BTreeMap::new(),
        }
    }

    /// Takes a fact that the views do not show yet.
    fn fact(&mut self, node: NodeId, event: &RegistryEvent) {
        let Some(Fact {
            key,
            process,
            revision,
            now,
            change,
        }) = fact(event)
        else {
            return;
        };
        let name = registry(event);
        let view = self.views.view(node, name);
        let held = view.map_or(&[][..], |view| view.held(key));
        let is_it = |held: &&Held| {
            let same = revision.is_none() || held.revision.is_none() || held.revision == revision;
            held.process == process && same
        };
        let before = held.iter().find(is_it).map(|held| held.metadata.clone());
        let watches = self.watches.range_mut((node, 0)..=(node, u64::MAX));
        for (_, watch) in watches {
            let means = |metadata: &Metadata| watch.asked.means(key, process, metadata);
            let concerned = now.is_some_and(means)
                || (!matches!(change, Heard::Registered(_)) && before.as_ref().is_some_and(means));
            if concerned && watch.registry == *name && watch.scope == key.scope {
                watch.owed.push_back(change.clone());
            }
        }
    }

    fn reading(&mut self, node: NodeId, reading: Reading, findings: &mut Findings) {
        match reading {
            Reading::Snapshot {
                registry,
                watch,
                scope,
                asked,
                rows,
            } => {
                let view = self.views.view(node, &registry);
                let expected = view.map_or_else(Vec::new, |view| scan(view, &scope, &asked));
                if rows != expected {
                    let (rows, expected) = (list(&rows), list(&expected));
                    let detail = format!("watch {watch} begins with {rows}, not {expected}");
                    findings.violated("a_snapshot_is_what_a_scan_finds", detail);
                }
                let begun = Watch {
                    registry,
                    scope,
                    asked,
                    owed: VecDeque::new(),
                };
                self.watches.insert((node, watch), begun);
            }
            Reading::Heard { watch, change } => {
                let known = self.watches.get_mut(&(node, watch));
                let owed = known.and_then(|watch| watch.owed.pop_front());
                if owed.as_ref() != Some(&change) {
                    let detail = format!("watch {watch} was told {change:?}, not {owed:?}");
                    findings.violated("a_watcher_sees_every_change_once", detail);
                }
            }
            Reading::Quiet { watch } => {
                let known = self.watches.get(&(node, watch));
                if let Some(owed) = known.and_then(|watch| watch.owed.front()) {
                    let detail = format!("watch {watch} was not told {owed:?}");
                    findings.violated("a_watcher_misses_nothing", detail);
                }
            }
            Reading::Ended { watch } => {
                self.watches.remove(&(node, watch));
            }
            Reading::Rows { .. }
            | Reading::Count { .. }
            | Reading::Keys { .. }
            | Reading::Wants { .. } => {}
        }
    }
}

impl Checker for Watchers {
    fn name(&self) -> &'static str {
        "registry_watchers"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let (Some(node), TraceEvent::Core(Event::Registry(event))) = (record.node, &record.event)
        {
            self.fact(node, event);
        }
        self.views.observe(record);
        match (record.node, &record.event) {
            (Some(node), TraceEvent::Run(_)) => {
                if let Some(Ok(reading)) = text(record).and_then(Reading::parse) {
                    self.reading(node, reading, findings);
                }
            }
            (
                Some(node),
                TraceEvent::Node(NodeEvent::Started { .. } | NodeEvent::Crashed { .. }),
            ) => self.watches.retain(|(of, _), _| *of != node),
            (
                _,
                TraceEvent::Core(_)
                | TraceEvent::Run(_)
                | TraceEvent::Node(_)
                | TraceEvent::Task(_)
                | TraceEvent::Net(_)
                | TraceEvent::Disk(_)
                | TraceEvent::Fault(_),
            ) => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

/// A change of a registration, as announced.
struct Fact<'a> {
    key: &'a Key,
    process: ProcessId,
    /// The revision of the registration that went; `None` for one that stays.
    revision: Option<u64>,
    /// The metadata from here on.
    now: Option<&'a Metadata>,
    change: Heard,
}

fn fact(event: &RegistryEvent) -> Option<Fact<'_>> {
    use RegistryEvent as E;
    match event {
        E::NameRegistered {
            key,
            process,
            metadata,
            ..
        } => Some(Fact::stays(key, *process, metadata, Heard::Registered)),
        E::NameUpdated {
            key,
            process,
            metadata,
            ..
        } => Some(Fact::stays(key, *process, metadata, Heard::Updated)),
        E::NameUnregistered {
            key,
            process,
            revision,
            cause,
            ..
        } => Some(Fact {
            key,
            process: *process,
            revision: Some(*revision),
            now: None,
            change: Heard::Unregistered {
                name: key.name.clone(),
                process: *process,
                cause: cause.clone(),
            },
        }),
        E::RegistryStarted { .. }
        | E::ScopeOpened { .. }
        | E::ScopeClosed { .. }
        | E::NameRefused { .. }
        | E::ConflictLost { .. }
        | E::ResolverFailed { .. }
        | E::PeerSynced { .. }
        | E::PeerDropped { .. }
        | E::WatcherResynced { .. }
        | E::BackendSwitched { .. }
        | E::SwitchRefused { .. }
        | E::BackendHealthChanged { .. } => None,
    }
}

impl<'a> Fact<'a> {
    fn stays(
        key: &'a Key,
        process: ProcessId,
        metadata: &'a Metadata,
        change: impl FnOnce(Row) -> Heard,
    ) -> Self {
        Self {
            key,
            process,
            revision: None,
            now: Some(metadata),
            change: change(Row {
                name: key.name.clone(),
                process,
                metadata: metadata.clone(),
            }),
        }
    }
}
