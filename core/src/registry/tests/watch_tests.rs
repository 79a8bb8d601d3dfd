//! Claims about watching.

use super::stage::{LIMIT, Stage, play, play_naive, told};
use crate::event::RegistryEvent;
use crate::registry::{
    Cause, Change, Entry, Key, Keys, Metadata, Notice, Query, Registration, Removal, Revision,
    Subscription, Update,
};
use crate::runtime::timeout;

/// What a notice says, in a few letters: `=name` in a snapshot, `!name` in a new one
/// after an overflow, `+name`, `~name` and `-name` for changes; a bar after each notice.
fn spell(notices: Vec<Notice>) -> String {
    let names = |sign: char, entries: Vec<Entry>| -> String {
        let names = entries
            .iter()
            .map(|entry| format!("{sign}{}", entry.key.name));
        names.collect::<String>()
    };
    let spelled = notices.into_iter().map(|notice| match notice {
        Notice::Snapshot(snapshot) => names('=', snapshot.entries),
        Notice::Resync { snapshot, .. } => names('!', snapshot.entries),
        Notice::Changes(changes) => {
            assert!(!changes.is_empty(), "an empty batch");
            let changes = changes.iter().map(|change| {
                let sign = match change {
                    Change::Registered(_) => '+',
                    Change::Updated { .. } => '~',
                    Change::Unregistered { .. } => '-',
                };
                format!("{sign}{}", change.entry().key.name)
            });
            changes.collect()
        }
    });
    spelled.map(|text| text + "|").collect()
}

fn news(subscription: &mut Subscription) -> String {
    spell(told(subscription))
}

#[test]
fn a29_a12_the_snapshot_comes_first_and_every_change_after_it_once_in_order() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let mut all = stage.registry.watch("names", Query::all()).unwrap();
        stage.register("names", "b", process).await;
        let metadata = Metadata::new().with("tier", 1);
        let update = Update::new("names", "b", Revision::Replace(metadata.clone()));
        stage.registry.update(update).await.unwrap();
        let removal = Removal::new("names", "b").of(process);
        stage.registry.unregister(removal).await.unwrap();
        let notices = told(&mut all);
        let Some(Notice::Changes(last)) = notices.last() else {
            panic!("{notices:?}");
        };
        let [Change::Unregistered { entry, cause }] = &last[..] else {
            panic!("{last:?}");
        };
        assert_eq!((&entry.metadata, cause), (&metadata, &Cause::Unregistered));
        assert_eq!(spell(notices), "=a|+b|~b|-b|");
        assert_eq!(stage.registry.lookup("names", "b"), Ok(None));
        let gone = |fact: &&RegistryEvent| matches!(fact, RegistryEvent::NameUnregistered { .. });
        assert_eq!(stage.facts().iter().filter(gone).count(), 1);
    });
}

#[test]
fn a30_a_change_is_told_once_however_many_filters_it_concerns() {
    play(|stage| async move {
        let process = stage.idler();
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        subscription.add("names", Query::all().prefix("a")).unwrap();
        subscription.add("names", Query::all().name("a")).unwrap();
        subscription.add("groups", Query::all()).unwrap();
        assert_eq!(news(&mut subscription), "||||");
        stage.register("names", "a", process).await;
        stage.register("groups", "a", process).await;
        assert_eq!(news(&mut subscription), "+a|+a|");
    });
}

#[test]
fn a31_adding_a_filter_twice_is_adding_it_once_and_removing_it_is_complete() {
    play(|stage| async move {
        let process = stage.idler();
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        subscription.add("names", Query::all()).unwrap();
        subscription.add("names", Query::all().name("b")).unwrap();
        assert_eq!(news(&mut subscription), "||");
        stage.register("names", "a", process).await;
        stage.register("names", "b", process).await;
        // What is queued for the removed filter alone goes as well.
        assert!(subscription.remove("names", &Query::all()));
        assert!(!subscription.remove("names", &Query::all()));
        assert_eq!(news(&mut subscription), "+b|");
        stage.register("names", "c", process).await;
        assert_eq!(news(&mut subscription), "");
        assert_eq!(stage.registry.filter_count(), 1);
        drop(subscription);
        assert_eq!(stage.registry.filter_count(), 0);
    });
}

