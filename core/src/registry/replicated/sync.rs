//! How replicas find out what they lack, and get it.
//!
//! Own changes are handed to all members at once. Whatever is lost on the way is found
//! out later: at every interval a node sends a hash of all that it has to a few others,
//! and where hashes differ the two tell each other how far they have which owner. Who
//! lacks something asks its owner; if the owner does not answer, whoever has more of it:
//! what an owner said is true whoever passes it on.

use super::origin::Origin;
use super::peer::{Acquaintance, Peer};
use super::replica::Replica;
use super::row::Step;
use super::snapshot::Cut;
use super::wire::{self, Body, Head};
use crate::label::Label;
use crate::membership::Member;
use crate::runtime::{NodeId, Timestamp};
use std::time::Duration;
use xxhash_rust::xxh3::Xxh3;

impl Replica {
    /// How many parts of a snapshot are under way at a time.
    pub(super) const WINDOW: usize = 8;
    /// How many questions an owner may leave unanswered before others are asked.
    const PATIENCE: u32 = 2;
    /// How long a snapshot is handed out after it was made, while the steps since then
    /// are still there and took nothing away.
    const SNAPSHOT_LIFE: Duration = Duration::from_secs(1);
    /// How long a snapshot is kept that nobody asks for any more.
    const SNAPSHOT_REST: Duration = Duration::from_secs(10);
    /// Stands for the last step of an origin that has ended, so that the news of its end
    /// is passed on by whoever has heard it.
    const ENDED: u64 = u64::MAX;
    /// The longest head, in bytes.
    const HEAD_LEN: usize = 32;

    /// Hands own changes to all members.
    pub(super) fn flush(&mut self) {
        let (last, up) = (self.log.last(), self.up_nodes());
        if self.pushed < last {
            // If the log was too short for what happened since, the members notice that
            // steps are missing, and ask.
            let bodies = match self.log.reaches_back_to(self.pushed) {
                true => self.deltas(self.pushed),
                false => vec![self.delta(last, Vec::new())],
            };
            for body in bodies {
                self.broadcast(&up, body);
            }
            self.pushed = last;
        }
        let fields = std::mem::take(&mut self.meta_unsent);
        if !fields.is_empty() {
            for body in self.meta_bodies(|field| fields.contains(field)) {
                self.broadcast(&up, body);
            }
        }
    }

    /// Compares itself with some others, asks again what was not answered, and forgets
    /// what nobody needs. `below` gives a number from 0 to its argument, exclusively.
    pub(super) fn tick(&mut self, now: Timestamp, below: &mut dyn FnMut(u64) -> u64) {
        if self.ended {
            return;
        }
        self.cuts.forget_before(now - Self::SNAPSHOT_REST);
        for node in self.up_nodes() {
            self.ask_again(node, now);
        }
        self.ask_others(now);
        let mut candidates = self.up_nodes();
        let hash = self.summary();
        for _ in 0..self.config.sync_fanout {
            if candidates.is_empty() {
                return;
            }
            let chosen = below(candidates.len() as u64);
            let chosen = usize::try_from(chosen)
                .unwrap_or(0)
                .min(candidates.len() - 1);
            let to = candidates.swap_remove(chosen);
            self.send(to, Body::Summary { hash });
        }
    }

