//! Who is a member, as this node tells it.
//!
//! Pure: takes in the protocol's whole table after each step, and returns what has
//! changed for those who look. The protocol itself keeps silent about suspicion, and
//! knows of no departures; both follow from the table.

use std::collections::BTreeMap;

use foca::State;

use super::identity::Identity;
use super::member::Member;
use super::peer::{Peer, PeerState};
use super::subscription::MemberChange;
use crate::runtime::{Incarnation, NodeId};

/// What is known of one other node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    identity: Identity,
    refutations: u16,
    state: State,
}

impl Entry {
    fn of(member: &foca::Member<Identity>) -> Self {
        Self {
            identity: *member.id(),
            refutations: member.incarnation(),
            state: member.state(),
        }
    }

    /// How users see it; `None` if it is gone.
    const fn seen(&self) -> Option<PeerState> {
        match self.state {
            State::Alive => Some(PeerState::Alive),
            State::Suspect => Some(PeerState::Suspect),
            State::Down => None,
        }
    }
}

/// All nodes that are or were members, the own one not among them.
#[derive(Debug)]
pub(super) struct Roster {
    own: NodeId,
    entries: BTreeMap<NodeId, Entry>,
    /// The latest start of each node that was ever up.
    latest: BTreeMap<NodeId, Incarnation>,
}

