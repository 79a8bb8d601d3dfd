//! What a replica says of itself, and what it hands to another backend.

use serde::{Deserialize, Serialize};

use super::peer::Peer;
use super::replica::Replica;
use super::row::{Row, ScopeClaim, Step};
use super::view::Contender;
use crate::label::Label;
use crate::membership::Member;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::transfer::{Transfer, TransferEntry};
use crate::runtime::{NodeId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

use super::conflict::Claim;

/// What a replica knows of one other node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PeerStats {
    /// The newest start of the node that was heard of.
    pub member: Member,
    /// Whether it is a member of the cluster; only then are its entries seen.
    pub up: bool,
    /// How many entries it holds, as far as is known.
    pub entries: usize,
    /// How many of its changes have been applied; `None` before the first snapshot.
    pub applied: Option<u64>,
    /// How many changes it is known to have made.
    pub known: u64,
    /// How many changes wait for those before them.
    pub pending: usize,
    /// For how long changes have been known to be missing.
    pub behind_for: Duration,
    /// How many snapshots of it were taken over.
    pub snapshots: u64,
}

impl Replica {
    /// What is known of the other nodes, in their order.
    pub(super) fn peer_stats(&self, now: Timestamp) -> Vec<PeerStats> {
        let peers = self.peers.values();
        peers
            .map(|peer| PeerStats {
                member: peer.member,
                up: peer.up,
                entries: peer.holdings.as_ref().map_or(0, |it| it.rows.len()),
                applied: peer.applied(),
                known: peer.head,
                pending: peer.pending.len(),
                behind_for: peer.behind_since.map_or(Duration::ZERO, |it| now.since(it)),
                snapshots: peer.snapshots,
            })
            .collect()
    }

    /// The members of which changes have been missing for longer than the limit, and
    /// those whose changes came faster than they could be kept.
    pub(super) fn laggards(&self, now: Timestamp) -> (Vec<NodeId>, Vec<NodeId>) {
        let is_late = |peer: &Peer| {
            let since = peer.behind_since;
            since.is_some_and(|since| now.since(since) > self.config.lag_max)
        };
        let late = self.up().filter(|(_, peer)| is_late(peer));
        let full = self.up().filter(|(_, peer)| peer.overflowed);
        (
            late.map(|(node, _)| node).collect(),
            full.map(|(node, _)| node).collect(),
        )
    }

    /// Own registrations with what only this backend knows; others are counted.
    pub(super) fn export(&self) -> Transfer {
        let own = self.own.rows.values().filter_map(|row| {
            let entry = self.contender(self.me.node, row)?.entry()?;
            let priority = row.claim.priority;
            Some(TransferEntry { entry, priority })
        });
        let mut entries: Vec<_> = own.collect();
        entries.sort_by_key(|it| it.entry.revision);
        let scopes = self.view.scopes().iter();
        let meta = self.meta.present();
        Transfer {
            scopes: scopes.map(|(name, it)| (name.clone(), it.keys)).collect(),
            revision: self.view.revision(),
            remote_entries: self.view.shown() - entries.len(),
            entries,
            meta: meta
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect(),
        }
    }

    /// Takes over what another backend of this node held.
    pub(super) fn import(&mut self, transfer: Transfer) -> Result<(), RegistryError> {
        let limit = self.config.entries_max;
        if transfer.entries.len() > limit {
            let what = "registrations of this node".into();
            return Err(RegistryError::LimitReached { what, limit });
        }
        self.view.count_from(transfer.revision);
        for (scope, keys) in &transfer.scopes {
            self.open_scope(scope, *keys)?;
        }
        for TransferEntry { entry, priority } in transfer.entries {
            let (stamp, number) = (self.stamp(), self.own.sequence + 1);
            let claim = Claim::new(entry.key, entry.process, priority, stamp);
            self.commit(Step::Registered(Arc::new(Row {
                number,
                claim,
                metadata: entry.metadata,
                handle: entry.handle,
            })));
        }
        for (field, value) in transfer.meta {
            self.write_field(field, Some(value));
        }
        self.resolve();
        Ok(())
    }

