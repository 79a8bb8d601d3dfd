//! Some nodes, the messages between them, and what their readers see.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::config::ReplicatedConfig;
use super::super::effect::Effect;
use super::super::members::MemberNews;
use super::super::origin::Origin;
use super::super::replica::Replica;
use super::super::wire::{Packet, Seal};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::membership::Member;
use crate::process::ProcessId;
use crate::registry::change::{Cause, Change};
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::operation::{Registered, Registration, Removal};
use crate::runtime::{EntropyStream, Incarnation, NodeId, Timestamp};

/// How many own rows readers of a unique scope may see under one name.
const ONE: usize = 1;

/// A message on its way.
#[derive(Clone)]
pub(super) struct Flight {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) bytes: Vec<u8>,
}

/// A node, up or not.
pub(super) struct Site {
    pub(super) replica: Option<Replica>,
    incarnation: u32,
    lives: u64,
    processes: u64,
    pub(super) alive: BTreeSet<ProcessId>,
    /// What readers see, kept by the changes alone.
    pub(super) seen: BTreeMap<(Key, ProcessId, u64), Entry>,
    pub(super) scopes: BTreeMap<Label, Keys>,
    /// What watchers and operators were told since this was last taken.
    pub(super) changes: Vec<Change>,
    pub(super) facts: Vec<RegistryEvent>,
    pub(super) warnings: Vec<Label>,
}

/// Some nodes and the messages between them.
pub(super) struct Network {
    pub(super) sites: BTreeMap<u32, Site>,
    pub(super) flights: Vec<Flight>,
    /// Links that lose everything, from lower to higher node.
    pub(super) cut: BTreeSet<(u32, u32)>,
    pub(super) now: Timestamp,
    pub(super) dice: EntropyStream,
    pub(super) config: Arc<ReplicatedConfig>,
    pub(super) room: usize,
    /// Messages and bytes that were sent.
    pub(super) sent: (usize, usize),
    /// How many of a hundred messages are lost.
    pub(super) loss: u64,
}

pub(super) const SCOPE: &str = "s";
pub(super) const GROUPS: &str = "g";

impl Network {
    /// So many nodes that know each other, with both scopes open everywhere.
    pub(super) fn new(nodes: u32, config: ReplicatedConfig) -> Self {
        Self::with_room(nodes, config, 400)
    }

    /// The same, with messages of about so many bytes.
    pub(super) fn with_room(nodes: u32, config: ReplicatedConfig, room: usize) -> Self {
        let mut network = Self::strangers(0, config);
        network.room = room;
        (1..=nodes).for_each(|node| network.start(node));
        for node in 1..=nodes {
            network.introduce(node);
        }
        network.settle();
        network
    }

    /// So many nodes that have not heard of each other.
    pub(super) fn strangers(nodes: u32, config: ReplicatedConfig) -> Self {
        let mut network = Self {
            sites: BTreeMap::new(),
            flights: Vec::new(),
            cut: BTreeSet::new(),
            now: Timestamp(1),
            dice: EntropyStream::from_seed([7; 32]),
            config: Arc::new(config),
            room: 400,
            sent: (0, 0),
            loss: 0,
        };
        (1..=nodes).for_each(|node| network.start(node));
        network
    }

    /// Starts a node, again under a greater incarnation.
    pub(super) fn start(&mut self, node: u32) {
        let site = self.sites.entry(node).or_insert_with(|| Site {
            replica: None,
            incarnation: 0,
            lives: 0,
            processes: 0,
            alive: BTreeSet::new(),
            seen: BTreeMap::new(),
            scopes: BTreeMap::new(),
            changes: Vec::new(),
            facts: Vec::new(),
            warnings: Vec::new(),
        });
        site.incarnation += 1;
        self.replace(node);
    }

    /// Gives a node a fresh replica within its incarnation.
    pub(super) fn replace(&mut self, node: u32) {
        let (config, room) = (self.config.clone(), self.room);
        let site = self.site(node);
        site.lives += 1;
        let me = Origin {
            node: NodeId(node),
            incarnation: Incarnation(site.incarnation),
            life: site.lives,
        };
        site.replica = Some(Replica::new(me, "names".into(), config, room));
        site.alive.clear();
        site.seen.clear();
        site.scopes.clear();
        self.act(node, |replica| {
            assert_eq!(replica.open_scope(&SCOPE.into(), Keys::Unique), Ok(()));
            assert_eq!(replica.open_scope(&GROUPS.into(), Keys::Duplicate), Ok(()));
        });
    }

    /// Ends a node with everything on it.
    pub(super) fn crash(&mut self, node: u32) {
        self.site(node).replica = None;
    }

    pub(super) fn site(&mut self, node: u32) -> &mut Site {
        self.sites.get_mut(&node).expect("the node is one of ours")
    }

