//! Claims about changing the backend.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::naive::{Faults, Naive};
use super::stage::{Kind, LIMIT, Stage, play, play_naive, told};
use crate::Label;
use crate::event::RegistryEvent;
use crate::registry::{
    BackendSpec, Change, Entry, Metadata, Notice, Query, Registration, RegistryError, Removal,
    SwitchError, SwitchOptions, Value,
};
use crate::runtime::Clock;
use crate::testing::TestRuntime;

const WITHIN: SwitchOptions = SwitchOptions::within(LIMIT);

fn failing() -> (Arc<Faults>, BackendSpec<TestRuntime>) {
    let faults = Arc::new(Faults::default());
    let own = faults.clone();
    let spec = BackendSpec::new(|_, host| Naive::with(host, own).kind("failing"));
    (faults, spec)
}

#[test]
fn a_switch_moves_names_groups_metadata_handles_and_values() {
    play(|stage| async move {
        let registry = &stage.registry;
        let process = stage.idler();
        let (address, _mailbox) =
            crate::process::mailbox::<u32>(1, crate::process::FullPolicy::Wait);
        let metadata = Metadata::new().with("role", "leader");
        let wanted = Registration::new("names", "a", process);
        let wanted = wanted.metadata(metadata).address(&address);
        registry.register(wanted).await.unwrap();
        for _ in 0..2 {
            stage.register("groups", "g", process).await;
        }
        registry.put_meta("epoch", 7).await.unwrap();
        let before = (
            registry.list("names"),
            registry.list("groups"),
            registry.scopes(),
        );
        for kind in [Kind::Partitioned, Kind::Naive, Kind::Memory] {
            let from = registry.backend_kind();
            let spec = kind.spec(stage.faults.clone());
            let switched = registry.switch_to(spec, WITHIN).await.unwrap();
            assert_eq!((&*switched.from, switched.entries), (from, 3));
            assert_eq!(&*switched.to, registry.backend_kind());
            let after = (
                registry.list("names"),
                registry.list("groups"),
                registry.scopes(),
            );
            assert_eq!(before, after);
            assert_eq!(registry.meta("epoch"), Some(Value::Int(7)));
            assert!(registry.address::<u32>("names", "a").is_ok());
            assert_eq!(registry.held_by(process).len(), 2);
            assert_eq!(registry.audit(), Vec::<Label>::new());
        }
        stage.end(process).await;
        assert_eq!(registry.list("names"), Ok(Vec::new()));
        assert_eq!(registry.list("groups"), Ok(Vec::new()));
    });
}

/// Follows what a subscription tells, as its user would, and checks that it fits.
fn follow(table: &mut Vec<Entry>, notices: Vec<Notice>) {
    for notice in notices {
        match notice {
            Notice::Snapshot(snapshot) | Notice::Resync { snapshot, .. } => {
                *table = snapshot.entries;
            }
            Notice::Changes(changes) => {
                for change in changes {
                    let entry = change.entry();
                    let known = table.iter().position(|known| known.key == entry.key);
                    match (&change, known) {
                        (Change::Registered(entry), None) => table.push(entry.clone()),
                        (Change::Unregistered { entry, .. }, Some(at)) => {
                            assert_eq!(table.remove(at), *entry);
                        }
                        (change, known) => panic!("{change:?} told over {known:?}"),
                    }
                }
            }
        }
    }
}

/// Registers, lets go and dies for a while. Answers what it still holds.
async fn live(stage: Stage, number: u64) -> Vec<Label> {
    let mut held: Vec<Label> = Vec::new();
    let process = stage.idler();
    for step in 0..12_u64 {
        let name: Label = format!("{number}/{step}").into();
        let wanted = Registration::new("names", &name, process);
        stage.registry.register(wanted).await.unwrap();
        held.push(name);
        if step % 3 == number % 3 {
            let removal = Removal::new("names", held.remove(0)).of(process);
            stage.registry.unregister(removal).await.unwrap();
        }
        // What was registered is there, whoever is in charge.
        for name in &held {
            let holder = stage.registry.whereis("names", name);
            assert_eq!(holder, Ok(Some(process)), "{name} was lost");
        }
        let pause = Duration::from_micros(step * number % 7);
        stage.node.runtime().sleep(pause).await;
    }
    if number.is_multiple_of(2) {
        stage.end(process).await;
        held.clear();
    }
    held
}

