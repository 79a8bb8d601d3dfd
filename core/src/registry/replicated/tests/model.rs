//! Random stories against the plain meaning of a replicated registry: readers see the
//! union of what owners hold, and of a unique name the best claim.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::super::config::ReplicatedConfig;
use super::super::conflict::{Rank, decide};
use super::super::members::MemberNews;
use super::super::replica::Replica;
use super::super::row::Row;
use super::network::{GROUPS, Network, SCOPE};
use crate::process::ProcessId;
use crate::registry::key::{Key, Keys};
use crate::registry::metadata::{Metadata, Value};
use crate::registry::operation::{Registration, Revision, Update};

/// What readers see: names with holders and metadata, without what is local to a node.
type Seen = BTreeSet<(Key, ProcessId, Metadata, usize)>;

fn counted(all: impl Iterator<Item = (Key, ProcessId, Metadata)>) -> Seen {
    let mut counts = BTreeMap::new();
    for it in all {
        *counts.entry(it).or_insert(0) += 1;
    }
    let all = counts.into_iter();
    all.map(|((key, process, metadata), count)| (key, process, metadata, count))
        .collect()
}

impl Network {
    /// What everybody should see, as far as owners say; and the names that two of them
    /// still hold.
    fn truth(&self) -> (Seen, Vec<Key>) {
        let mut names: BTreeMap<Key, &Row> = BTreeMap::new();
        let (mut groups, mut contested) = (Vec::new(), Vec::new());
        for replica in self.sites.values().filter_map(|site| site.replica.as_ref()) {
            for row in replica.own.rows.values() {
                let key = row.claim.key.clone();
                if replica.own.scopes[&key.scope].keys == Keys::Duplicate {
                    groups.push((key, row.claim.process, row.metadata.clone()));
                    continue;
                }
                let rank = |row: &Row| Rank::of(&row.claim, self.config.resolver.as_ref()).0;
                let best = match names.get(&key) {
                    None => &**row,
                    Some(known) => {
                        contested.push(key.clone());
                        let order = decide((&known.claim, rank(known)), (&row.claim, rank(row))).0;
                        if order.is_lt() { known } else { &**row }
                    }
                };
                names.insert(key, best);
            }
        }
        let names = names.into_iter();
        let names = names.map(|(key, row)| (key, row.claim.process, row.metadata.clone()));
        (counted(names.chain(groups)), contested)
    }

    /// In what the nodes that are up do not agree with each other and with their rows.
    pub(super) fn disagreement(&self) -> Option<String> {
        let (truth, contested) = self.truth();
        if !contested.is_empty() {
            return Some(format!("held twice: {contested:?}"));
        }
        let mut meta: Option<BTreeMap<_, _>> = None;
        let replicas = self.sites.values().filter_map(|site| site.replica.as_ref());
        let summaries: BTreeSet<u64> = replicas.map(Replica::summary).collect();
        if summaries.len() > 1 {
            return Some("not everybody has the same of the same".to_owned());
        }
        for (node, site) in &self.sites {
            let Some(replica) = &site.replica else {
                continue;
            };
            let entries = site.seen.values();
            let seen = counted(entries.map(|it| (it.key.clone(), it.process, it.metadata.clone())));
            if seen != truth {
                return Some(format!("n{node} sees {seen:?}, and there is {truth:?}"));
            }
            let fields = replica.meta.present();
            let fields: BTreeMap<_, _> = fields
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect();
            if meta.get_or_insert_with(|| fields.clone()) != &fields {
                return Some(format!(
                    "n{node} has the fields {fields:?}, others {meta:?}"
                ));
            }
        }
        None
    }

    /// What must hold at any time, agreed or not.
    fn audit(&self) {
        for (node, site) in &self.sites {
            let Some(replica) = &site.replica else {
                continue;
            };
            let complaints = replica.audit(&|row| site.alive.contains(&row.claim.process));
            assert!(complaints.is_empty(), "n{node}: {complaints:#?}");
            assert_eq!(site.seen.len(), replica.view.shown());
        }
    }
}

/// One step of a story. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Act {
    Ask(Ask),
    Traffic(Traffic),
    Trouble(Trouble),
}

/// What callers on a node do.
#[derive(Debug, Clone)]
enum Ask {
    Register { node: u32, name: u8, priority: i8 },
    Join { node: u32, name: u8 },
    Unregister { node: u32, name: u8 },
    Update { node: u32, name: u8, value: i64 },
    Exit { node: u32, which: usize },
    PutMeta { node: u32, field: u8, value: i64 },
    DeleteMeta { node: u32, field: u8 },
    CloseScope { node: u32 },
    OpenScope { node: u32 },
}

/// What happens to messages and with time.
#[derive(Debug, Clone)]
enum Traffic {
    Flush { node: u32 },
    Tick { node: u32 },
    Deliver { place: usize, times: u8 },
    Lose { place: usize, times: u8 },
    Repeat { place: usize },
    Pass { intervals: u8 },
}