impl Roster {
    pub(super) const fn new(own: NodeId) -> Self {
        Self {
            own,
            entries: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    /// Takes in the table of the protocol. Answers what has changed, by node.
    pub(super) fn update(&mut self, table: &[&foca::Member<Identity>]) -> Vec<MemberChange> {
        let others = table.iter().filter(|member| member.id().node != self.own);
        let rows = others.map(|member| (member.id().node, Entry::of(member)));
        // Most steps change nothing.
        if rows.clone().count() == self.entries.len()
            && rows
                .clone()
                .all(|(node, entry)| self.entries.get(&node) == Some(&entry))
        {
            return Vec::new();
        }
        let table: BTreeMap<NodeId, Entry> = rows.collect();
        let mut changes = Vec::new();
        for (node, before) in &self.entries {
            // The protocol forgets only the dead.
            if !table.contains_key(node) {
                compare(Some(before), None, &mut changes);
            }
        }
        for (node, after) in &table {
            compare(self.entries.get(node), Some(after), &mut changes);
        }
        for (node, entry) in table.iter().filter(|(_, entry)| entry.seen().is_some()) {
            let incarnation = entry.identity.incarnation;
            let latest = self.latest.entry(*node).or_insert(incarnation);
            *latest = incarnation.max(*latest);
        }
        self.entries = table;
        changes
    }

    /// Forgets everyone, but not which of their starts are over.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Whether a member is an earlier start of a node that was up in a later one: all
    /// news of it is old.
    pub(super) fn is_outdated(&self, member: Member) -> bool {
        let latest = self.latest.get(&member.node);
        latest.is_some_and(|latest| member.incarnation < *latest)
    }

    /// The other members, by node.
    pub(super) fn peers(&self) -> Vec<Peer> {
        let peers = self.entries.values().filter_map(|entry| {
            let member = entry.identity.member();
            entry.seen().map(|state| Peer { member, state })
        });
        peers.collect()
    }

    pub(super) fn peer(&self, node: NodeId) -> Option<Peer> {
        let entry = self.entries.get(&node)?;
        let member = entry.identity.member();
        entry.seen().map(|state| Peer { member, state })
    }

    /// The identities of the other members, by node.
    pub(super) fn identities(&self) -> Vec<Identity> {
        let members = self.entries.values().filter(|entry| entry.seen().is_some());
        members.map(|entry| entry.identity).collect()
    }

    /// The table of the protocol as it was last taken in.
    pub(super) fn table(&self) -> Vec<foca::Member<Identity>> {
        let entries = self.entries.values();
        let member =
            |entry: &Entry| foca::Member::new(entry.identity, entry.refutations, entry.state);
        entries.map(member).collect()
    }
}

/// What one node's entry has become.
fn compare(before: Option<&Entry>, after: Option<&Entry>, changes: &mut Vec<MemberChange>) {
    let was = before.and_then(|entry| Some((entry.identity.member(), entry.seen()?)));
    let is = after.and_then(|entry| Some((entry.identity.member(), entry.seen()?)));
    match (was, is) {
        (None, None) => {}
        (None, Some((member, state))) => up(member, state, changes),
        (Some((member, _)), None) => {
            let departed = after.is_some_and(|entry| entry.identity.departing);
            changes.push(if departed {
                MemberChange::Left(member)
            } else {
                MemberChange::Down(member)
            });
        }
        (Some((old, before)), Some((new, after))) if old == new => match (before, after) {
            (PeerState::Alive, PeerState::Suspect) => changes.push(MemberChange::Suspected(new)),
            (PeerState::Suspect, PeerState::Alive) => changes.push(MemberChange::Refuted(new)),
            (PeerState::Alive, PeerState::Alive) | (PeerState::Suspect, PeerState::Suspect) => {}
        },
        (Some((old, _)), Some((new, state))) => {
            changes.push(MemberChange::Down(old));
            up(new, state, changes);
        }
    }
}

fn up(member: Member, state: PeerState, changes: &mut Vec<MemberChange>) {
    changes.push(MemberChange::Up(member));
    if state == PeerState::Suspect {
        changes.push(MemberChange::Suspected(member));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: NodeId = NodeId(1);

    fn identity(node: u32, incarnation: u32, generation: u32) -> Identity {
        Identity::new(NodeId(node), Incarnation(incarnation), generation)
    }

    fn member(node: u32, incarnation: u32) -> Member {
        identity(node, incarnation, 0).member()
    }

    fn row(identity: Identity, state: State) -> foca::Member<Identity> {
        foca::Member::new(identity, 0, state)
    }

    /// What each table of the list changes, one after the other.
    fn story(tables: &[&[foca::Member<Identity>]]) -> Vec<Vec<MemberChange>> {
        let mut roster = Roster::new(OWN);
        let changes = tables
            .iter()
            .map(|table| roster.update(&table.iter().collect::<Vec<_>>()));
        changes.collect()
    }

    #[test]
    fn suspicion_and_its_refutation_are_told_although_the_protocol_keeps_silent() {
        let two = identity(2, 1, 0);
        let changes = story(&[
            &[row(two, State::Alive)],
            &[row(two, State::Suspect)],
            &[row(two, State::Suspect)],
            &[row(two, State::Alive)],
            &[row(two, State::Down)],
        ]);
        let two = member(2, 1);
        assert_eq!(
            changes,
            vec![
                vec![MemberChange::Up(two)],
                vec![MemberChange::Suspected(two)],
                vec![],
                vec![MemberChange::Refuted(two)],
                vec![MemberChange::Down(two)],
            ]
        );
    }

    #[test]
    fn a_restart_takes_the_place_of_the_old_at_once() {
        let changes = story(&[
            &[row(identity(2, 1, 3), State::Suspect)],
            &[row(identity(2, 2, 0), State::Alive)],
        ]);
        let expected = vec![
            MemberChange::Down(member(2, 1)),
            MemberChange::Up(member(2, 2)),
        ];
        assert_eq!(changes[1], expected);
    }

    #[test]
    fn a_renewal_is_seen_only_by_those_who_had_taken_the_member_for_dead() {
        let renewed = row(identity(2, 1, 1), State::Alive);
        let alive = story(&[
            &[row(identity(2, 1, 0), State::Alive)],
            std::slice::from_ref(&renewed),
        ]);
        assert_eq!(alive[1], vec![]);
        let down = story(&[&[row(identity(2, 1, 0), State::Down)], &[renewed]]);
        assert_eq!(down[1], vec![MemberChange::Up(member(2, 1))]);
    }

    #[test]
    fn a_departure_is_not_a_death() {
        let two = identity(2, 1, 0);
        let changes = story(&[
            &[row(two, State::Alive)],
            &[row(two.departing(), State::Down)],
        ]);
        assert_eq!(changes[1], vec![MemberChange::Left(member(2, 1))]);
    }

    #[test]
    fn who_was_never_up_does_not_go_down() {
        let two = identity(2, 1, 0);
        assert_eq!(
            story(&[&[row(two, State::Down)], &[]]),
            vec![vec![], vec![]]
        );
    }

    #[test]
    fn the_own_node_is_not_its_own_peer() {
        let own = Identity::new(OWN, Incarnation(1), 0);
        assert_eq!(story(&[&[row(own, State::Down)]]), vec![vec![]]);
    }

    #[test]
    fn an_earlier_start_stays_outdated_when_the_node_is_forgotten() {
        let mut roster = Roster::new(OWN);
        roster.update(&[&row(identity(2, 3, 0), State::Alive)]);
        roster.update(&[]);
        assert!(roster.is_outdated(member(2, 2)));
        assert!(!roster.is_outdated(member(2, 3)));
        assert!(!roster.is_outdated(member(3, 1)));
    }

    #[test]
    fn the_table_comes_back_as_it_was_taken_in() {
        let mut roster = Roster::new(OWN);
        let table = vec![
            foca::Member::new(identity(2, 1, 4), 3, State::Suspect),
            foca::Member::new(identity(3, 2, 0), 0, State::Down),
        ];
        roster.update(&table.iter().collect::<Vec<_>>());
        assert_eq!(roster.table(), table);
        assert_eq!(roster.peer(NodeId(3)), None);
        assert_eq!(roster.peers().len(), 1);
        assert_eq!(roster.identities(), vec![identity(2, 1, 4)]);
    }
}