#[test]
fn nothing_is_lost_missed_or_told_twice_while_backends_change_under_load() {
    play(|stage| async move {
        let registry = stage.registry.clone();
        let mut subscription = registry.watch("names", Query::all()).unwrap();
        let lives: Vec<_> = (1..5)
            .map(|number| stage.beside(live(stage.clone(), number)))
            .collect();
        let (switching, faults) = (registry.clone(), stage.faults.clone());
        let switches = stage.beside(async move {
            for kind in [Kind::Memory, Kind::Partitioned, Kind::Naive].repeat(4) {
                let spec = kind.spec(faults.clone());
                switching.switch_to(spec, WITHIN).await.unwrap();
                let pause = Duration::from_micros(3);
                switching.node().runtime().sleep(pause).await;
            }
        });
        let mut expected = Vec::new();
        let mut table = Vec::new();
        for life in lives {
            expected.extend(life.result().await.unwrap());
            follow(&mut table, told(&mut subscription));
        }
        switches.result().await.unwrap();
        expected.sort();
        assert_eq!(registry.names("names").unwrap(), expected);
        follow(&mut table, told(&mut subscription));
        table.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(registry.list("names").unwrap(), table);
        assert_eq!(registry.audit(), Vec::<Label>::new());
    });
}

#[test]
fn a_backend_that_cannot_take_over_leaves_the_one_before_in_charge() {
    play(|stage| async move {
        let registry = &stage.registry;
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let before = registry.backend_kind();
        let mut refusals = 0;
        let fault = |faults: &Faults, number| match number {
            0 => faults.no_import.store(true, Ordering::SeqCst),
            1 => faults.import_loses.store(true, Ordering::SeqCst),
            _ => faults.import_panics.store(true, Ordering::SeqCst),
        };
        for number in 0..3 {
            let (faults, spec) = failing();
            fault(&faults, number);
            let refused = registry.switch_to(spec, WITHIN).await;
            let as_expected = match number {
                0 => matches!(refused, Err(SwitchError::Import(_))),
                1 => matches!(refused, Err(SwitchError::Incomplete { .. })),
                _ => matches!(refused, Err(SwitchError::Panicked { .. })),
            };
            assert!(as_expected, "{refused:?}");
            assert_eq!(registry.backend_kind(), before);
            assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
            refusals += 1;
            let name = refusals.to_string();
            stage.register("names", &name, process).await;
        }
        let facts = stage.facts().into_iter();
        let refused = facts.filter_map(|fact| {
            if let RegistryEvent::SwitchRefused { from, to, .. } = fact {
                Some((from, to))
            } else {
                None
            }
        });
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused, vec![(before.into(), "failing".into()); 3]);
        let (_, spec) = failing();
        registry.switch_to(spec, WITHIN).await.unwrap();
        assert_eq!(registry.names("names").unwrap().len(), 4);
    });
}

#[test]
fn a_backend_that_cannot_say_what_it_holds_is_not_replaced() {
    play_naive(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        stage.faults.no_export.store(true, Ordering::SeqCst);
        let spec = Kind::Memory.spec(stage.faults.clone());
        let refused = stage.registry.switch_to(spec, WITHIN).await;
        assert!(matches!(refused, Err(SwitchError::Export(_))));
        assert_eq!(stage.registry.backend_kind(), "naive");
        assert_eq!(stage.registry.whereis("names", "a"), Ok(Some(process)));
    });
}

