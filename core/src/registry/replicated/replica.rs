//! The replica of one node: what it holds itself, what it knows of the others, and what
//! its readers see. Awaits nothing, reads no clock and draws no number: what is to be
//! done comes out as effects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::config::{OnConflict, ReplicatedConfig};
use super::effect::Effect;
use super::holdings::{Holdings, Moved};
use super::log::Log;
use super::meta::Meta;
use super::origin::{Origin, Stamp};
use super::peer::Peer;
use super::row::{Row, ScopeClaim, Step};
use super::snapshot::Cuts;
use super::view::View;
use super::wire::Body;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::registry::change::{Cause, Rule};
use crate::registry::key::{Key, Keys};
use crate::runtime::NodeId;

/// What was counted since the replica was made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) refused: u64,
    /// Messages that were ignored: of past origins, or of nodes that are not members.
    pub(super) ignored: u64,
}

/// The replica of one node.
///
/// This node is the single writer of the rows of its own processes. Every change of
/// them is a numbered [`Step`], and everybody applies the steps of an owner in their
/// order, from a snapshot on; so what is known of an owner is always what it held at
/// some time, and never older than what was known before. Readers see the union of all
/// that is known of the members of the cluster, of a unique name only the best claim.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) me: Origin,
    pub(super) registry: Label,
    pub(super) config: Arc<ReplicatedConfig>,
    /// How much room for steps and records a message has, in bytes.
    pub(super) room: usize,
    pub(super) own: Holdings,
    /// The own rows by process.
    pub(super) held: BTreeMap<ProcessId, BTreeSet<u64>>,
    pub(super) log: Log,
    /// The last own step that was handed to the peers.
    pub(super) pushed: u64,
    pub(super) clock: u64,
    /// Whether no other node has been heard of yet.
    pub(super) alone: bool,
    pub(super) peers: BTreeMap<NodeId, Peer>,
    pub(super) view: View,
    pub(super) meta: Meta,
    /// Fields that were written here and not yet handed to the peers.
    pub(super) meta_unsent: BTreeSet<Label>,
    /// Scopes that were closed here; what peers hold in them is not seen.
    pub(super) closed: VecDeque<Label>,
    /// Whose claim of which scope was found to be of the wrong kind.
    clashes: BTreeSet<(Label, NodeId)>,
    pub(super) cuts: Cuts,
    /// Whether it takes no registration any more: it has handed over, or has ended.
    pub(super) handed_over: bool,
    pub(super) ended: bool,
    /// Nodes whose next step is there.
    pub(super) ready: BTreeSet<NodeId>,
    /// The node whose steps were applied last.
    pub(super) served: NodeId,
    /// Unique names with an own row that something has happened to.
    contested: BTreeSet<Key>,
    pub(super) counts: Counts,
    pub(super) out: Vec<Effect>,
}

impl Replica {
    /// How many scopes that were closed here are remembered.
    const CLOSED_MAX: usize = 1_024;

    pub(super) fn new(
        me: Origin,
        registry: Label,
        config: Arc<ReplicatedConfig>,
        room: usize,
    ) -> Self {
        Self {
            me,
            view: View::new(registry.clone(), config.resolver.clone()),
            log: Log::new(config.log_steps_max, config.log_bytes_max),
            registry,
            config,
            room,
            own: Holdings::default(),
            held: BTreeMap::new(),
            pushed: 0,
            clock: 0,
            alone: true,
            peers: BTreeMap::new(),
            meta: Meta::default(),
            meta_unsent: BTreeSet::new(),
            closed: VecDeque::new(),
            clashes: BTreeSet::new(),
            cuts: Cuts::default(),
            handed_over: false,
            ended: false,
            ready: BTreeSet::new(),
            served: me.node,
            contested: BTreeSet::new(),
            counts: Counts::default(),
            out: Vec::new(),
        }
    }