#[test]
fn a32_a_process_is_told_of_its_own_registration() {
    play(|stage| async move {
        let registry = stage.registry.clone();
        let told = stage.beside_as(|own| async move {
            let mut subscription = registry.watch("names", Query::all()).unwrap();
            let wanted = Registration::new("names", "own", own);
            registry.register(wanted).await.unwrap();
            news(&mut subscription)
        });
        assert_eq!(told.result().await.as_deref(), Some("|+own|"));
    });
}

#[test]
fn a34_a35_what_an_exit_takes_along_is_one_batch_and_one_change_is_a_batch_of_one() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        for name in ["a", "b", "c"] {
            stage.register("names", name, process).await;
        }
        stage.register("names", "d", other).await;
        assert_eq!(news(&mut subscription), "|+a|+b|+c|+d|");
        stage.end(process).await;
        let told = news(&mut subscription);
        if stage.registry.backend_kind() == "partitioned" {
            // One batch for each partition that the names belong to.
            let mut gone: Vec<_> = told.split(['|', '-']).filter(|it| !it.is_empty()).collect();
            gone.sort_unstable();
            assert_eq!(gone, ["a", "b", "c"]);
        } else {
            assert_eq!(told, "-a-b-c|");
        }
    });
}

#[test]
fn an_update_through_which_an_entry_stops_to_match_is_told_and_others_are_not() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let query = Query::all().is("tier", 1);
        let mut subscription = stage.registry.watch("names", query).unwrap();
        for tier in [2, 1, 2, 3] {
            let metadata = Metadata::new().with("tier", tier);
            let update = Update::new("names", "a", Revision::Replace(metadata));
            stage.registry.update(update).await.unwrap();
        }
        assert_eq!(news(&mut subscription), "|~a|~a|");
        stage.end(process).await;
        assert_eq!(news(&mut subscription), "");
    });
}

#[test]
fn a_subscriber_that_is_too_slow_gets_a_fresh_snapshot_and_never_stops_a_writer() {
    play(|stage| async move {
        let process = stage.idler();
        let mut slow = stage.registry.watch("names", Query::all()).unwrap();
        slow.add("names", Query::all().name("0")).unwrap();
        for round in 0..3 {
            for name in 0..1_025 {
                let name = name.to_string();
                if round % 2 == 0 {
                    stage.register("names", &name, process).await;
                } else {
                    let removal = Removal::new("names", name);
                    stage.registry.unregister(removal).await.unwrap();
                }
            }
        }
        let notices = told(&mut slow);
        let missed: Vec<_> = notices
            .iter()
            .map(|notice| match notice {
                Notice::Resync { snapshot, missed } => (snapshot.entries.len(), *missed),
                Notice::Snapshot(_) | Notice::Changes(_) => panic!("{notice:?}"),
            })
            .collect();
        assert_eq!(missed, [(1_025, 3 * 1_025), (1, 0)]);
        stage.register("names", "later", process).await;
        assert_eq!(news(&mut slow), "+later|");
        let resyncs: Vec<_> = stage
            .facts()
            .into_iter()
            .filter(|fact| matches!(fact, RegistryEvent::WatcherResynced { .. }))
            .collect();
        assert_eq!(
            resyncs,
            [RegistryEvent::WatcherResynced {
                registry: "registry".into(),
                missed: 3 * 1_025,
            }]
        );
    });
}

