//! Claims about backends that need a process, and that see other nodes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::naive::Naive;
use super::stage::{Kind, LIMIT, Stage, play_naive, told};
use crate::process::ProcessId;
use crate::registry::{
    BackendSpec, Cause, Change, Key, Keys, Notice, Query, Registration, Registry, RegistryConfig,
    SwitchError, SwitchOptions,
};
use crate::runtime::{Clock, Incarnation, NodeId};
use crate::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
use crate::testing::TestRuntime;

const WITHIN: SwitchOptions = SwitchOptions::within(LIMIT);

/// What is known of the driver of a backend.
#[derive(Default)]
struct Driver {
    backend: Mutex<Option<Arc<Naive>>>,
    process: Mutex<Option<ProcessId>>,
    starts: AtomicUsize,
}

impl Driver {
    fn process(&self) -> ProcessId {
        self.process.lock().unwrap().unwrap()
    }

    fn starts(&self) -> usize {
        self.starts.load(Ordering::SeqCst)
    }
}

/// A backend with a driver that does nothing.
fn driven(driver: &Arc<Driver>) -> BackendSpec<TestRuntime> {
    let driver = driver.clone();
    BackendSpec::driven(move |_node, host| {
        let backend = Arc::new(Naive::new(host).kind("driven"));
        *driver.backend.lock().unwrap() = Some(backend.clone());
        let child = ChildSpec::worker("naive", move |context| {
            driver.starts.fetch_add(1, Ordering::SeqCst);
            *driver.process.lock().unwrap() = Some(context.id());
            std::future::pending::<()>()
        });
        (backend, child)
    })
}

fn config() -> RegistryConfig {
    RegistryConfig::new().scope("names", Keys::Unique)
}

/// A registry on a driven backend, below a supervisor.
async fn supervised(stage: &Stage) -> (Arc<Driver>, Registry<TestRuntime>) {
    let driver = Arc::new(Driver::default());
    let spec = driven(&driver);
    let registry = Registry::new_on(&stage.node, "driven", spec, config());
    let registry = registry.await.unwrap();
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(registry.child_spec());
    Supervisor::start(&stage.node, "top", spec).await.unwrap();
    settle(stage).await;
    (driver, registry)
}

async fn settle(stage: &Stage) {
    let runtime = stage.node.runtime();
    runtime.sleep(Duration::from_millis(1)).await;
}

#[test]
fn a46_a_driver_that_crashes_is_restarted_and_no_entry_is_lost() {
    play_naive(|stage| async move {
        let (driver, registry) = supervised(&stage).await;
        let process = stage.idler();
        let wanted = Registration::new("names", "a", process);
        registry.register(wanted).await.unwrap();
        assert_eq!(driver.starts(), 1);
        stage.end(driver.process()).await;
        settle(&stage).await;
        assert_eq!(driver.starts(), 2);
        assert!(stage.node.is_alive(driver.process()));
        assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
    });
}

#[test]
fn a_switch_stops_the_driver_of_the_one_and_starts_that_of_the_other() {
    play_naive(|stage| async move {
        let (old, registry) = supervised(&stage).await;
        let faults = stage.faults.clone();
        registry
            .switch_to(Kind::Memory.spec(faults), WITHIN)
            .await
            .unwrap();
        assert!(!stage.node.is_alive(old.process()));
        let new = Arc::new(Driver::default());
        registry.switch_to(driven(&new), WITHIN).await.unwrap();
        settle(&stage).await;
        assert_eq!((old.starts(), new.starts()), (1, 1));
        assert!(stage.node.is_alive(new.process()));
        // The supervisor above runs the new one from now on.
        stage.end(new.process()).await;
        settle(&stage).await;
        assert_eq!((old.starts(), new.starts()), (1, 2));
    });
}

#[test]
fn a_switch_that_is_cancelled_after_it_happened_changes_the_driver_all_the_same() {
    play_naive(|stage| async move {
        let (old, registry) = supervised(&stage).await;
        let new = Arc::new(Driver::default());
        let (own, spec) = (registry.clone(), driven(&new));
        let switch = stage.beside(async move {
            let switch = own.switch_to(spec, WITHIN);
            let mut switch = std::pin::pin!(switch);
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(switch.as_mut().poll(&mut context).is_pending());
        });
        assert_eq!(switch.result().await, Some(()));
        settle(&stage).await;
        assert!(!stage.node.is_alive(old.process()));
        assert_eq!(new.starts(), 1);
        assert!(stage.node.is_alive(new.process()));
    });
}

#[test]
fn without_a_supervisor_there_is_no_switch_to_a_backend_that_needs_a_driver() {
    play_naive(|stage| async move {
        let driver = Arc::new(Driver::default());
        let refused = stage.registry.switch_to(driven(&driver), WITHIN).await;
        assert_eq!(refused, Err(SwitchError::NoSupervisor));
        assert_eq!(stage.registry.backend_kind(), "naive");
        assert_eq!(driver.starts(), 0);
    });
}

#[test]
fn entries_of_other_nodes_are_given_up_only_if_the_caller_says_so() {
    play_naive(|stage| async move {
        let (driver, registry) = supervised(&stage).await;
        let process = stage.idler();
        let wanted = Registration::new("names", "own", process);
        registry.register(wanted).await.unwrap();
        let foreign = ProcessId {
            node: NodeId(2),
            incarnation: Incarnation(1),
            local: 7,
        };
        let backend = driver.backend.lock().unwrap().clone().unwrap();
        backend.insert_remote(Key::new("names", "foreign"), foreign);
        let mut subscription = registry.watch("names", Query::all()).unwrap();
        let memory = || Kind::Memory.spec(stage.faults.clone());
        let refused = registry.switch_to(memory(), WITHIN).await;
        assert_eq!(refused, Err(SwitchError::RemoteEntries { entries: 1 }));
        assert_eq!(registry.whereis("names", "foreign"), Ok(Some(foreign)));
        let options = WITHIN.giving_up_remote_entries();
        let switched = registry.switch_to(memory(), options).await.unwrap();
        assert_eq!((switched.entries, switched.given_up), (1, 1));
        assert_eq!(registry.names("names").unwrap(), ["own"]);
        let notices = told(&mut subscription);
        let Some(Notice::Changes(changes)) = notices.last() else {
            panic!("{notices:?}");
        };
        let [Change::Unregistered { entry, cause }] = &changes[..] else {
            panic!("{changes:?}");
        };
        assert_eq!((entry.process, cause), (foreign, &Cause::NodeGone));
    });
}