#[test]
fn changes_under_way_are_waited_for_within_the_limit_and_new_ones_wait_at_the_gate() {
    play_naive(|stage| async move {
        let process = stage.idler();
        let runtime = stage.node.runtime().clone();
        let register = |name: &'static str| {
            let registry = stage.registry.clone().with_limit(LIMIT * 10);
            stage.beside(async move {
                let wanted = Registration::new("names", name, process);
                registry
                    .register(wanted)
                    .await
                    .map(|registered| registered.fresh)
            })
        };
        stage.faults.late(true);
        let early = register("early");
        runtime.sleep(Duration::from_millis(1)).await;
        let limit = Duration::from_millis(100);
        let spec = Kind::Memory.spec(stage.faults.clone());
        let refused = stage
            .registry
            .switch_to(spec, SwitchOptions::within(limit))
            .await;
        let underway = SwitchError::Underway { changes: 1, limit };
        assert_eq!(refused, Err(underway));
        assert_eq!(stage.registry.backend_kind(), "naive");

        let registry = stage.registry.clone();
        let spec = Kind::Memory.spec(stage.faults.clone());
        let switch = stage.beside(async move { registry.switch_to(spec, WITHIN).await.is_ok() });
        runtime.sleep(Duration::from_millis(1)).await;
        let gated = register("gated");
        let short = stage.registry.clone().with_limit(limit);
        let removal = Removal::new("names", "early");
        let timed_out = short.unregister(removal).await;
        assert_eq!(timed_out, Err(RegistryError::DeadlineExceeded { limit }));
        // Reads and ends wait for nobody.
        assert_eq!(stage.registry.whereis("names", "early"), Ok(Some(process)));
        stage.end(stage.idler()).await;
        assert_eq!(stage.registry.whereis("names", "gated"), Ok(None));
        stage.faults.late(false);
        assert_eq!(early.result().await, Some(Ok(true)));
        assert_eq!(switch.result().await, Some(true));
        assert_eq!(gated.result().await, Some(Ok(true)));
        assert_eq!(stage.registry.backend_kind(), "memory");
        assert_eq!(stage.registry.names("names").unwrap(), ["early", "gated"]);
    });
}

#[test]
fn a_switch_that_is_cancelled_opens_the_gate_again() {
    play_naive(|stage| async move {
        let process = stage.idler();
        let runtime = stage.node.runtime().clone();
        stage.faults.late(true);
        let registry = stage.registry.clone();
        let early = stage.beside(async move {
            let wanted = Registration::new("names", "early", process);
            registry.register(wanted).await.is_ok()
        });
        runtime.sleep(Duration::from_millis(1)).await;
        let registry = stage.registry.clone();
        let spec = Kind::Memory.spec(stage.faults.clone());
        let switch = stage.beside(async move { registry.switch_to(spec, WITHIN).await.is_ok() });
        runtime.sleep(Duration::from_millis(1)).await;
        stage.end(switch.process).await;
        stage.faults.late(false);
        stage.register("names", "late", process).await;
        assert_eq!(early.result().await, Some(true));
        assert_eq!(stage.registry.backend_kind(), "naive");
    });
}

#[test]
fn switches_happen_one_after_the_other() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let first = stage.registry.backend_kind();
        let switches = [Kind::Memory, Kind::Naive, Kind::Partitioned, Kind::Memory];
        let switches = switches.map(|kind| {
            let (registry, spec) = (stage.registry.clone(), kind.spec(stage.faults.clone()));
            stage.beside(async move { registry.switch_to(spec, WITHIN).await.is_ok() })
        });
        for switch in switches {
            assert_eq!(switch.result().await, Some(true));
        }
        let mut in_charge = Label::from(first);
        let mut count = 0;
        for fact in stage.facts() {
            if let RegistryEvent::BackendSwitched { from, to, .. } = fact {
                assert_eq!(from, in_charge);
                in_charge = to;
                count += 1;
            }
        }
        assert_eq!((count, &*in_charge), (4, stage.registry.backend_kind()));
        assert_eq!(stage.registry.whereis("names", "a"), Ok(Some(process)));
    });
}