/// Applies what a subscription tells to a table, as its user would.
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
                        (Change::Unregistered { .. }, Some(at)) => {
                            table.remove(at);
                        }
                        (Change::Updated { entry, .. }, Some(at)) => table[at] = entry.clone(),
                        (change, known) => panic!("{change:?} told over {known:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn whoever_follows_a_watch_from_any_instant_has_what_the_registry_has() {
    play(|stage| async move {
        let mut writers = Vec::new();
        for writer in 0..3 {
            let stage = stage.clone();
            let registry = stage.registry.clone();
            let process = stage.idler();
            writers.push(stage.beside(async move {
                for step in 0..20 {
                    let name = ((step * 7 + writer * 3) % 10).to_string();
                    let wanted = Registration::new("names", &*name, process);
                    if registry.register(wanted).await.is_err() {
                        let removal = Removal::new("names", &*name);
                        registry.unregister(removal).await.map(drop).unwrap_or(());
                    }
                    crate::runtime::Clock::sleep(
                        registry.node().runtime(),
                        std::time::Duration::from_millis(step % 3),
                    )
                    .await;
                }
            }));
        }
        let registry = stage.registry.clone();
        let follower = stage.beside(async move {
            let mut subscription = registry.watch("names", Query::all()).unwrap();
            let mut table = Vec::new();
            let quiet = std::time::Duration::from_secs(1);
            let runtime = registry.node().runtime();
            while let Ok(Some(notice)) = timeout(runtime, quiet, subscription.next()).await {
                follow(&mut table, vec![notice]);
            }
            table.sort_by(|one, other| one.key.cmp(&other.key));
            table
        });
        for writer in writers {
            writer.result().await;
        }
        let seen = follower.result().await;
        assert_eq!(seen, Some(stage.registry.list("names").unwrap()));
    });
}

#[test]
fn a07_the_subscriptions_of_a_process_end_with_it() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        let subscription = stage.registry.watch("names", Query::all()).unwrap();
        let mut subscription = subscription.tied_to(process).unwrap();
        stage.register("names", "a", other).await;
        stage.end(process).await;
        assert_eq!(stage.registry.filter_count(), 0);
        stage.register("names", "b", other).await;
        assert_eq!(news(&mut subscription), "|+a|");
        assert_eq!(subscription.next().await, None);
        let late = stage.registry.watch("names", Query::all()).unwrap();
        assert!(late.tied_to(process).is_err());
        assert_eq!(stage.registry.filter_count(), 0);
    });
}

#[test]
fn a_subscription_outlives_its_scope() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        stage.registry.close_scope("names").await.unwrap();
        assert!(stage.registry.watch("names", Query::all()).is_err());
        stage
            .registry
            .open_scope("names", Keys::Unique)
            .await
            .unwrap();
        stage.register("names", "b", process).await;
        assert_eq!(news(&mut subscription), "=a|-a|+b|");
        // Too slow, and the scope is gone when it looks again.
        for _ in 0..600 {
            stage.register("names", "c", process).await;
            let removal = Removal::new("names", "c");
            stage.registry.unregister(removal).await.unwrap();
        }
        stage.registry.close_scope("names").await.unwrap();
        assert_eq!(news(&mut subscription), "|");
        stage
            .registry
            .open_scope("names", Keys::Unique)
            .await
            .unwrap();
        stage.register("names", "d", process).await;
        assert_eq!(news(&mut subscription), "+d|");
    });
}

#[test]
fn a_dropped_wait_takes_no_notice() {
    play(|stage: Stage| async move {
        let process = stage.idler();
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        assert_eq!(news(&mut subscription), "|");
        let runtime = stage.node.runtime().clone();
        let waited = timeout(&runtime, LIMIT, subscription.next()).await;
        assert!(waited.is_err());
        stage.register("names", "a", process).await;
        assert_eq!(news(&mut subscription), "+a|");
    });
}

#[test]
fn what_changes_right_after_the_snapshot_is_told() {
    play_naive(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let next = (Key::new("names", "b"), process);
        *stage.faults.after_a_look.lock().unwrap() = Some(next);
        let mut subscription = stage.registry.watch("names", Query::all()).unwrap();
        assert_eq!(news(&mut subscription), "=a|+b|");
    });
}
