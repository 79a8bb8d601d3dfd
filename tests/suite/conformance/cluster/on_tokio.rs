//! Cases of shared registries that need no fault, on tokio: two nodes on one executor,
//! started from configurations alone, with time that moves only when nothing can run.
//!
//! The other distributed cases part, lose, delay or crash something, which only the
//! simulation can.

use std::future::Future;
use std::time::Duration;

use steadfast::membership::MembershipConfig;
use steadfast::process::{Node, ProcessId, ProcessSpec};
use steadfast::registry::replicated::ReplicatedConfig;
use steadfast::registry::{
    BackendConfig, Change, Keys, Metadata, Notice, Query, Registration, Registry, RegistryConfig,
    RegistryError, Removal, Revision, Update, Value,
};
use steadfast::runtime::tokio::{LocalNetwork, TokioRuntime};
use steadfast::runtime::{Clock as _, NodeId, timeout};

use super::town::{GROUPS, NAMES};

const LIMIT: Duration = Duration::from_secs(60);

/// One of the nodes, with its registry.
struct Site {
    node: Node<TokioRuntime>,
    registry: Registry<TokioRuntime>,
}

impl Site {
    async fn start(network: &LocalNetwork, node: u32) -> Self {
        let runtime = TokioRuntime::builder(NodeId(node)).local_network(network);
        let runtime = runtime.build().expect("a runtime without storage");
        let node = Node::new(runtime);
        let membership = MembershipConfig::fast("pair").seeds([NodeId(1), NodeId(2)]);
        let backend = BackendConfig::replicated(membership, ReplicatedConfig::default());
        let config = RegistryConfig::new().backend(backend);
        let config = config.scope(NAMES, Keys::Unique);
        let registry = Registry::start(&node, "names", config).await;
        let registry = registry.expect("the configuration makes sense");
        Self { node, registry }
    }

    async fn register(&self, name: &str) -> Result<ProcessId, RegistryError> {
        let body = |_context| std::future::pending::<()>();
        let process = self.node.start(ProcessSpec::new("person"), body);
        let process = process.expect("the node takes processes");
        let metadata = Metadata::new().with("of", i64::from(process.node.0));
        let wanted = Registration::new(NAMES, name, process).metadata(metadata);
        self.registry.register(wanted).await.map(|_| process)
    }

    fn holder(&self, name: &str) -> Option<ProcessId> {
        let holder = self.registry.whereis(NAMES, name);
        holder.expect("the scope is open")
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let clock = self.node.runtime();
        let begun = clock.now();
        while !so() {
            assert!(clock.now().since(begun) < LIMIT, "waited for {what}");
            clock.sleep(Duration::from_millis(10)).await;
        }
    }
}

fn play<F: Future<Output = ()>>(case: impl FnOnce(LocalNetwork) -> F) {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an executor needs only memory");
    executor.block_on(case(LocalNetwork::new()));
}

async fn finish(sites: [Site; 2]) {
    for site in sites {
        let complaints = site.registry.audit();
        assert!(complaints.is_empty(), "{complaints:?}");
        assert!(site.node.stop(LIMIT).await, "the node had to kill");
    }
}

#[test]
fn b01_others_see_a_name_its_metadata_and_one_change() {
    play(|network| async move {
        let (one, other) = (
            Site::start(&network, 1).await,
            Site::start(&network, 2).await,
        );
        let mut watch = other
            .registry
            .watch(NAMES, Query::all())
            .expect("it is open");
        assert!(matches!(watch.try_next(), Some(Notice::Snapshot(_))));
        let process = one.register("k").await.expect("free");
        other
            .until("the name", || other.holder("k").is_some())
            .await;
        let entry = other.registry.lookup(NAMES, "k").expect("it is open");
        let entry = entry.expect("it is held");
        assert_eq!(entry.process, process);
        assert_eq!(entry.metadata, Metadata::new().with("of", 1_i64));
        let Some(Notice::Changes(changes)) = watch.try_next() else {
            panic!("nothing was told");
        };
        assert!(matches!(&changes[..], [Change::Registered(told)] if *told == entry));
        let (key, holder) = (entry.key, process);
        let refused = other.register("k").await;
        assert_eq!(
            refused,
            Err(RegistryError::AlreadyRegistered { key, holder })
        );
        one.node.kill(process);
        other.until("its end", || other.holder("k").is_none()).await;
        finish([one, other]).await;
    });
}