/// What goes wrong.
#[derive(Debug, Clone)]
enum Trouble {
    Split { side: u8 },
    Cut { one: u32, other: u32 },
    Heal,
    Crash { node: u32 },
    Restart { node: u32 },
    Replace { node: u32 },
    Down { at: u32, of: u32 },
    Up { at: u32, of: u32 },
}

fn acts() -> impl Strategy<Value = Act> {
    let (node, name) = (1..6_u32, 0..4_u8);
    let place = any::<usize>;
    prop_oneof![
        6 => (node.clone(), name.clone(), -1..2_i8)
            .prop_map(|(node, name, priority)| Act::Ask(Ask::Register { node, name, priority })),
        2 => (node.clone(), name.clone()).prop_map(|(node, name)| Act::Ask(Ask::Join { node, name })),
        3 => (node.clone(), name.clone()).prop_map(|(node, name)| Act::Ask(Ask::Unregister { node, name })),
        3 => (node.clone(), name.clone(), 0..3_i64)
            .prop_map(|(node, name, value)| Act::Ask(Ask::Update { node, name, value })),
        2 => (node.clone(), place()).prop_map(|(node, which)| Act::Ask(Ask::Exit { node, which })),
        1 => (node.clone(), 0..2_u8, 0..5_i64)
            .prop_map(|(node, field, value)| Act::Ask(Ask::PutMeta { node, field, value })),
        1 => (node.clone(), 0..2_u8).prop_map(|(node, field)| Act::Ask(Ask::DeleteMeta { node, field })),
        1 => node.clone().prop_map(|node| Act::Ask(Ask::CloseScope { node })),
        1 => node.clone().prop_map(|node| Act::Ask(Ask::OpenScope { node })),
        6 => node.clone().prop_map(|node| Act::Traffic(Traffic::Flush { node })),
        4 => node.clone().prop_map(|node| Act::Traffic(Traffic::Tick { node })),
        12 => (place(), 1..20_u8).prop_map(|(place, times)| Act::Traffic(Traffic::Deliver { place, times })),
        2 => (place(), 1..4_u8).prop_map(|(place, times)| Act::Traffic(Traffic::Lose { place, times })),
        2 => place().prop_map(|place| Act::Traffic(Traffic::Repeat { place })),
        2 => (0..32_u8).prop_map(|side| Act::Trouble(Trouble::Split { side })),
        1 => (node.clone(), node.clone()).prop_map(|(one, other)| Act::Trouble(Trouble::Cut { one, other })),
        2 => Just(Act::Trouble(Trouble::Heal)),
        1 => node.clone().prop_map(|node| Act::Trouble(Trouble::Crash { node })),
        2 => node.clone().prop_map(|node| Act::Trouble(Trouble::Restart { node })),
        1 => node.clone().prop_map(|node| Act::Trouble(Trouble::Replace { node })),
        2 => (node.clone(), node.clone()).prop_map(|(at, of)| Act::Trouble(Trouble::Down { at, of })),
        2 => (node.clone(), node).prop_map(|(at, of)| Act::Trouble(Trouble::Up { at, of })),
        2 => (1..6_u8).prop_map(|intervals| Act::Traffic(Traffic::Pass { intervals })),
    ]
}

impl Network {
    fn perform_act(&mut self, act: &Act) {
        match act {
            Act::Ask(ask) => self.call(ask),
            Act::Traffic(traffic) => self.move_on(traffic),
            Act::Trouble(trouble) => self.disturb(trouble),
        }
    }

    fn call(&mut self, act: &Ask) {
        let nodes = u32::try_from(self.sites.len()).expect("few nodes");
        let node_of = |node: &u32| (node - 1) % nodes + 1;
        let name_of = |name: &u8| format!("k{name}");
        match act {
            Ask::Register {
                node,
                name,
                priority,
            } => {
                let node = node_of(node);
                if self.is_up(node) {
                    let process = self.process(node);
                    let wanted = Registration::new(SCOPE, name_of(name), process);
                    // Refused where the name is held or the scope is closed.
                    drop(self.ask(node, wanted.priority(i32::from(*priority))));
                }
            }
            Ask::Join { node, name } => {
                let node = node_of(node);
                if self.is_up(node) {
                    drop(self.register(node, GROUPS, &name_of(name)));
                }
            }
            Ask::Unregister { node, name } => {
                let node = node_of(node);
                if self.is_up(node) {
                    drop(self.unregister(node, SCOPE, &name_of(name)));
                }
            }
            Ask::Update { node, name, value } => {
                let metadata = Metadata::new().with("v", *value);
                let update = Update::new(SCOPE, name_of(name), Revision::Replace(metadata));
                drop(self.act(node_of(node), |replica| replica.update(update)));
            }
            Ask::Exit { node, which } => {
                let alive = &self.site(node_of(node)).alive;
                let chosen = alive.iter().nth(which % alive.len().max(1)).copied();
                chosen.into_iter().for_each(|process| self.exit(process));
            }
            Ask::PutMeta { node, field, value } => {
                let (field, value) = (name_of(field).into(), Some(Value::Int(*value)));
                drop(self.act(node_of(node), |replica| replica.write_meta(field, value)));
            }
            Ask::DeleteMeta { node, field } => {
                let field = name_of(field).into();
                drop(self.act(node_of(node), |replica| replica.write_meta(field, None)));
            }
            Ask::CloseScope { node } => {
                drop(self.act(node_of(node), |replica| replica.close_scope(&SCOPE.into())));
            }
            Ask::OpenScope { node } => {
                let keys = Keys::Unique;
                drop(self.act(node_of(node), |replica| {
                    replica.open_scope(&SCOPE.into(), keys)
                }));
            }
        }
    }

