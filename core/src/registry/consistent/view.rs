//! What this node sees of the registrations in the store, and which it holds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::config::ConsistentConfig;
use super::job::Job;
use super::naming::Naming;
use super::row::Row;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::registry::change::{Cause, Change};
use crate::registry::entry::{Entry, Handle};
use crate::registry::key::{Key, Keys};
use crate::registry::local::{NewRow, Table};
use crate::registry::metadata::Value;
use crate::runtime::{Incarnation, NodeId, Timestamp};
use crate::store::{self, LeaseId, Revision};

/// One registration in the store, as far as its watch has told.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) key: Key,
    pub(super) keys: Keys,
    pub(super) row: Row,
    pub(super) create: Revision,
    pub(super) lease: Option<LeaseId>,
    /// The revision under which readers see it; `None` if they do not.
    pub(super) shown: Option<u64>,
    pub(super) handle: Option<Handle>,
}

impl Known {
    /// As readers see it, if they do.
    pub(super) fn entry(&self) -> Option<Entry> {
        Some(Entry {
            key: self.key.clone(),
            process: self.row.process,
            metadata: self.row.metadata.clone(),
            revision: self.shown?,
            handle: self.handle.clone(),
        })
    }

    pub(super) fn new_row(&self, revision: u64) -> NewRow {
        NewRow {
            process: self.row.process,
            metadata: self.row.metadata.clone(),
            revision,
            priority: self.row.priority,
            handle: self.handle.clone(),
        }
    }
}

/// What was counted since the backend was made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) registered: u64,
    pub(super) refused: u64,
    pub(super) removed: u64,
}

/// What a change of the view leads to outside of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) changes: Vec<Change>,
    /// Who is to be asked to exit.
    pub(super) exits: Vec<(ProcessId, ExitReason)>,
    /// Facts before the changes, and after them.
    pub(super) before: Option<RegistryEvent>,
    pub(super) after: Option<RegistryEvent>,
}

/// The view, and the queue of those who want to change something.
pub(super) struct View {
    pub(super) me: (NodeId, Incarnation, u64),
    pub(super) config: Arc<ConsistentConfig>,
    pub(super) naming: Naming,
    pub(super) table: Table,
    pub(super) rows: BTreeMap<store::Key, Known>,
    /// The registrations of each process of this node.
    pub(super) held: BTreeMap<ProcessId, BTreeSet<store::Key>>,
    /// What is to be deleted from the store unless it has been made anew.
    pub(super) doomed: BTreeMap<store::Key, Revision>,
    /// What is being taken away on request.
    pub(super) leaving: BTreeSet<store::Key>,
    /// Handles of registrations that the watch has not told yet.
    pub(super) handles: BTreeMap<store::Key, (ProcessId, Option<Handle>)>,
    pub(super) fields: BTreeMap<Label, Value>,
    pub(super) revision: u64,
    /// Everything up to this revision of the store has been told.
    pub(super) applied: Revision,
    /// How many memberships were asked for.
    pub(super) joins: u64,
    pub(super) session: Option<LeaseId>,
    /// What is to be put under the session of now, because a driver crashed.
    pub(super) orphans: BTreeSet<store::Key>,
    pub(super) queue: VecDeque<Job>,
    pub(super) driven: bool,
    pub(super) retired: bool,
    /// Why the store does not serve, if it does not.
    pub(super) silent: Option<Label>,
    pub(super) waker: Option<Waker>,
    pub(super) counts: Counts,
}

impl View {
    pub(super) fn new(
        me: (NodeId, Incarnation),
        now: Timestamp,
        registry: &Label,
        config: Arc<ConsistentConfig>,
        table: Table,
    ) -> Self {
        Self {
            // Never the same twice in one incarnation: its clock does not go back.
            me: (me.0, me.1, now.0),
            config,
            naming: Naming::new(registry),
            table,
            rows: BTreeMap::new(),
            held: BTreeMap::new(),
            doomed: BTreeMap::new(),
            leaving: BTreeSet::new(),
            handles: BTreeMap::new(),
            fields: BTreeMap::new(),
            revision: 0,
            applied: Revision::NONE,
            joins: 0,
            session: None,
            orphans: BTreeSet::new(),
            queue: VecDeque::new(),
            driven: false,
            retired: false,
            silent: None,
            waker: None,
            counts: Counts::default(),
        }
    }

    pub(super) fn is_own(&self, process: ProcessId) -> bool {
        (process.node, process.incarnation) == (self.me.0, self.me.1)
    }

    /// How many registrations of this node there are.
    pub(super) fn own(&self) -> usize {
        self.held.values().map(BTreeSet::len).sum()
    }

    /// How many registrations readers see.
    pub(super) fn shown(&self) -> usize {
        self.table.counts().0
    }