    pub(super) fn is_up(&self, node: u32) -> bool {
        self.sites[&node].replica.is_some()
    }

    pub(super) fn member(&self, node: u32) -> Member {
        Member {
            node: NodeId(node),
            incarnation: Incarnation(self.sites[&node].incarnation),
        }
    }

    /// Tells a node who is up in truth.
    pub(super) fn introduce(&mut self, node: u32) {
        let up = self.sites.keys().copied().filter(|node| self.is_up(*node));
        let members = up.map(|node| self.member(node)).collect();
        self.tell(node, MemberNews::All(members));
    }

    pub(super) fn tell(&mut self, node: u32, news: MemberNews) {
        let now = self.now;
        self.act(node, |replica| replica.member(news, now));
    }

    /// Cuts or mends the link between two nodes.
    pub(super) fn link(&mut self, one: u32, other: u32, whole: bool) {
        let link = (one.min(other), one.max(other));
        if whole {
            self.cut.remove(&link);
        } else {
            self.cut.insert(link);
        }
    }

    /// Parts the nodes, so that each side takes the other for dead.
    pub(super) fn split(&mut self, side: &[u32]) {
        let nodes: Vec<u32> = self.sites.keys().copied().collect();
        let (these, those): (Vec<u32>, Vec<u32>) =
            nodes.into_iter().partition(|node| side.contains(node));
        for one in &these {
            for other in &those {
                self.link(*one, *other, false);
                self.tell(*one, MemberNews::Down(self.member(*other)));
                self.tell(*other, MemberNews::Down(self.member(*one)));
            }
        }
    }

    /// Mends all links and tells everybody the truth.
    pub(super) fn heal(&mut self) {
        self.cut.clear();
        let nodes: Vec<u32> = self.sites.keys().copied().collect();
        nodes.into_iter().for_each(|node| self.introduce(node));
    }

    /// Does something with a node, if it is up, and all that follows from it at once.
    pub(super) fn act<T>(&mut self, node: u32, act: impl FnOnce(&mut Replica) -> T) -> Option<T> {
        let replica = self.site(node).replica.as_mut()?;
        let answer = act(replica);
        let effects = replica.effects();
        for effect in effects {
            self.perform(node, effect);
        }
        Some(answer)
    }

    fn perform(&mut self, node: u32, effect: Effect) {
        match effect {
            Effect::OpenScope(scope, keys) => {
                let known = self.site(node).scopes.insert(scope, keys);
                assert_eq!(known, None, "a scope is opened once");
            }
            Effect::CloseScope(scope) => {
                let known = self.site(node).scopes.remove(&scope);
                assert!(known.is_some(), "a scope that is closed was open");
            }
            Effect::Change(change) => self.site(node).see(change),
            Effect::Refresh { entry, .. } => {
                let place = (entry.key.clone(), entry.process, entry.revision);
                let known = self.site(node).seen.insert(place, entry);
                assert!(known.is_some(), "what is refreshed is seen");
            }
            Effect::Fact(fact) => self.site(node).facts.push(fact),
            Effect::Warn(what) => self.site(node).warnings.push(what),
            Effect::Exit(process, _) => self.exit(process),
            Effect::Send(to, body) => self.send(node, &[to], body),
            Effect::SendAll(to, body) => self.send(node, &to, body),
        }
    }

    fn send(&mut self, from: u32, to: &[NodeId], body: super::super::wire::Body) {
        let Some(replica) = &self.sites[&from].replica else {
            return;
        };
        let (from_origin, clock) = (replica.me, replica.clock);
        let packet = Packet {
            from: from_origin,
            clock,
            body,
        };
        let bytes = Seal::of("names").encode(&packet);
        for to in to {
            self.sent = (self.sent.0 + 1, self.sent.1 + bytes.len());
            let bytes = bytes.clone();
            self.flights.push(Flight {
                from,
                to: to.0,
                bytes,
            });
        }
    }

    /// Delivers the message at this place, unless its link is cut.
    pub(super) fn deliver(&mut self, place: usize) {
        let flight = self.flights.swap_remove(place);
        let link = (flight.from.min(flight.to), flight.from.max(flight.to));
        let lost = self.dice.below(100) < self.loss;
        if lost || self.cut.contains(&link) || !self.is_up(flight.to) {
            return;
        }
        let packet = Seal::of("names").decode(&flight.bytes);
        let packet = packet.expect("it was one of ours");
        let now = self.now;
        self.act(flight.to, |replica| replica.receive(packet, now));
        while self.act(flight.to, |replica| replica.advance(3, now)) == Some(true) {}
    }

    /// Delivers everything, in random order, with all that follows from it.
    pub(super) fn deliver_all(&mut self) {
        while !self.flights.is_empty() {
            let place = self.dice.below(self.flights.len() as u64);
            self.deliver(usize::try_from(place).expect("few messages"));
        }
    }