    fn contender(&self, owner: NodeId, row: &Row) -> Option<&Contender> {
        let contenders = self.view.contenders(&row.claim.key).iter();
        let mut found = contenders.filter(|it| it.owner == owner && it.row.number == row.number);
        found.next()
    }

    /// What does not agree: the view with what its owners hold, who is shown with the
    /// rule, and own rows with living processes.
    pub(super) fn audit(&self, lives: &dyn Fn(&Row) -> bool) -> Vec<Label> {
        let mut complaints: Vec<Label> = Vec::new();
        let others = self
            .up()
            .filter_map(|(node, peer)| Some((node, peer.holdings.as_ref()?)));
        let mut backed = 0;
        for (owner, holdings) in others.chain([(self.me.node, &self.own)]) {
            for row in holdings.rows.values() {
                let claim = holdings.scopes.get(&row.claim.key.scope);
                let kind = claim.map(|ScopeClaim { keys, .. }| *keys);
                let wanted = kind.is_some() && self.view.keys(&row.claim.key.scope) == kind;
                let known = self.contender(owner, row);
                if known.is_some() != wanted {
                    let (key, number) = (&row.claim.key, row.number);
                    complaints.push(format!("{key}, row {number} of {owner}: not in view").into());
                }
                if known.is_some_and(|known| known.row.metadata != row.metadata) {
                    complaints.push(format!("{}: old metadata in view", row.claim.key).into());
                }
                backed += usize::from(wanted);
            }
        }
        let all: usize = self.names().map(|(_, _, them)| them.len()).sum();
        if all != backed {
            complaints.push(format!("{all} rows in view, {backed} have an owner").into());
        }
        self.audit_names(&mut complaints);
        self.audit_own(lives, &mut complaints);
        complaints
    }

    fn names(&self) -> impl Iterator<Item = (Key, Keys, &[Contender])> {
        let scopes = self.view.scopes().iter();
        scopes.flat_map(|(scope, view)| {
            let names = view.names.iter();
            names.map(move |(name, them)| (Key::new(scope, name), view.keys, them.as_slice()))
        })
    }

    fn audit_names(&self, complaints: &mut Vec<Label>) {
        let mut shown = 0;
        for (key, keys, contenders) in self.names() {
            let seen = contenders.iter().filter(|it| it.entry().is_some()).count();
            shown += seen;
            let wanted = match keys {
                Keys::Unique => 1,
                Keys::Duplicate => contenders.len(),
            };
            if seen != wanted || wanted == 0 {
                complaints.push(format!("{key}: {seen} shown, not {wanted}").into());
            }
            let best = contenders.first().and_then(Contender::entry);
            if best.is_none() {
                complaints.push(format!("{key}: the best claim is not shown").into());
            }
            if keys == Keys::Unique && self.view.beaten(self.me.node, &key).is_some() {
                complaints.push(format!("{key} was lost and not given up").into());
            }
        }
        if shown != self.view.shown() {
            let counted = self.view.shown();
            complaints.push(format!("{shown} shown, {counted} counted").into());
        }
    }

    fn audit_own(&self, lives: &dyn Fn(&Row) -> bool, complaints: &mut Vec<Label>) {
        for row in self.own.rows.values().filter(|row| !lives(row)) {
            let (key, process) = (&row.claim.key, row.claim.process);
            complaints.push(format!("{process} has ended and holds {key}").into());
        }
        let held: usize = self
            .held
            .values()
            .map(std::collections::BTreeSet::len)
            .sum();
        let rows = self.own.rows.len();
        if held != rows || self.own.sequence != self.log.last() {
            let (sequence, last) = (self.own.sequence, self.log.last());
            let what = format!("{rows} own rows, {held} by process; step {sequence}, log {last}");
            complaints.push(what.into());
        }
    }
}