#[test]
fn b02_a_node_that_joins_late_receives_everything() {
    play(|network| async move {
        let one = Site::start(&network, 1).await;
        let mut held = Vec::new();
        for number in 0..50 {
            let name = format!("k{number}");
            held.push((one.register(&name).await.expect("free"), name));
        }
        let other = Site::start(&network, 2).await;
        let all = || {
            held.iter()
                .all(|(it, name)| other.holder(name) == Some(*it))
        };
        other.until("everything", all).await;
        finish([one, other]).await;
    });
}

#[test]
fn b05_of_two_who_registered_before_they_met_one_holds_the_name() {
    play(|network| async move {
        let (one, other) = (
            Site::start(&network, 1).await,
            Site::start(&network, 2).await,
        );
        let both = [one.register("k").await, other.register("k").await];
        let [Ok(first), Ok(second)] = both else {
            panic!("{both:?}: they had not met");
        };
        let agreed = || one.holder("k").is_some() && one.holder("k") == other.holder("k");
        // Both see their own until they meet; then one of them goes.
        one.until("one winner", agreed).await;
        let winner = one.holder("k").expect("they agree");
        let (loser, home) = match winner == first {
            true => (second, &other),
            false => (first, &one),
        };
        assert!([first, second].contains(&winner));
        home.node.exited(loser).await;
        assert_eq!(one.holder("k"), Some(winner), "and it stays");
        finish([one, other]).await;
    });
}

#[test]
fn b17_changes_of_one_owner_are_seen_in_its_order() {
    play(|network| async move {
        let (one, other) = (
            Site::start(&network, 1).await,
            Site::start(&network, 2).await,
        );
        let mut watch = other
            .registry
            .watch(NAMES, Query::all())
            .expect("it is open");
        for _ in 0..5 {
            one.register("k").await.expect("free");
            let metadata = Metadata::new().with("v", 1);
            let update = Update::new(NAMES, "k", Revision::Replace(metadata));
            one.registry.update(update).await.expect("it is held");
            let removal = Removal::new(NAMES, "k");
            one.registry.unregister(removal).await.expect("it is held");
        }
        let mut words = Vec::new();
        let clock = other.node.runtime();
        while words.len() < 15 {
            let notice = timeout(clock, LIMIT, watch.next()).await;
            let Some(Notice::Changes(changes)) = notice.expect("there is more") else {
                continue;
            };
            words.extend(changes.iter().map(|change| match change {
                Change::Registered(_) => "registered",
                Change::Updated { .. } => "updated",
                Change::Unregistered { .. } => "unregistered",
            }));
        }
        assert_eq!(words, ["registered", "updated", "unregistered"].repeat(5));
        finish([one, other]).await;
    });
}

#[test]
fn b20_b41_rows_of_a_scope_go_with_it_and_an_empty_group_leaves_no_shell() {
    play(|network| async move {
        let (one, other) = (
            Site::start(&network, 1).await,
            Site::start(&network, 2).await,
        );
        let opened = one.registry.open_scope(GROUPS, Keys::Duplicate).await;
        opened.expect("it is new");
        let process = one.register("k").await.expect("free");
        let wanted = Registration::new(GROUPS, "g", process);
        one.registry.register(wanted).await.expect("a group");
        let size = || other.registry.members(GROUPS, "g").map(|all| all.len());
        other.until("the group", || size() == Ok(1)).await;
        assert_eq!(one.registry.close_scope(NAMES).await, Ok(1));
        other.until("its end", || other.holder("k").is_none()).await;
        assert_eq!(size(), Ok(1), "other scopes stay");
        one.node.kill(process);
        other.until("no member", || size() == Ok(0)).await;
        let scopes = other.registry.stats().scopes;
        assert!(scopes.iter().all(|scope| scope.names == 0), "{scopes:?}");
        finish([one, other]).await;
    });
}

#[test]
fn b31_values_of_the_registry_are_seen_everywhere_and_so_is_their_end() {
    play(|network| async move {
        let (one, other) = (
            Site::start(&network, 1).await,
            Site::start(&network, 2).await,
        );
        let put = one.registry.put_meta("f", 1).await;
        assert_eq!(put, Ok(None));
        let value = Some(Value::Int(1));
        other
            .until("the value", || other.registry.meta("f") == value)
            .await;
        assert_eq!(other.registry.delete_meta("f").await, Ok(value));
        one.until("its end", || one.registry.meta("f").is_none())
            .await;
        finish([one, other]).await;
    });
}