    /// Lets a node hand out its changes.
    pub(super) fn flush(&mut self, node: u32) {
        self.act(node, Replica::flush);
    }

    pub(super) fn tick(&mut self, node: u32) {
        let (now, mut dice) = (self.now, self.dice.next_u64());
        self.act(node, |replica| {
            replica.tick(now, &mut |below| {
                dice = dice.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
                dice % below
            });
        });
    }

    /// One interval: everybody hands out, compares, and all messages arrive.
    pub(super) fn round(&mut self) {
        let nodes: Vec<u32> = self.sites.keys().copied().collect();
        for node in &nodes {
            self.flush(*node);
        }
        self.deliver_all();
        self.now = self.now + Duration::from_millis(500);
        for node in &nodes {
            self.tick(*node);
        }
        self.deliver_all();
    }

    /// Rounds until all agree; answers how many it took.
    ///
    /// # Panics
    ///
    /// If they do not agree after very many.
    pub(super) fn settle(&mut self) -> usize {
        let mut differ = String::new();
        for round in 0..200 {
            match self.disagreement() {
                None => return round,
                Some(what) => differ = what,
            }
            self.round();
        }
        panic!("no agreement: {differ}");
    }

    /// Starts a process on a node.
    pub(super) fn process(&mut self, node: u32) -> ProcessId {
        let site = self.site(node);
        site.processes += 1;
        let process = ProcessId {
            node: NodeId(node),
            incarnation: Incarnation(site.incarnation),
            local: site.processes,
        };
        site.alive.insert(process);
        process
    }

    /// Ends a process.
    pub(super) fn exit(&mut self, process: ProcessId) {
        let node = process.node.0;
        if self.site(node).alive.remove(&process) {
            self.act(node, |replica| replica.process_exited(process));
        }
    }

    /// Registers a fresh process of a node.
    pub(super) fn register(
        &mut self,
        node: u32,
        scope: &str,
        name: &str,
    ) -> Result<ProcessId, RegistryError> {
        let process = self.process(node);
        let wanted = Registration::new(scope, name, process);
        self.ask(node, wanted).map(|_| process)
    }

    pub(super) fn ask(
        &mut self,
        node: u32,
        wanted: Registration,
    ) -> Result<Registered, RegistryError> {
        let alive = self.site(node).alive.clone();
        let answer = self.act(node, |replica| {
            replica.register(wanted, &|process| alive.contains(&process))
        });
        answer.expect("the node is up")
    }

    pub(super) fn unregister(
        &mut self,
        node: u32,
        scope: &str,
        name: &str,
    ) -> Result<Entry, RegistryError> {
        let removal = Removal::new(scope, name);
        let answer = self.act(node, |replica| replica.unregister(&removal));
        answer.expect("the node is up")
    }

    /// Who holds a unique name, as a node sees it.
    pub(super) fn holder(&self, node: u32, name: &str) -> Option<ProcessId> {
        let key = Key::new(SCOPE, name);
        let seen = self.sites[&node].seen.keys();
        let mut holders = seen.filter(|(seen, ..)| *seen == key);
        holders.next().map(|(_, process, _)| *process)
    }

    /// What watchers on a node were told since this was last asked.
    pub(super) fn changes(&mut self, node: u32) -> Vec<Change> {
        std::mem::take(&mut self.site(node).changes)
    }
}

impl Site {
    fn see(&mut self, change: Change) {
        let place = |entry: &Entry| (entry.key.clone(), entry.process, entry.revision);
        match &change {
            Change::Registered(entry) => {
                let keys = self.scopes.get(&entry.key.scope);
                let keys = keys.expect("a name is registered in an open scope");
                let known = self.seen.insert(place(entry), entry.clone());
                assert!(known.is_none(), "what is registered is new");
                let same = self.seen.keys().filter(|(key, ..)| *key == entry.key);
                let holders = same.count();
                assert!(*keys == Keys::Duplicate || holders == ONE, "{}", entry.key);
            }
            Change::Updated { entry, before } => {
                let known = self
                    .seen
                    .iter()
                    .find(|(_, known)| (&known.key, known.process) == (&entry.key, entry.process));
                let (old, known) = known
                    .map(|(old, known)| (old.clone(), known.clone()))
                    .expect("what is updated is seen");
                assert!(known.metadata == *before && known.metadata != entry.metadata);
                self.seen.remove(&old);
                self.seen.insert(place(entry), entry.clone());
            }
            Change::Unregistered { entry, cause } => {
                let known = self.seen.remove(&place(entry));
                assert_eq!(known.as_ref(), Some(entry), "{cause}");
                if let Cause::Conflict { winner, .. } = cause {
                    assert_ne!(*winner, entry.process);
                }
            }
        }
        self.changes.push(change);
    }
}
