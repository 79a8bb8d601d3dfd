//! Sessions that end, stores that fall silent, drivers that crash.

use std::future::Future;
use std::time::Duration;

use super::super::config::{ConsistentConfig, OnLoss};
use super::super::naming::Naming;
use super::super::row::Row;
use super::super::store::Consistent;
use crate::process::{ExitReason, Node, ProcessId, ProcessSpec};
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::metadata::Metadata;
use crate::registry::operation::{Registration, Removal};
use crate::registry::query::Query;
use crate::registry::{Cause, Change, Notice, Registry};
use crate::runtime::{Clock, Incarnation, NodeId};
use crate::store::{KeyRange, LocalOptions, LocalStore, Store};
use crate::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};
use crate::testing::{self, TestRuntime};

const TTL: Duration = Duration::from_secs(4);
const LIMIT: Duration = Duration::from_secs(10);

/// A node with a registry over a store that the story can reach behind its back.
struct Scene {
    node: Node<TestRuntime>,
    registry: Registry<TestRuntime>,
    store: Store,
    top: SupervisorRef<TestRuntime>,
}

fn play<F: Future<Output = ()>>(config: &ConsistentConfig, story: impl Fn(Scene) -> F) {
    for seed in 0..20 {
        let config = config.clone().ttl(TTL);
        let story = &story;
        let events = testing::run(seed, |node| async move {
            let options = LocalOptions::default();
            let (served, store) = LocalStore::child_spec(node.runtime(), "store", options);
            let mut made = None;
            let registry = Registry::with_backend(&node, "names", |host| {
                let backend = Consistent::new(host, node.runtime(), config).unwrap();
                made = Some(backend.clone());
                backend
            });
            registry.open_scope("s", Keys::Unique).await.unwrap();
            let session = made.unwrap().child_spec("session", store.clone());
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(10, Duration::from_secs(1))
                .child(served)
                .child(session);
            let top = Supervisor::start(&node, "top", spec).await.unwrap();
            let scene = Scene {
                node: node.clone(),
                registry,
                store,
                top,
            };
            story(scene).await;
            node.stop(LIMIT).await;
            node.runtime().events()
        });
        testing::assert_books_balance(events);
    }
}

impl Scene {
    fn process(&self) -> ProcessId {
        let spec = ProcessSpec::new("idler");
        let body = |_context| std::future::pending::<()>();
        self.node.start(spec, body).unwrap()
    }

    async fn register(&self, name: &str) -> Result<ProcessId, RegistryError> {
        let process = self.process();
        let wanted = Registration::new("s", name, process);
        self.registry.register(wanted).await.map(|_| process)
    }

    fn holder(&self, name: &str) -> Option<ProcessId> {
        self.registry.whereis("s", name).unwrap()
    }

    async fn pass(&self, time: Duration) {
        self.node.runtime().sleep(time).await;
    }

    /// Another node puts a name into the store.
    async fn elsewhere(&self, name: &str) -> ProcessId {
        let process = ProcessId {
            node: NodeId(2),
            incarnation: Incarnation(1),
            local: 7,
        };
        let row = Row {
            process,
            metadata: Metadata::new(),
            priority: 0,
        };
        let place = Naming::new(&"names".into()).name(&Key::new("s", name));
        self.store.put(place, row.encoded()).await.unwrap();
        process
    }

    async fn in_store(&self, name: &str) -> bool {
        let place = Naming::new(&"names".into()).name(&Key::new("s", name));
        self.store.get(place).await.unwrap().is_some()
    }

    async fn child(&self, id: &str) -> ProcessId {
        self.top.which_child(id).await.unwrap().process.unwrap()
    }

    fn sound(&self) {
        let audit = self.registry.audit();
        assert!(audit.is_empty(), "{audit:?}");
    }
}

#[test]
fn a_name_that_another_node_holds_is_refused_until_that_node_lets_go() {
    play(&ConsistentConfig::default(), |scene| async move {
        let holder = scene.elsewhere("k").await;
        let key = Key::new("s", "k");
        let refused = scene.register("k").await;
        assert_eq!(
            refused,
            Err(RegistryError::AlreadyRegistered {
                key: key.clone(),
                holder
            })
        );
        // Who was refused sees why.
        assert_eq!(scene.holder("k"), Some(holder));
        let removal = Removal::new("s", "k");
        let not_ours = scene.registry.unregister(removal).await.map(drop);
        assert_eq!(not_ours, Err(RegistryError::NotLocal { process: holder }));
        let place = Naming::new(&"names".into()).name(&key);
        scene.store.delete(KeyRange::key(place)).await.unwrap();
        let own = scene.register("k").await.unwrap();
        assert_eq!(scene.holder("k"), Some(own));
        scene.sound();
    });
}

