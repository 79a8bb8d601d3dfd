//! Random operations on both backends, each compared with the plain model.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use super::model::{Model, Row, Wish};
use super::stage::{Seeded, Stage, assert_sound, done, host, process};
use crate::label::Label;
use crate::registry::{
    Backend, Change, Entry, Key, Keys, Local, LocalOptions, Metadata, Query, Registration,
    RegistryError, Removal, Revision, Update, Value,
};

const SCOPES: [(&str, Keys); 3] = [
    ("g", Keys::Duplicate),
    ("s", Keys::Unique),
    ("t", Keys::Unique),
];
const NAMES: [&str; 7] = ["*", "a", "a/b", "a/c", "ab", "b", "b/a"];
const PREFIXES: [&str; 4] = ["a", "a/", "b/", "zz"];
const PROCESSES: u64 = 4;

#[derive(Debug, Clone)]
enum Step {
    Register(Registration),
    Batch(Vec<Registration>),
    Unregister(Removal),
    UnregisterMatching(&'static str, Wish, u64),
    Replace(Removal, Metadata),
    CompareAndSet(Removal, Metadata, Metadata),
    BeginExit(u64),
    Exit(u64),
    Open(usize),
    Close(usize),
    Select(&'static str, Wish),
}

fn scope() -> impl Strategy<Value = &'static str> {
    select(vec!["s", "s", "s", "g", "g", "t", "unknown"])
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let roles = proptest::collection::vec(select(vec!["x", "y"]), 0..3);
    (0..3_i64, roles).prop_map(|(tier, roles)| {
        let metadata = Metadata::new();
        let metadata = if tier == 0 {
            metadata
        } else {
            metadata.with("tier", tier)
        };
        if roles.is_empty() {
            metadata
        } else {
            metadata.with("roles", roles)
        }
    })
}

fn holder() -> impl Strategy<Value = u64> {
    1..=PROCESSES
}

fn registration() -> impl Strategy<Value = Registration> {
    (scope(), select(&NAMES[..]), holder(), metadata(), 0..8_u64).prop_map(
        |(scope, name, holder, metadata, by)| {
            let wanted = Registration::new(scope, name, process(holder)).metadata(metadata);
            // Mostly on its own behalf.
            if by == 0 { wanted.by(None) } else { wanted }
        },
    )
}

fn removal() -> impl Strategy<Value = Removal> {
    (scope(), select(&NAMES[..]), holder(), 0..4_u8).prop_map(|(scope, name, holder, who)| {
        let removal = Removal::new(scope, name);
        match who {
            0 => removal,
            1 => removal.by(Some(process(holder))),
            _ => removal.of(process(holder)),
        }
    })
}

fn wish() -> impl Strategy<Value = Wish> {
    let values = vec![
        ("tier", Value::from(1)),
        ("tier", Value::from(2)),
        ("roles", Value::from("x")),
        ("roles", Value::from(vec!["x", "y"])),
    ];
    (
        proptest::option::weighted(0.2, select(&NAMES[..])),
        proptest::option::weighted(0.4, select(&PREFIXES[..])),
        proptest::option::weighted(0.2, holder()),
        proptest::collection::vec(select(values), 0..3),
        proptest::option::weighted(0.5, 1..4_usize),
    )
        .prop_map(|(name, prefix, holder, fields, limit)| Wish {
            name,
            prefix,
            holder: holder.map(process),
            fields,
            limit,
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => registration().prop_map(Step::Register),
        2 => proptest::collection::vec(registration(), 1..5).prop_map(Step::Batch),
        3 => removal().prop_map(Step::Unregister),
        1 => (scope(), wish(), holder())
            .prop_map(|(scope, wish, owner)| Step::UnregisterMatching(scope, wish, owner)),
        3 => (removal(), metadata()).prop_map(|(whose, new)| Step::Replace(whose, new)),
        2 => (removal(), metadata(), metadata())
            .prop_map(|(whose, old, new)| Step::CompareAndSet(whose, old, new)),
        1 => holder().prop_map(Step::BeginExit),
        1 => holder().prop_map(Step::Exit),
        1 => (0..SCOPES.len()).prop_map(Step::Open),
        1 => (0..SCOPES.len()).prop_map(Step::Close),
        6 => (scope(), wish()).prop_map(|(scope, wish)| Step::Select(scope, wish)),
    ]
}

fn query(wish: &Wish) -> Query {
    let mut query = Query::all();
    if let Some(name) = wish.name {
        query = query.name(name);
    }
    if let Some(prefix) = wish.prefix {
        query = query.prefix(prefix);
    }
    if let Some(holder) = wish.holder {
        query = query.held_by(holder);
    }
    if let Some(limit) = wish.limit {
        query = query.limit(limit);
    }
    let fields = wish.fields.iter().cloned();
    fields.fold(query, |query, (field, value)| query.is(field, value))
}

fn row(entry: Entry) -> Row {
    Row {
        key: entry.key,
        process: entry.process,
        metadata: entry.metadata,
    }
}

fn rows(entries: Vec<Entry>) -> Vec<Row> {
    entries.into_iter().map(row).collect()
}

/// The texts of this error are not part of the claim.
fn plain(error: RegistryError) -> RegistryError {
    if !matches!(error, RegistryError::Unsupported { .. }) {
        return error;
    }
    RegistryError::Unsupported {
        operation: "".into(),
        why: "".into(),
    }
}

/// A backend with the model beside it.
struct Pair {
    stage: Arc<Stage>,
    backend: Local,
    model: Model,
    /// What somebody sees who hears of every change and reads nothing.
    heard: Vec<Entry>,
    revision: u64,
}

impl Pair {
    fn new(options: &LocalOptions, partitions: Option<usize>, seed: u8) -> Self {
        let (stage, shared) = host();
        let (seed, options) = (Seeded(seed), options.clone());
        let (owner_only, entries_max) = (options.owner_only, options.entries_max);
        let backend = match partitions {
            None => Local::memory(shared, &seed, options),
            Some(count) => Local::partitioned(shared, &seed, options, count),
        };
        let model = Model {
            owner_only,
            entries_max,
            ..Model::default()
        };
        let mut pair = Self {
            stage,
            backend,
            model,
            heard: Vec::new(),
            revision: 0,
        };
        (0..SCOPES.len()).for_each(|scope| pair.step(&Step::Open(scope)));
        pair
    }

    fn step(&mut self, step: &Step) {
        let (backend, model) = (&self.backend, &mut self.model);
        match step {
            Step::Register(wanted) => {
                let did = done(backend.register(wanted.clone()));
                let did = did.map(|registered| registered.fresh).map_err(plain);
                assert_eq!(did, model.register(wanted));
            }
            Step::Batch(wanted) => {
                let did = done(backend.register_all(wanted.clone()));
                let did = did.map(|_| ()).map_err(|(_, error)| plain(error));
                assert_eq!(did, model.register_all(wanted));
            }
            Step::Unregister(removal) => {
                let did = done(backend.unregister(removal.clone()));
                let expected = model.unregister(&removal.key, removal.process, removal.by);
                assert_eq!(did.map(row).map_err(plain), expected);
            }
            Step::UnregisterMatching(scope, wish, owner) => {
                let (label, owner) = (Label::from(*scope), process(*owner));
                let did = done(backend.unregister_matching(&label, &query(wish), owner));
                let mine = |holder: Option<_>| holder.is_none_or(|holder| holder == owner);
                let expected = match mine(wish.holder) {
                    true => model.select(
                        &label,
                        &Wish {
                            holder: Some(owner),
                            ..wish.clone()
                        },
                    ),
                    false => model.keys(&label).map(|_| Vec::new()),
                };
                assert_eq!(did.map(rows), expected.clone());
                model.remove(&expected.unwrap_or_default());
            }
            Step::Replace(whose, new) => self.update(whose, None, new),
            Step::CompareAndSet(whose, old, new) => self.update(whose, Some(old), new),
            Step::BeginExit(ending) => {
                self.stage.told().dying.insert(process(*ending));
                model.ending.insert(process(*ending));
            }
            Step::Exit(ended) => {
                self.stage.told().dying.insert(process(*ended));
                backend.process_exited(process(*ended));
                self.stage.told().dead.insert(process(*ended));
                model.exit(process(*ended));
            }
            Step::Open(index) => {
                let (scope, keys) = SCOPES[*index];
                assert_eq!(done(backend.open_scope(&scope.into(), keys)), Ok(()));
                model.scopes.insert(scope.into(), keys);
            }
            Step::Close(index) => {
                let scope = SCOPES[*index].0.into();
                assert_eq!(done(backend.close_scope(&scope)), model.close(&scope));
            }
            Step::Select(scope, wish) => {
                let expected = model.select(&Label::from(*scope), wish);
                let count = expected.clone().map(|rows| rows.len());
                assert_eq!(backend.count(scope, &query(wish)), count);
                assert_eq!(backend.select(scope, &query(wish)).map(rows), expected);
            }
        }
    }

    fn update(&mut self, whose: &Removal, old: Option<&Metadata>, new: &Metadata) {
        let revision = match old {
            None => Revision::Replace(new.clone()),
            Some(old) => Revision::CompareAndSet(old.clone(), new.clone()),
        };
        let update = Update {
            key: whose.key.clone(),
            process: whose.process,
            by: whose.by,
            revision,
        };
        let did = done(self.backend.update(update));
        let did = did.map(|updated| updated.before).map_err(plain);
        let expected = self
            .model
            .update(&whose.key, whose.process, whose.by, old, new);
        assert_eq!(did, expected);
    }

    /// Every way to read says what the model says.
    fn check(&mut self) {
        assert_sound(&self.backend);
        let scopes: Vec<_> = self.model.scopes.clone().into_iter().collect();
        assert_eq!(self.backend.scopes(), scopes);
        for (scope, keys) in SCOPES {
            let (label, wish) = (Label::from(scope), Wish::default());
            let expected = self.model.select(&label, &wish);
            assert_eq!(
                self.backend.select(scope, &Query::all()).map(rows),
                expected
            );
            for name in NAMES {
                let wish = Wish {
                    name: Some(name),
                    ..Wish::default()
                };
                let members = self.model.select(&label, &wish);
                assert_eq!(self.backend.members(scope, name).map(rows), members);
                if keys == Keys::Unique {
                    let one = members.map(|rows| rows.into_iter().next());
                    let holder = one.clone().map(|row| row.map(|row| row.process));
                    assert_eq!(self.backend.whereis(scope, name), holder);
                    assert_eq!(self.backend.lookup(scope, name).map(|e| e.map(row)), one);
                }
            }
        }
        for holder in 1..=PROCESSES {
            let rows = self.model.rows.iter();
            let held = rows.filter(|row| row.process == process(holder));
            let mut keys: Vec<Key> = held.map(|row| row.key.clone()).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(self.backend.held_by(process(holder)), keys);
        }
        assert_eq!(self.backend.stats().entries(), self.model.rows.len());
        self.listen();
    }

    /// What was told since the last time adds up to what is there.
    fn listen(&mut self) {
        for change in self.stage.changes() {
            let same = |old: &Entry, new: &Entry| old.key == new.key && old.process == new.process;
            match change {
                Change::Registered(entry) => {
                    assert!(entry.revision > self.revision, "{entry:?}");
                    self.revision = entry.revision;
                    self.heard.push(entry);
                }
                Change::Updated { entry, before } => {
                    assert!(entry.revision > self.revision, "{entry:?}");
                    self.revision = entry.revision;
                    let old = self.heard.iter_mut().find(|old| same(old, &entry));
                    let old = old.expect("only what was heard of is updated");
                    assert_eq!(old.metadata, before);
                    *old = entry;
                }
                Change::Unregistered { entry, .. } => {
                    let index = self.heard.iter().position(|old| *old == entry);
                    self.heard
                        .remove(index.expect("only what was heard of goes"));
                }
            }
        }
        let mut heard = rows(self.heard.clone());
        let mut model = self.model.rows.clone();
        for rows in [&mut heard, &mut model] {
            rows.sort_by_key(|row| (row.key.clone(), row.process, row.metadata.clone()));
        }
        assert_eq!(heard, model);
    }

    /// Moves to another backend; nobody who reads or listens can tell.
    fn switch(&mut self, options: &LocalOptions, partitions: Option<usize>) {
        let shared = self.stage.clone();
        let successor = match partitions {
            None => Local::memory(shared, &Seeded(9), options.clone()),
            Some(count) => Local::partitioned(shared, &Seeded(9), options.clone(), count),
        };
        let transfer = self.backend.export().unwrap();
        assert_eq!(successor.import(transfer.clone()), Ok(()));
        assert_eq!(successor.export(), Ok(transfer));
        self.backend.retire();
        self.backend = successor;
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_backends_do_what_the_model_does(
        steps in proptest::collection::vec(step(), 1..60),
        owner_only in any::<bool>(),
        indexed in any::<bool>(),
        entries_max in 3..20_usize,
        partitions in 1..9_usize,
    ) {
        let mut options = LocalOptions::new().entries_max(entries_max);
        options.owner_only = owner_only;
        if indexed {
            options = options.indexed("tier").indexed("roles");
        }
        let mut pairs = [
            Pair::new(&options, None, 1),
            Pair::new(&options, Some(partitions), 2),
        ];
        for pair in &mut pairs {
            for step in &steps[..steps.len() / 2] {
                pair.step(step);
                pair.check();
            }
        }
        pairs[0].switch(&options, Some(partitions));
        pairs[1].switch(&options, None);
        for pair in &mut pairs {
            for step in &steps[steps.len() / 2..] {
                pair.step(step);
                pair.check();
            }
        }
    }
}