    /// What is to be done because of all that was said since this was last asked.
    pub(super) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.out)
    }

    /// Whether own changes wait to be handed to the peers.
    pub(super) fn has_news(&self) -> bool {
        self.pushed < self.log.last() || !self.meta_unsent.is_empty()
    }

    /// The stamp of what is claimed now.
    pub(super) const fn stamp(&mut self) -> Stamp {
        self.clock += 1;
        Stamp {
            alone: self.alone,
            clock: self.clock,
        }
    }

    pub(super) fn send(&mut self, to: NodeId, body: Body) {
        self.out.push(Effect::Send(to, body));
    }

    /// The members of the cluster besides this node, in order.
    pub(super) fn up(&self) -> impl Iterator<Item = (NodeId, &Peer)> {
        let peers = self.peers.iter().map(|(node, peer)| (*node, peer));
        peers.filter(|(_, peer)| peer.up)
    }

    /// Makes the next own step.
    pub(super) fn commit(&mut self, step: Step) {
        let moved = self.own.apply(&step);
        self.log.push(step.without_handle());
        let mut forget = |row: &Row| {
            if let Some(rows) = self.held.get_mut(&row.claim.process) {
                rows.remove(&row.number);
                if rows.is_empty() {
                    self.held.remove(&row.claim.process);
                }
            }
        };
        match &moved {
            Moved::Added(row) => {
                let rows = self.held.entry(row.claim.process).or_default();
                rows.insert(row.number);
            }
            Moved::Removed(row, _) => forget(row),
            Moved::ScopeClosed(_, rows) => rows.iter().for_each(|row| forget(row)),
            Moved::ScopeOpened(_) | Moved::Replaced(_) | Moved::Nothing => {}
        }
        self.moved(self.me.node, moved);
    }

    /// Lets readers see what a step of an owner did.
    pub(super) fn moved(&mut self, owner: NodeId, moved: Moved) {
        match moved {
            Moved::ScopeOpened(scope) => self.reconsider(&scope),
            Moved::ScopeClosed(scope, rows) => {
                for row in rows {
                    self.hide(owner, &row, Cause::ScopeClosed);
                }
                self.reconsider(&scope);
            }
            Moved::Added(row) => self.show(owner, row),
            Moved::Replaced(row) => self.view.replace(owner, row, true, &mut self.out),
            Moved::Removed(row, cause) => self.hide(owner, &row, cause),
            Moved::Nothing => {}
        }
    }

    /// Readers see a row, if its owner's scope is of the kind that is seen.
    pub(super) fn show(&mut self, owner: NodeId, row: Arc<Row>) {
        let key = row.claim.key.clone();
        let Some(keys) = self.view.keys(&key.scope) else {
            return;
        };
        let claim = self.claim_of(owner, &key.scope);
        if claim.is_none_or(|claim| claim.keys != keys) {
            return;
        }
        self.view.add(owner, row, &mut self.out);
        if keys == Keys::Unique && self.view.contenders(&key).len() > 1 {
            self.contested.insert(key);
        }
    }

    pub(super) fn hide(&mut self, owner: NodeId, row: &Row, cause: Cause) {
        self.view.remove(owner, row, cause, &mut self.out);
    }

    /// What an owner says of a scope, if it has a say.
    fn claim_of(&self, owner: NodeId, scope: &Label) -> Option<ScopeClaim> {
        if owner == self.me.node {
            return self.own.scopes.get(scope).copied();
        }
        let peer = self.peers.get(&owner).filter(|peer| peer.up)?;
        peer.holdings.as_ref()?.scopes.get(scope).copied()
    }

    /// Everybody who has a say, and what they say of a scope.
    fn claims(&self, scope: &Label) -> Vec<(ScopeClaim, NodeId)> {
        let owners = self.up().map(|(node, _)| node).chain([self.me.node]);
        let claims = owners.filter_map(|owner| Some((self.claim_of(owner, scope)?, owner)));
        claims.collect()
    }

    /// Makes a scope what those who have a say make of it: it exists for as long as one
    /// of them has it open, and has the kind of keys of the first who opened it.
    pub(super) fn reconsider(&mut self, scope: &Label) {
        let claims = match self.closed.contains(scope) {
            true => Vec::new(),
            false => self.claims(scope),
        };
        let first = claims
            .iter()
            .min_by_key(|(claim, owner)| (claim.stamp, *owner));
        let wanted = first.map(|(claim, _)| claim.keys);
        let clashing = claims
            .iter()
            .filter(|(claim, _)| Some(claim.keys) != wanted);
        let clashing: BTreeSet<_> = clashing.map(|(_, owner)| *owner).collect();
        self.note_clashes(scope, wanted, clashing);
        let seen = self.view.keys(scope);
        if seen == wanted {
            return;
        }
        if seen.is_some() {
            self.view.close(scope, &mut self.out);
        }
        let Some(keys) = wanted else { return };
        self.view.open(scope, keys, &mut self.out);
        let others = self
            .up()
            .filter_map(|(node, peer)| Some((node, peer.holdings.as_ref()?)));
        let all = others.chain([(self.me.node, &self.own)]);
        let rows = all.flat_map(|(owner, holdings)| {
            let inside = |row: &&Arc<Row>| row.claim.key.scope == *scope;
            let rows = holdings.rows.values().filter(inside);
            rows.map(move |row| (owner, row.clone()))
        });
        for (owner, row) in rows.collect::<Vec<_>>() {
            self.show(owner, row);
        }
    }

    /// Says once of each owner that its scope has the wrong kind of keys.
    fn note_clashes(&mut self, scope: &Label, keys: Option<Keys>, now: BTreeSet<NodeId>) {
        self.clashes
            .retain(|(name, owner)| name != scope || now.contains(owner));
        for owner in now {
            if self.clashes.insert((scope.clone(), owner))
                && let Some(keys) = keys
            {
                let what = format!(
                    "scope {scope:?} has {keys} keys, but {owner} opened it with others; \
                     what it holds there is not seen"
                );
                self.out.push(Effect::Warn(what.into()));
            }
        }
    }

    /// Gives up what this node has lost: own rows of names that another node's process
    /// holds by the rule, and own scopes of the wrong kind.
    pub(super) fn resolve(&mut self) {
        while let Some(key) = self.contested.pop_first() {
            while let Some((lost, best, rule)) = self.view.beaten(self.me.node, &key) {
                self.give_up(&key, &lost, best.claim.process, rule);
            }
        }
        let mine = self.clashes.iter();
        let mine: Vec<_> = mine
            .filter(|(_, owner)| *owner == self.me.node)
            .map(|(scope, _)| scope.clone())
            .collect();
        for scope in mine {
            let Some(keys) = self.view.keys(&scope) else {
                continue;
            };
            let stamp = self.stamp();
            self.commit(Step::ScopeClosed {
                scope: scope.clone(),
            });
            let claim = ScopeClaim { keys, stamp };
            self.commit(Step::ScopeOpened { scope, claim });
        }
    }

    fn give_up(&mut self, key: &Key, lost: &Row, winner: ProcessId, rule: Rule) {
        let loser = lost.claim.process;
        let cause = Cause::Conflict { winner, rule };
        let row = lost.number;
        self.commit(Step::Removed { row, cause });
        self.out.push(Effect::Fact(RegistryEvent::ConflictLost {
            registry: self.registry.clone(),
            key: key.clone(),
            winner,
            loser,
            rule,
        }));
        if self.config.on_conflict == OnConflict::Exit {
            let detail = format!("{key} is held by {winner}");
            let reason = ExitReason::Shutdown(Some(detail.into()));
            self.out.push(Effect::Exit(loser, reason));
        }
    }

    /// Remembers that a scope was closed here.
    pub(super) fn remember_closed(&mut self, scope: &Label) {
        if self.closed.len() >= Self::CLOSED_MAX {
            self.closed.pop_front();
        }
        self.closed.push_back(scope.clone());
    }
}
