//! What a replica does with what others say.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use super::effect::Effect;
use super::holdings::{Holdings, Moved};
use super::meta::Written;
use super::origin::Origin;
use super::peer::Acquaintance;
use super::replica::Replica;
use super::row::{Record, Row, Step};
use super::snapshot::Assembly;
use super::wire::{Body, Packet};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::membership::Member;
use crate::registry::change::Cause;
use crate::runtime::{NodeId, Timestamp};

impl Replica {
    /// Takes a message. Steps in it wait for [`advance`](Self::advance).
    pub(super) fn receive(&mut self, packet: Packet, now: Timestamp) {
        let Packet { from, clock, body } = packet;
        if from.node == self.me.node {
            self.counts.ignored += 1;
            return;
        }
        if self.ended {
            self.answer_for_the_dead(from.node, &body);
            return;
        }
        self.clock = self.clock.max(clock);
        self.alone = false;
        self.meet(from, now);
        if let Some(peer) = self.peers.get_mut(&from.node)
            && peer.compare(from) == Acquaintance::Known
        {
            peer.silence = 0;
        }
        match body {
            Body::Summary { hash } => self.compare_summary(from.node, hash),
            Body::Digest {
                heads,
                meta,
                answer,
            } => self.compare_digest(from.node, heads, meta, answer, now),
            Body::Pull { of, from: after } => self.answer_pull(from.node, of, after, now),
            Body::PullParts {
                origin,
                sequence,
                parts,
            } => self.answer_parts(from.node, origin, sequence, &parts, now),
            Body::Delta {
                origin,
                after,
                steps,
            } => self.take_steps(origin, after, steps, now),
            Body::Part {
                origin,
                sequence,
                part,
                parts,
                records,
            } => {
                let place = (sequence, part, parts);
                self.take_part(from.node, origin, place, records, now);
            }
            Body::Meta { fields } => self.take_meta(fields),
            Body::Ended => self.end_of(from),
        }
        self.resolve();
    }

    /// A replica that has ended says so to whoever counts on it.
    fn answer_for_the_dead(&mut self, to: NodeId, body: &Body) {
        match body {
            Body::Summary { .. }
            | Body::Digest { .. }
            | Body::Pull { .. }
            | Body::PullParts { .. } => self.send(to, Body::Ended),
            Body::Delta { .. } | Body::Part { .. } | Body::Meta { .. } | Body::Ended => {}
        }
    }

    fn take_meta(&mut self, fields: Vec<(Label, Written)>) {
        for (field, written) in fields {
            self.clock = self.clock.max(written.stamp.clock);
            self.meta.merge(field, written);
        }
    }

    fn take_steps(&mut self, origin: Origin, after: u64, steps: Vec<Step>, now: Timestamp) {
        self.meet(origin, now);
        let most = self.config.pending_max;
        let peer = self.peers.get_mut(&origin.node);
        let peer = peer.filter(|peer| peer.up && peer.compare(origin) == Acquaintance::Known);
        let Some(peer) = peer else {
            self.counts.ignored += 1;
            return;
        };
        peer.head = peer.head.max(after + steps.len() as u64);
        peer.keep(after, steps, most);
        if peer.has_next_step() {
            self.ready.insert(origin.node);
        } else {
            self.catch_up(origin.node, now);
        }
    }

    /// Applies waiting steps, at most so many. Answers whether more are waiting.
    pub(super) fn advance(&mut self, most: usize, now: Timestamp) -> bool {
        let mut left = most;
        while left > 0 {
            let after = (Excluded(self.served), Unbounded);
            let next = self
                .ready
                .range(after)
                .next()
                .or_else(|| self.ready.first());
            let Some(node) = next.copied() else { break };
            self.served = node;
            while left > 0 && self.step_of(node) {
                left -= 1;
            }
            let peer = self.peers.get(&node);
            if !peer.is_some_and(super::peer::Peer::has_next_step) {
                self.ready.remove(&node);
                self.catch_up(node, now);
            }
        }
        self.resolve();
        !self.ready.is_empty()
    }

    /// Applies the next step of a node, if it is there.
    fn step_of(&mut self, node: NodeId) -> bool {
        let Some(peer) = self.peers.get_mut(&node) else {
            return false;
        };
        let Some(step) = peer.next_step() else {
            return false;
        };
        let member = peer.member;
        let Some(holdings) = &mut peer.holdings else {
            return false;
        };
        if let Step::Registered(row) = &step {
            self.clock = self.clock.max(row.claim.stamp.clock);
        }
        let moved = match is_sane(&step, holdings.sequence + 1, member) {
            true => holdings.apply(&step),
            false => {
                holdings.sequence += 1;
                self.counts.ignored += 1;
                Moved::Nothing
            }
        };
        self.moved(node, moved);
        true
    }