    /// What happens to messages and with time.
    fn move_on(&mut self, act: &Traffic) {
        match act {
            Traffic::Flush { node } => self.flush(self.node_of(*node)),
            Traffic::Tick { node } => self.tick(self.node_of(*node)),
            Traffic::Deliver { place, times } => {
                for _ in 0..*times {
                    if !self.flights.is_empty() {
                        self.deliver(self.place_of(*place));
                    }
                }
            }
            Traffic::Lose { place, times } => {
                for _ in 0..*times {
                    if !self.flights.is_empty() {
                        let place = self.place_of(*place);
                        self.flights.swap_remove(place);
                    }
                }
            }
            Traffic::Repeat { place } => {
                let flight = self.flights.get(self.place_of(*place)).cloned();
                self.flights.extend(flight);
            }
            Traffic::Pass { intervals } => {
                self.now = self.now + Duration::from_millis(500) * u32::from(*intervals);
            }
        }
    }

    /// What goes wrong.
    fn disturb(&mut self, act: &Trouble) {
        let nodes = u32::try_from(self.sites.len()).expect("few nodes");
        match act {
            Trouble::Split { side } => {
                let side: Vec<u32> = (1..=nodes)
                    .filter(|node| side >> (node - 1) & 1 == 1)
                    .collect();
                self.split(&side);
            }
            Trouble::Cut { one, other } => {
                self.link(self.node_of(*one), self.node_of(*other), false);
            }
            Trouble::Heal => self.heal(),
            Trouble::Crash { node } => self.crash(self.node_of(*node)),
            Trouble::Restart { node } => {
                self.crash(self.node_of(*node));
                self.start(self.node_of(*node));
                self.introduce(self.node_of(*node));
            }
            Trouble::Replace { node } => {
                let node = self.node_of(*node);
                if self.is_up(node) {
                    self.act(node, Replica::end);
                    self.replace(node);
                    self.introduce(node);
                }
            }
            Trouble::Down { at, of } => {
                let member = self.member(self.node_of(*of));
                self.tell(self.node_of(*at), MemberNews::Down(member));
            }
            Trouble::Up { at, of } => {
                let member = self.member(self.node_of(*of));
                self.tell(self.node_of(*at), MemberNews::Up(member));
            }
        }
    }

    fn node_of(&self, node: u32) -> u32 {
        (node - 1) % u32::try_from(self.sites.len()).expect("few nodes") + 1
    }

    fn place_of(&self, place: usize) -> usize {
        place % self.flights.len().max(1)
    }
}

/// How many rounds agreement may take once all is well, with three to five nodes.
const ROUNDS_MAX: usize = 24;

fn runs(nodes: u32, log: usize, room: usize, loss: u64, acts: &[Act]) {
    let config = ReplicatedConfig::default().log(log, 1 << 20);
    let mut network = Network::with_room(nodes, config, room);
    for act in acts {
        network.perform_act(act);
        network.audit();
    }
    // From here on all is well, but for some loss; whoever crashed comes back.
    for node in 1..=nodes {
        if !network.is_up(node) {
            network.start(node);
        }
        let keys = Keys::Unique;
        drop(network.act(node, |replica| replica.open_scope(&SCOPE.into(), keys)));
    }
    network.heal();
    network.loss = loss;
    let rounds = network.settle();
    network.audit();
    let most = if loss == 0 {
        ROUNDS_MAX
    } else {
        6 * ROUNDS_MAX
    };
    assert!(rounds <= most, "it took {rounds} rounds");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_all_agree_once_it_is_over(
        nodes in 3..6_u32,
        log in prop_oneof![Just(3_usize), Just(1_000)],
        room in prop_oneof![Just(20_usize), Just(1_000)],
        loss in prop_oneof![Just(0_u64), Just(20)],
        acts in prop::collection::vec(acts(), 1..120),
    ) {
        runs(nodes, log, room, loss, &acts);
    }
}