    /// Readers see a registration from here on, if its scope is open here.
    pub(super) fn show(&mut self, place: &store::Key, out: &mut Outcome) {
        let Some(known) = self.rows.get_mut(place) else {
            return;
        };
        let scope = self.table.scope(&known.key.scope);
        if scope.is_none_or(|scope| scope.keys != known.keys) || known.shown.is_some() {
            return;
        }
        self.revision += 1;
        known.shown = Some(self.revision);
        let (key, new) = (known.key.clone(), known.new_row(self.revision));
        let entry = self.table.add(&key, new);
        self.counts.registered += 1;
        out.changes.push(Change::Registered(entry));
    }

    /// Readers no longer see a registration.
    pub(super) fn hide(&mut self, place: &store::Key, cause: Cause, out: &mut Outcome) {
        let Some(known) = self.rows.get_mut(place) else {
            return;
        };
        let Some(revision) = known.shown.take() else {
            return;
        };
        let (key, process) = (&known.key, known.row.process);
        if let Some(entry) = self.table.remove(key, process, revision) {
            self.counts.removed += 1;
            out.changes.push(Change::Unregistered { entry, cause });
        }
    }

    /// A registration of this node is to leave the store.
    pub(super) fn doom(&mut self, place: &store::Key) {
        let Some(known) = self.rows.get_mut(place) else {
            return;
        };
        known.handle = None;
        let (process, create) = (known.row.process, known.create);
        self.doomed.insert(place.clone(), create);
        self.let_go(process, place);
    }

    pub(super) fn let_go(&mut self, process: ProcessId, place: &store::Key) {
        if let Some(held) = self.held.get_mut(&process) {
            held.remove(place);
            if held.is_empty() {
                self.held.remove(&process);
            }
        }
    }

    /// Takes away all that a process of this node holds.
    pub(super) fn process_exited(&mut self, process: ProcessId) -> Outcome {
        let mut out = Outcome::default();
        for place in self.held.get(&process).cloned().unwrap_or_default() {
            self.hide(&place, Cause::Exited, &mut out);
            self.doom(&place);
        }
        out
    }

    /// A session has begun. What is still held from before is put under it.
    pub(super) fn session_begun(&mut self, lease: LeaseId) {
        self.session = Some(lease);
        let own = self.held.values().flatten();
        self.orphans = own.cloned().collect();
    }

    /// The session has ended: nothing that this node holds is certain any more.
    pub(super) fn session_lost(&mut self) -> Outcome {
        self.session = None;
        let mut out = Outcome::default();
        if self.retired {
            // Another backend has everything; reads that are under way see it as it was.
            return out;
        }
        let all: Vec<_> = self.held.values().flatten().cloned().collect();
        for place in all {
            self.lose(&place, &mut out);
            self.doom(&place);
        }
        out
    }

    /// A registration of this node is gone without anybody here having asked for that.
    pub(super) fn lose(&mut self, place: &store::Key, out: &mut Outcome) {
        let Some(known) = self.rows.get(place) else {
            return;
        };
        let (key, process) = (known.key.clone(), known.row.process);
        self.hide(place, Cause::NodeGone, out);
        if self.config.on_loss == super::config::OnLoss::Exit {
            let detail = format!("{key} was lost with the session of this node");
            let reason = ExitReason::Shutdown(Some(detail.into()));
            out.exits.push((process, reason));
        }
    }

    pub(super) fn close_scope(&mut self, scope: &Label) -> Option<(usize, Outcome)> {
        self.table.scope(scope)?;
        let mut out = Outcome::default();
        let inside = self.rows.iter();
        let inside = inside.filter(|(_, known)| known.key.scope == *scope);
        let inside: Vec<_> = inside
            .filter(|(_, known)| known.shown.is_some())
            .map(|(place, known)| (place.clone(), known.row.process))
            .collect();
        for (place, process) in &inside {
            self.hide(place, Cause::ScopeClosed, &mut out);
            if self.is_own(*process) {
                self.doom(place);
            }
        }
        self.table.close_scope(scope);
        Some((inside.len(), out))
    }

    /// Shows what others hold in a scope that has just been opened.
    pub(super) fn scope_opened(&mut self, scope: &Label) -> Outcome {
        let mut out = Outcome::default();
        let inside = self.rows.iter();
        let inside = inside.filter(|(place, known)| {
            known.key.scope == *scope && !self.doomed.contains_key(*place)
        });
        let inside: Vec<_> = inside.map(|(place, _)| place.clone()).collect();
        for place in inside {
            self.show(&place, &mut out);
        }
        out
    }

    /// What does not agree.
    pub(super) fn audit(&self, lives: &dyn Fn(ProcessId) -> bool) -> Vec<Label> {
        let lives = |process| !self.is_own(process) || lives(process);
        let mut complaints = self.table.audit(&lives);
        let shown = self.rows.values().filter(|known| known.shown.is_some());
        let (shown, seen) = (shown.count(), self.shown());
        if shown != seen {
            complaints.push(format!("{shown} registrations, and readers see {seen}").into());
        }
        for (process, places) in &self.held {
            for place in places {
                let known = self.rows.get(place);
                if known.is_none_or(|known| known.row.process != *process) {
                    complaints.push(format!("{process} holds what the store does not have").into());
                }
            }
        }
        complaints
    }
}