#[test]
fn a_lost_session_takes_its_names_along_before_others_can_have_them() {
    play(&ConsistentConfig::default(), |scene| async move {
        let holder = scene.register("k").await.unwrap();
        let mut watch = scene.registry.watch("s", Query::all()).unwrap();
        assert!(matches!(watch.try_next(), Some(Notice::Snapshot(_))));
        let lease = scene.store.leases().await.unwrap()[0];
        scene.store.revoke(lease).await.unwrap();
        let told = scene.node.exited(holder).await;
        assert!(
            matches!(&told, ExitReason::Shutdown(Some(why)) if why.contains("s:k was lost")),
            "{told:?}"
        );
        assert_eq!(scene.holder("k"), None);
        let Some(Notice::Changes(changes)) = watch.try_next() else {
            panic!("the loss was not told");
        };
        assert!(
            matches!(&changes[..], [Change::Unregistered { entry, cause: Cause::NodeGone }] if entry.process == holder),
            "{changes:?}"
        );
        // With the next session it goes on.
        scene.pass(TTL).await;
        let next = scene.register("k").await.unwrap();
        assert_eq!(scene.holder("k"), Some(next));
        scene.sound();
    });
}

#[test]
fn while_the_store_is_silent_changes_are_refused_and_names_end_before_their_lease() {
    let config = ConsistentConfig::default().on_loss(OnLoss::Tell);
    play(&config, |scene| async move {
        let holder = scene.register("k").await.unwrap();
        scene.top.terminate_child("store").await.unwrap();
        let refused = scene.register("other").await;
        assert!(
            matches!(refused, Err(RegistryError::Unavailable { .. })),
            "{refused:?}"
        );
        assert_eq!(scene.holder("k"), Some(holder), "its session may live");
        scene.pass(TTL + Duration::from_millis(1)).await;
        assert_eq!(scene.holder("k"), None, "nobody may rely on it any more");
        assert!(scene.node.is_alive(holder), "it was only told");
        scene.top.restart_child("store").await.unwrap();
        scene.pass(Duration::from_secs(1)).await;
        // What the old session left is taken away, and not held against anybody.
        assert!(!scene.in_store("k").await);
        let again = Registration::new("s", "k", holder);
        assert!(scene.registry.register(again).await.unwrap().fresh);
        scene.sound();
    });
}

#[test]
fn a_driver_that_crashes_and_comes_back_in_time_goes_on_with_all_names() {
    play(&ConsistentConfig::default(), |scene| async move {
        let holder = scene.register("k").await.unwrap();
        let driver = scene.child("session").await;
        scene.node.kill(driver);
        scene.node.exited(driver).await;
        // Longer than the session of the one before could have lived.
        scene.pass(3 * TTL).await;
        assert_eq!(scene.holder("k"), Some(holder));
        assert!(scene.in_store("k").await);
        assert!(scene.node.is_alive(holder));
        scene.sound();
    });
}

#[test]
fn a_name_of_the_dead_leaves_the_store_and_so_do_those_of_a_driver_that_is_stopped() {
    play(&ConsistentConfig::default(), |scene| async move {
        let gone = scene.register("gone").await.unwrap();
        scene.register("kept").await.unwrap();
        scene.node.kill(gone);
        scene.node.exited(gone).await;
        assert_eq!(scene.holder("gone"), None);
        scene.pass(Duration::from_millis(1)).await;
        assert!(!scene.in_store("gone").await && scene.in_store("kept").await);
        scene.top.terminate_child("session").await.unwrap();
        assert!(!scene.in_store("kept").await);
        assert_eq!(scene.holder("kept"), None);
        let refused = scene.register("late").await;
        assert!(matches!(refused, Err(RegistryError::Unavailable { .. })));
        scene.sound();
    });
}

#[test]
fn a_process_that_ends_while_its_registration_is_under_way_leaves_nothing() {
    play(&ConsistentConfig::default(), |scene| async move {
        let process = scene.process();
        let wanted = Registration::new("s", "k", process);
        let (registry, node) = (scene.registry.clone(), scene.node.clone());
        let asking = scene
            .node
            .start(ProcessSpec::new("asking"), move |_context| async move {
                // Whether it came before the end or after it.
                drop(registry.register(wanted).await);
            });
        let asking = asking.unwrap();
        node.kill(process);
        node.exited(process).await;
        node.exited(asking).await;
        assert_eq!(scene.holder("k"), None);
        scene.pass(Duration::from_secs(1)).await;
        assert!(!scene.in_store("k").await);
        scene.sound();
    });
}

#[test]
fn a_change_whose_caller_has_gone_before_its_turn_is_withdrawn() {
    play(&ConsistentConfig::default(), |scene| async move {
        let process = scene.process();
        let wanted = Registration::new("s", "k", process);
        let mut asked = Box::pin(scene.registry.register(wanted));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(asked.as_mut().poll(&mut task).is_pending());
        drop(asked);
        scene.pass(Duration::from_millis(1)).await;
        assert!(!scene.in_store("k").await);
        assert_eq!(scene.holder("k"), None);
        scene.sound();
    });
}
