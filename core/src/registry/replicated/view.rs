//! What readers of this node see: for every unique name the best of all known claims,
//! for every group all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conflict::{Rank, Resolver, decide};
use super::effect::Effect;
use super::row::Row;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::registry::change::{Cause, Change, Rule};
use crate::registry::entry::Entry;
use crate::registry::key::{Key, Keys};
use crate::runtime::NodeId;

/// One row that stands for a name.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    pub(super) owner: NodeId,
    pub(super) row: Arc<Row>,
    /// Asked for only once there is a second one.
    rank: Option<Rank>,
    /// The revision under which readers see it; `None` if they do not.
    revision: Option<u64>,
}

impl Contender {
    /// As readers see it, if they do.
    pub(super) fn entry(&self) -> Option<Entry> {
        Some(Entry {
            key: self.row.claim.key.clone(),
            process: self.row.claim.process,
            metadata: self.row.metadata.clone(),
            revision: self.revision?,
            handle: self.row.handle.clone(),
        })
    }

    fn is(&self, owner: NodeId, number: u64) -> bool {
        self.owner == owner && self.row.number == number
    }
}

/// One scope as readers see it.
#[derive(Debug)]
pub(super) struct ScopeView {
    pub(super) keys: Keys,
    /// By name; never empty, and the best first in a unique scope.
    pub(super) names: BTreeMap<Label, Vec<Contender>>,
}

/// All scopes that readers see.
#[derive(Debug)]
pub(super) struct View {
    registry: Label,
    resolver: Option<Resolver>,
    scopes: BTreeMap<Label, ScopeView>,
    revision: u64,
    shown: usize,
    /// How many entries readers came to see, and how many went.
    pub(super) registered: u64,
    pub(super) removed: u64,
}

impl View {
    pub(super) const fn new(registry: Label, resolver: Option<Resolver>) -> Self {
        Self {
            registry,
            resolver,
            scopes: BTreeMap::new(),
            revision: 0,
            shown: 0,
            registered: 0,
            removed: 0,
        }
    }