    fn take_part(
        &mut self,
        sender: NodeId,
        origin: Origin,
        (sequence, part, parts): (u64, u32, u32),
        records: Vec<Record>,
        now: Timestamp,
    ) {
        self.meet(origin, now);
        let peer = self.peers.get_mut(&origin.node);
        let wanted = peer.filter(|peer| {
            let newer = peer.applied().is_none_or(|applied| applied < sequence);
            let known = peer.up && peer.compare(origin) == Acquaintance::Known;
            known && newer && sequence >= peer.mark && peer.pull.is_some()
        });
        let Some(peer) = wanted else {
            self.counts.ignored += 1;
            return;
        };
        peer.head = peer.head.max(sequence);
        let same = |it: &Assembly| it.sender == sender && it.sequence == sequence;
        let newer = |it: &Assembly| it.sequence < sequence;
        if peer.assembly.as_ref().is_none_or(newer) {
            peer.assembly = Assembly::new(sender, sequence, parts, Self::WINDOW);
        }
        let Some(assembly) = peer.assembly.as_mut().filter(|it| same(it)) else {
            return;
        };
        if !assembly.take(part, records) {
            return;
        }
        if let Some(pull) = &mut peer.pull {
            *pull = now;
        }
        if assembly.is_complete() {
            if let Some(assembly) = peer.assembly.take() {
                let snapshot = Holdings::from_records(sequence, assembly.records());
                self.take_over(origin.node, snapshot, now);
            }
        } else if assembly.is_waiting_for_nothing() {
            let parts = assembly.ask(Self::WINDOW);
            let body = Body::PullParts {
                origin,
                sequence,
                parts,
            };
            self.send(sender, body);
        }
    }

    /// Makes what is known of a node what a snapshot says, all at once.
    fn take_over(&mut self, node: NodeId, mut snapshot: Holdings, now: Timestamp) {
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        let member = peer.member;
        let mut before = peer.holdings.take().unwrap_or_default();
        peer.snapshots += 1;
        let claims = snapshot.rows.values().map(|row| row.claim.stamp.clock);
        self.clock = self.clock.max(claims.max().unwrap_or(0));
        snapshot.rows.retain(|_, row| is_of(row, member));
        // Scopes that are gone or of another kind take their rows along.
        let changed = before.scopes.iter().filter(|(scope, claim)| {
            let now = snapshot.scopes.get(*scope);
            now.is_none_or(|now| now.keys != claim.keys)
        });
        let changed: Vec<_> = changed.map(|(scope, _)| scope.clone()).collect();
        let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = before
            .rows
            .into_iter()
            .partition(|(_, row)| changed.contains(&row.claim.key.scope));
        before.rows = kept;
        let scopes: Vec<_> = snapshot.scopes.keys().chain(&changed).cloned().collect();
        peer.holdings = Some(Holdings {
            sequence: snapshot.sequence,
            scopes: snapshot.scopes,
            rows: before.rows.clone(),
        });
        for row in gone.values() {
            self.hide(node, row, Cause::ScopeClosed);
        }
        scopes.iter().for_each(|scope| self.reconsider(scope));
        let entries = snapshot.rows.len() as u64;
        self.take_rows(node, &before.rows, snapshot.rows);
        self.out.push(Effect::Fact(RegistryEvent::PeerSynced {
            registry: self.registry.clone(),
            peer: node,
            peer_incarnation: member.incarnation,
            entries,
        }));
        let more = self
            .peers
            .get(&node)
            .is_some_and(super::peer::Peer::has_next_step);
        if more {
            self.ready.insert(node);
        } else {
            self.catch_up(node, now);
        }
    }

    fn take_rows(
        &mut self,
        node: NodeId,
        before: &BTreeMap<u64, Arc<Row>>,
        after: BTreeMap<u64, Arc<Row>>,
    ) {
        let mut moves = Vec::new();
        for (number, row) in before {
            if !after.contains_key(number) {
                moves.push(Moved::Removed(row.clone(), Cause::Unregistered));
            }
        }
        for (number, row) in &after {
            match before.get(number) {
                None => moves.push(Moved::Added(row.clone())),
                Some(known) if known.metadata != row.metadata => {
                    moves.push(Moved::Replaced(row.clone()));
                }
                Some(_) => {}
            }
        }
        if let Some(holdings) = self
            .peers
            .get_mut(&node)
            .and_then(|it| it.holdings.as_mut())
        {
            holdings.rows = after;
        }
        moves.into_iter().for_each(|moved| self.moved(node, moved));
    }
}

/// Whether a row may be a row of this member: nobody registers the processes of others.
fn is_of(row: &Row, member: Member) -> bool {
    let process = row.claim.process;
    process.node == member.node && process.incarnation == member.incarnation
}

/// Whether a step can be the one with this number.
fn is_sane(step: &Step, number: u64, member: Member) -> bool {
    match step {
        Step::Registered(row) => row.number == number && is_of(row, member),
        Step::ScopeOpened { .. }
        | Step::ScopeClosed { .. }
        | Step::Updated { .. }
        | Step::Removed { .. } => true,
    }
}