    /// Ends for good: tells everybody, and holds nothing.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.say_end();
    }

    /// Tells everybody that it has ended, if it has; whether it has.
    pub(super) fn say_end(&mut self) -> bool {
        if self.ended {
            let up = self.up_nodes();
            self.broadcast(&up, Body::Ended);
        }
        self.ended
    }

    fn up_nodes(&self) -> Vec<NodeId> {
        self.up().map(|(node, _)| node).collect()
    }

    fn broadcast(&mut self, to: &[NodeId], body: Body) {
        if !to.is_empty() {
            self.out
                .push(super::effect::Effect::SendAll(to.to_vec(), body));
        }
    }

    /// How far this node has whom, itself included.
    fn heads(&self) -> Vec<Head> {
        let others = self.up().filter_map(|(_, peer)| {
            let origin = peer.origin()?;
            let sequence = match peer.ended {
                true => Self::ENDED,
                false => peer.applied()?,
            };
            Some(Head { origin, sequence })
        });
        let (origin, sequence) = (self.me, self.own.sequence);
        let mut heads: Vec<_> = others.chain([Head { origin, sequence }]).collect();
        heads.sort_unstable();
        heads
    }

    /// Equal for nodes that have the same of the same.
    pub(super) fn summary(&self) -> u64 {
        let mut hash = Xxh3::new();
        for head in self.heads() {
            hash.update(&head.origin.node.0.to_le_bytes());
            hash.update(&head.origin.incarnation.0.to_le_bytes());
            hash.update(&head.origin.life.to_le_bytes());
            hash.update(&head.sequence.to_le_bytes());
        }
        hash.update(&self.meta.hash().to_le_bytes());
        hash.digest()
    }

    pub(super) fn compare_summary(&mut self, from: NodeId, hash: u64) {
        if hash != self.summary() {
            self.send_digest(from, true);
        }
    }

    fn send_digest(&mut self, to: NodeId, answer: bool) {
        let (heads, meta) = (self.heads(), self.meta.hash());
        let chunks = heads.chunks((self.room / Self::HEAD_LEN).max(1));
        let last = chunks.len() - 1;
        let bodies = chunks.enumerate().map(|(index, heads)| Body::Digest {
            heads: heads.to_vec(),
            meta,
            answer: answer && index == last,
        });
        for body in bodies.collect::<Vec<_>>() {
            self.send(to, body);
        }
    }

    pub(super) fn compare_digest(
        &mut self,
        from: NodeId,
        heads: Vec<Head>,
        meta: u64,
        answer: bool,
        now: Timestamp,
    ) {
        for Head { origin, sequence } in heads {
            self.meet(origin, now);
            if sequence == Self::ENDED {
                self.end_of(origin);
                continue;
            }
            let peer = self.peers.get_mut(&origin.node);
            let known = peer.filter(|peer| peer.compare(origin) == Acquaintance::Known);
            let Some(peer) = known.filter(|peer| peer.up) else {
                continue;
            };
            peer.head = peer.head.max(sequence);
            if peer.applied().is_none_or(|applied| applied < sequence) {
                if from != origin.node {
                    peer.relay = Some(from);
                }
                self.catch_up(origin.node, now);
            }
        }
        if meta != self.meta.hash() {
            for body in self.meta_bodies(|_| true) {
                self.send(from, body);
            }
        }
        if answer {
            self.send_digest(from, false);
        }
    }

    fn meta_bodies(&self, wanted: impl Fn(&Label) -> bool) -> Vec<Body> {
        let fields = self.meta.all().filter(|(field, _)| wanted(field));
        let fields = fields.map(|(field, written)| (field.clone(), written.clone()));
        let chunks = chunked(fields, self.room);
        chunks.map(|fields| Body::Meta { fields }).collect()
    }

    /// Looks what is missing of a node, and asks for it.
    pub(super) fn catch_up(&mut self, node: NodeId, now: Timestamp) {
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        if peer.tidy() {
            peer.behind_since.get_or_insert(now);
            self.ask(node, now);
            return;
        }
        peer.behind_since = None;
        peer.overflowed = false;
        peer.relay = None;
        if peer.pull.take().is_some() {
            self.ask_others(now);
        }
    }

    /// Asks for what is missing of a node, unless that was asked already or too much
    /// else is under way.
    pub(super) fn ask(&mut self, node: NodeId, now: Timestamp) {
        let pulls = self.peers.values().filter(|peer| peer.pull.is_some());
        let busy = pulls.count() >= self.config.pulls_max;
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        if busy || peer.pull.is_some() || !peer.up || peer.ended {
            return;
        }
        let relay = peer.relay.filter(|_| peer.silence >= Self::PATIENCE);
        let asked = relay.unwrap_or(node);
        if asked == node {
            peer.silence = peer.silence.saturating_add(1);
        } else {
            // Should it not answer either, the owner is asked again.
            peer.relay = None;
        }
        peer.pull = Some(now);
        let from = peer.life.zip(peer.applied());
        let of = peer.member;
        self.send(asked, Body::Pull { of, from });
    }

    /// Asks for what else is missing, as far as there is room for more questions.
    fn ask_others(&mut self, now: Timestamp) {
        let lacks = |peer: &Peer| peer.applied().is_none_or(|applied| applied < peer.head);
        let lacking = self
            .up()
            .filter(|(_, peer)| peer.pull.is_none() && lacks(peer));
        let lacking: Vec<_> = lacking.map(|(node, _)| node).collect();
        lacking.into_iter().for_each(|node| self.ask(node, now));
    }

    /// Asks again what was not answered in time: first for the parts of a snapshot that
    /// are missing, then anew.
    fn ask_again(&mut self, node: NodeId, now: Timestamp) {
        let limit = self.config.answer_limit;
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        let Some(pull) = &mut peer.pull else { return };
        if now.since(*pull) < limit {
            return;
        }
        *pull = now;
        let origin = peer.member;
        if let (Some(assembly), Some(life)) = (&mut peer.assembly, peer.life)
            && assembly.retry()
        {
            let (sender, sequence) = (assembly.sender, assembly.sequence);
            let parts = assembly.ask(Self::WINDOW);
            let Member { node, incarnation } = origin;
            let origin = Origin {
                node,
                incarnation,
                life,
            };
            let body = Body::PullParts {
                origin,
                sequence,
                parts,
            };
            self.send(sender, body);
            return;
        }
        peer.assembly = None;
        peer.pull = None;
        self.ask(node, now);
    }

    /// Answers what `of` has changed since.
    pub(super) fn answer_pull(
        &mut self,
        to: NodeId,
        of: Member,
        from: Option<(u64, u64)>,
        now: Timestamp,
    ) {
        if of == self.me.member() {
            let after = from.filter(|(life, _)| *life == self.me.life);
            let after = after.map(|(_, after)| after);
            match after.filter(|after| self.log.reaches_back_to(*after)) {
                Some(after) if after >= self.log.last() => {
                    let nothing = self.delta(self.log.last(), Vec::new());
                    self.send(to, nothing);
                }
                Some(after) => {
                    let bodies = self.deltas(after);
                    bodies.into_iter().for_each(|body| self.send(to, body));
                }
                None => self.send_snapshot(to, self.me, now),
            }
            return;
        }
        let peer = self.peers.get(&of.node).filter(|peer| peer.member == of);
        let Some((origin, sequence)) =
            peer.and_then(|peer| Some((peer.origin()?, peer.applied()?)))
        else {
            return;
        };
        if from.is_none_or(|(life, after)| (life, after) < (origin.life, sequence)) {
            self.send_snapshot(to, origin, now);
        }
    }

    fn delta(&self, after: u64, steps: Vec<Step>) -> Body {
        let origin = self.me;
        Body::Delta {
            origin,
            after,
            steps,
        }
    }

    /// The own steps after this one, which the log must have, in messages.
    fn deltas(&self, mut after: u64) -> Vec<Body> {
        let chunks = chunked(self.log.after(after).cloned(), self.room);
        let bodies = chunks.map(|steps| {
            let begins = after;
            after += steps.len() as u64;
            self.delta(begins, steps)
        });
        bodies.collect()
    }

    /// Sends the first parts of all that an origin holds, as far as this node knows.
    fn send_snapshot(&mut self, to: NodeId, origin: Origin, now: Timestamp) {
        let holdings = match self.peers.get(&origin.node) {
            None if origin == self.me => &self.own,
            Some(peer) if peer.origin() == Some(origin) => match &peer.holdings {
                Some(holdings) => holdings,
                None => return,
            },
            None | Some(_) => return,
        };
        let (current, log) = (holdings.sequence, &self.log);
        let is_own = origin == self.me;
        let is_good = |cut: &Cut| {
            let fresh = now.since(cut.made()) < Self::SNAPSHOT_LIFE;
            // Whoever begins anew decides conflicts by what it gets, and must not yield to
            // a claim that was given up before it asked.
            cut.sequence == current
                || (is_own
                    && fresh
                    && log.reaches_back_to(cut.sequence)
                    && !log.after(cut.sequence).any(Step::takes_away))
        };
        let sequence = match self.cuts.newest(origin, now, is_good) {
            Some(cut) => cut.sequence,
            None => {
                let room = self.room;
                let records = holdings.records();
                self.cuts
                    .cut(origin, current, records, wire::len, room, now)
                    .sequence
            }
        };
        let parts: Vec<_> = (0..).take(Self::WINDOW).collect();
        self.send_parts(to, origin, sequence, &parts, now);
    }

    /// Sends parts of a snapshot; another snapshot if that one is no longer there.
    pub(super) fn answer_parts(
        &mut self,
        to: NodeId,
        origin: Origin,
        sequence: u64,
        parts: &[u32],
        now: Timestamp,
    ) {
        if !self.send_parts(to, origin, sequence, parts, now) {
            self.send_snapshot(to, origin, now);
        }
    }

    fn send_parts(
        &mut self,
        to: NodeId,
        origin: Origin,
        sequence: u64,
        wanted: &[u32],
        now: Timestamp,
    ) -> bool {
        let is_it = |cut: &Cut| cut.sequence == sequence;
        let Some(cut) = self.cuts.newest(origin, now, is_it) else {
            return false;
        };
        let parts = cut.parts();
        let wanted = wanted.iter().take(Self::WINDOW);
        let found = wanted.filter_map(|part| Some((*part, cut.part(*part)?.to_vec())));
        let bodies = found.map(|(part, records)| Body::Part {
            origin,
            sequence,
            part,
            parts,
            records,
        });
        for body in bodies.collect::<Vec<_>>() {
            self.send(to, body);
        }
        true
    }
}

/// Puts things into messages of at most `room` bytes; a longer one has a message of its
/// own.
fn chunked<T: serde::Serialize>(
    things: impl Iterator<Item = T>,
    room: usize,
) -> impl Iterator<Item = Vec<T>> {
    let mut things = things.map(|thing| (wire::len(&thing), thing)).peekable();
    std::iter::from_fn(move || {
        let (len, first) = things.next()?;
        let (mut used, mut chunk) = (len, vec![first]);
        while let Some((len, thing)) = things.next_if(|(len, _)| used + len <= room) {
            used += len;
            chunk.push(thing);
        }
        Some(chunk)
    })
}