    /// The highest revision so far.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Counts on from the revisions of the backend before.
    pub(super) fn count_from(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    pub(super) const fn scopes(&self) -> &BTreeMap<Label, ScopeView> {
        &self.scopes
    }

    pub(super) fn keys(&self, scope: &str) -> Option<Keys> {
        self.scopes.get(scope).map(|scope| scope.keys)
    }

    /// Entries that readers see.
    pub(super) const fn shown(&self) -> usize {
        self.shown
    }

    /// All rows that stand for a name; the best first in a unique scope.
    pub(super) fn contenders(&self, key: &Key) -> &[Contender] {
        let scope = self.scopes.get(&key.scope);
        let found = scope.and_then(|scope| scope.names.get(&key.name));
        found.map_or(&[], Vec::as_slice)
    }

    pub(super) fn open(&mut self, scope: &Label, keys: Keys, out: &mut Vec<Effect>) {
        let names = BTreeMap::new();
        self.scopes.insert(scope.clone(), ScopeView { keys, names });
        out.push(Effect::OpenScope(scope.clone(), keys));
    }

    /// Takes a scope away, its entries first. Answers how many those were.
    pub(super) fn close(&mut self, scope: &Label, out: &mut Vec<Effect>) -> usize {
        let Some(view) = self.scopes.remove(scope) else {
            return 0;
        };
        let all = view.names.into_values().flatten();
        let entries: Vec<_> = all.filter_map(|contender| contender.entry()).collect();
        self.shown -= entries.len();
        self.removed += entries.len() as u64;
        let count = entries.len();
        for entry in entries {
            let cause = Cause::ScopeClosed;
            out.push(Effect::Change(Change::Unregistered { entry, cause }));
        }
        out.push(Effect::CloseScope(scope.clone()));
        count
    }

    /// A row is there. No effect if its scope is not seen.
    pub(super) fn add(&mut self, owner: NodeId, row: Arc<Row>, out: &mut Vec<Effect>) {
        let key = row.claim.key.clone();
        let Some(scope) = self.scopes.get_mut(&key.scope) else {
            return;
        };
        let keys = scope.keys;
        let contenders = scope.names.entry(key.name.clone()).or_default();
        contenders.push(Contender {
            owner,
            row,
            rank: None,
            revision: None,
        });
        let last = contenders.len() - 1;
        if keys == Keys::Duplicate || last == 0 {
            self.show(&key, last, out);
        } else {
            self.contend(&key, out);
        }
    }

    /// A row is another one under its number.
    pub(super) fn replace(
        &mut self,
        owner: NodeId,
        row: Arc<Row>,
        told: bool,
        out: &mut Vec<Effect>,
    ) {
        let number = row.number;
        let (key, revision) = (row.claim.key.clone(), self.revision + 1);
        let Some(contender) = self.find(&key, owner, number) else {
            return;
        };
        let (old, before) = (
            contender.entry(),
            std::mem::replace(&mut contender.row, row),
        );
        let Some(old) = old else { return };
        if told {
            contender.revision = Some(revision);
        }
        let entry = contender.entry();
        self.revision += u64::from(told);
        out.extend(entry.map(|entry| match told {
            true => Effect::Change(Change::Updated {
                entry,
                before: before.metadata.clone(),
            }),
            false => Effect::Refresh { entry, before: old },
        }));
    }

    /// A row is gone; the next one takes its place in a unique scope.
    pub(super) fn remove(&mut self, owner: NodeId, row: &Row, cause: Cause, out: &mut Vec<Effect>) {
        let key = &row.claim.key;
        let Some(scope) = self.scopes.get_mut(&key.scope) else {
            return;
        };
        let keys = scope.keys;
        let Some(contenders) = scope.names.get_mut(&key.name) else {
            return;
        };
        let Some(place) = contenders.iter().position(|it| it.is(owner, row.number)) else {
            return;
        };
        let gone = contenders.remove(place);
        if contenders.is_empty() {
            scope.names.remove(&key.name);
        }
        if let Some(entry) = gone.entry() {
            self.shown -= 1;
            self.removed += 1;
            out.push(Effect::Change(Change::Unregistered { entry, cause }));
            if keys == Keys::Unique {
                self.show(key, 0, out);
            }
        }
    }

    /// The winner over one of this owner's rows of a unique name, and why, if the row is
    /// not the best.
    pub(super) fn beaten(&self, owner: NodeId, key: &Key) -> Option<(Arc<Row>, Arc<Row>, Rule)> {
        let contenders = self.contenders(key);
        let (best, others) = contenders.split_first()?;
        let lost = others.iter().find(|contender| contender.owner == owner)?;
        let unranked = || Rank::of(&lost.row.claim, None).0;
        let rank = |contender: &Contender| contender.rank.unwrap_or_else(unranked);
        let order = decide((&best.row.claim, rank(best)), (&lost.row.claim, rank(lost)));
        Some((lost.row.clone(), best.row.clone(), order.1))
    }

    /// Ranks all rows of a unique name and shows the best.
    fn contend(&mut self, key: &Key, out: &mut Vec<Effect>) {
        let Some(scope) = self.scopes.get_mut(&key.scope) else {
            return;
        };
        let Some(contenders) = scope.names.get_mut(&key.name) else {
            return;
        };
        for contender in contenders.iter_mut().filter(|it| it.rank.is_none()) {
            let (rank, asked) = Rank::of(&contender.row.claim, self.resolver.as_ref());
            contender.rank = Some(rank);
            out.extend(asked.err().map(|what| {
                let (registry, key) = (self.registry.clone(), key.clone());
                Effect::Fact(RegistryEvent::ResolverFailed {
                    registry,
                    key,
                    what,
                })
            }));
        }
        contenders.sort_by(|one, other| versus(one, other).0);
        let Some(seen) = contenders.iter().position(|it| it.revision.is_some()) else {
            return;
        };
        if seen == 0 {
            return;
        }
        let (best, rule) = (
            contenders[0].row.claim.process,
            versus(&contenders[0], &contenders[seen]).1,
        );
        let hidden = contenders[seen].entry();
        contenders[seen].revision = None;
        self.shown -= 1;
        self.removed += 1;
        out.extend(hidden.map(|entry| {
            let cause = Cause::Conflict { winner: best, rule };
            Effect::Change(Change::Unregistered { entry, cause })
        }));
        self.show(key, 0, out);
    }

    /// Readers see a row from here on, if there is one at this place.
    fn show(&mut self, key: &Key, place: usize, out: &mut Vec<Effect>) {
        let Some(scope) = self.scopes.get_mut(&key.scope) else {
            return;
        };
        let contenders = scope.names.get_mut(&key.name);
        let Some(contender) = contenders.and_then(|them| them.get_mut(place)) else {
            return;
        };
        self.revision += 1;
        self.shown += 1;
        self.registered += 1;
        contender.revision = Some(self.revision);
        let entry = contender.entry();
        out.extend(entry.map(|entry| Effect::Change(Change::Registered(entry))));
    }

    fn find(&mut self, key: &Key, owner: NodeId, number: u64) -> Option<&mut Contender> {
        let scope = self.scopes.get_mut(&key.scope)?;
        let contenders = scope.names.get_mut(&key.name)?;
        contenders.iter_mut().find(|it| it.is(owner, number))
    }
}

fn versus(one: &Contender, other: &Contender) -> (std::cmp::Ordering, Rule) {
    let rank = |it: &Contender| it.rank.unwrap_or_else(|| Rank::of(&it.row.claim, None).0);
    let (order, rule) = decide((&one.row.claim, rank(one)), (&other.row.claim, rank(other)));
    // One process can hold a name twice only in the view of a node that has not yet
    // heard that the first row is gone.
    (order.then(one.row.number.cmp(&other.row.number)), rule)
}
