//! What the membership says of other nodes, and what their own words say.

use super::effect::Effect;
use super::origin::Origin;
use super::peer::{Acquaintance, Peer};
use super::replica::Replica;
use crate::event::RegistryEvent;
use crate::membership::Member;
use crate::registry::change::Cause;
use crate::runtime::{NodeId, Timestamp};

/// What a replica is told of the members of the cluster. About other nodes only; what is
/// said of the own node is passed over.
///
/// Nothing that must be certain rests on it: a member that was wrongly said to be gone
/// gets its rows back from itself, and what was given away meanwhile is decided by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberNews {
    /// These are all members now.
    All(Vec<Member>),
    /// A member from here on.
    Up(Member),
    /// No longer a member: taken for dead, or replaced by a newer start of its node.
    Down(Member),
    /// No longer a member: left of its own accord.
    Left(Member),
}

impl Replica {
    /// Takes what the membership says.
    pub(super) fn member(&mut self, news: MemberNews, now: Timestamp) {
        if self.ended {
            return;
        }
        match news {
            MemberNews::All(members) => {
                let gone = self.up().map(|(_, peer)| peer.member);
                let gone: Vec<_> = gone.filter(|member| !members.contains(member)).collect();
                gone.into_iter().for_each(|member| self.down(member));
                members
                    .into_iter()
                    .for_each(|member| self.come_up(member, now));
            }
            MemberNews::Up(member) => self.come_up(member, now),
            MemberNews::Down(member) | MemberNews::Left(member) => self.down(member),
        }
        self.resolve();
    }

    fn come_up(&mut self, member: Member, now: Timestamp) {
        if member.node == self.me.node {
            return;
        }
        let known = self.peers.entry(member.node);
        let known = known.or_insert_with(|| Peer::new(member)).member;
        if known.incarnation > member.incarnation {
            return;
        }
        if known.incarnation < member.incarnation {
            self.forget(member.node);
            self.peers.insert(member.node, Peer::new(member));
        }
        let Some(peer) = self.peers.get_mut(&member.node).filter(|peer| !peer.up) else {
            return;
        };
        peer.up = true;
        self.ask(member.node, now);
    }

    fn down(&mut self, member: Member) {
        let Some(peer) = self.peers.get_mut(&member.node) else {
            return;
        };
        // What is said of an older start than the one that is known came too late.
        if peer.member.incarnation > member.incarnation {
            return;
        }
        self.forget(member.node);
    }

    /// The rows of a node are no longer seen, nor is it taken for a member. What
    /// protects from taking old news for new is kept.
    fn forget(&mut self, node: NodeId) {
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        peer.up = false;
        let member = peer.member;
        let Some(holdings) = peer.drop_state() else {
            return;
        };
        for row in holdings.rows.values() {
            self.hide(node, row, Cause::NodeGone);
        }
        for scope in holdings.scopes.keys() {
            self.reconsider(scope);
        }
        self.ready.remove(&node);
        self.out.push(Effect::Fact(RegistryEvent::PeerDropped {
            registry: self.registry.clone(),
            peer: node,
            peer_incarnation: member.incarnation,
            entries: holdings.rows.len() as u64,
        }));
    }

    /// Learns that an origin exists. One that is newer than what is known of its node
    /// has replaced that for good.
    pub(super) fn meet(&mut self, origin: Origin, now: Timestamp) {
        if origin.node == self.me.node {
            return;
        }
        let peer = self.peers.entry(origin.node);
        let peer = peer.or_insert_with(|| Peer::new(origin.member()));
        if peer.member == origin.member() && peer.life.is_none() {
            peer.life = Some(origin.life);
            return;
        }
        if peer.compare(origin) != Acquaintance::New {
            return;
        }
        let was_up = peer.up;
        self.forget(origin.node);
        if let Some(peer) = self.peers.get_mut(&origin.node) {
            peer.up = was_up;
            peer.succeed(origin);
        }
        self.ask(origin.node, now);
    }

    /// An origin has said that it ended: what it held goes, and never comes back.
    pub(super) fn end_of(&mut self, origin: Origin) {
        let Some(peer) = self.peers.get_mut(&origin.node) else {
            return;
        };
        if peer.compare(origin) != Acquaintance::Known {
            return;
        }
        peer.ended = true;
        let was_up = peer.up;
        self.forget(origin.node);
        if let Some(peer) = self.peers.get_mut(&origin.node) {
            peer.up = was_up;
        }
    }
}
