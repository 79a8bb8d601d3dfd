//! Claims about the configuration.

use std::time::Duration;

use super::stage::{LIMIT, play};
use crate::membership::{self, MembershipConfig};
use crate::registry::consistent::ConsistentConfig;
use crate::registry::replicated::{OnConflict, ReplicatedConfig};
use crate::registry::{
    BackendConfig, ConfigError, FailOver, Keys, Metadata, MonitorConfig, Query, Registration,
    Registry, RegistryConfig, RegistryError, Removal, StartRegistryError,
};
use crate::runtime::{NodeId, Port};

const TEXT: &str = r#"
backend = { kind = "partitioned", partitions = 4 }
owner_only = true
indexes = ["role"]
scopes = { agents = "unique", workers = "duplicate" }
entries_max = 2
watch_capacity = 16
deadline_ms = 2000

[monitor]
interval_ms = 500
fail_over = { to = { kind = "memory" } }
"#;

#[test]
fn a_configuration_can_be_written_by_hand_and_built_step_by_step() {
    let read: RegistryConfig = toml::from_str(TEXT).unwrap();
    let built = RegistryConfig::new()
        .backend(BackendConfig::partitioned(4))
        .owner_only()
        .index("role")
        .scope("agents", Keys::Unique)
        .scope("workers", Keys::Duplicate)
        .entries_max(2)
        .watch_capacity(16)
        .deadline_ms(2_000)
        .monitor(
            MonitorConfig::new()
                .interval_ms(500)
                .fail_over(FailOver::to(BackendConfig::memory())),
        );
    assert_eq!(read, built);
    assert_eq!(built.validate(), Ok(()));
    let json = serde_json::to_string(&built).unwrap();
    assert_eq!(
        serde_json::from_str::<RegistryConfig>(&json).unwrap(),
        built
    );
    let nothing: RegistryConfig = toml::from_str("").unwrap();
    assert_eq!(nothing, RegistryConfig::new());
}

const SHARED: &str = r#"
owner_only = true
indexes = ["role"]
scopes = { agents = "unique" }
entries_max = 2

[backend]
kind = "replicated"

[backend.membership]
cluster = "shop"
port = 1
seeds = [1, 2]
probe_period_ms = 400
probe_timeout_ms = 100

[backend.replication]
port = 2
sync_interval_ms = 250
on_conflict = "tell"
"#;

#[test]
fn a_shared_registry_can_be_configured_by_hand() {
    let read: RegistryConfig = toml::from_str(SHARED).unwrap();
    let membership = MembershipConfig::lan("shop")
        .port(Port(1))
        .seeds([NodeId(1), NodeId(2)])
        .probe(Duration::from_millis(400), Duration::from_millis(100));
    let mut replication = ReplicatedConfig::on(Port(2)).on_conflict(OnConflict::Tell);
    replication.sync_interval = Duration::from_millis(250);
    let built = RegistryConfig::new()
        .backend(BackendConfig::replicated(membership, replication))
        .owner_only()
        .index("role")
        .scope("agents", Keys::Unique)
        .entries_max(2);
    assert_eq!(read, built);
    assert_eq!(built.validate(), Ok(()));
    let json = serde_json::to_string(&built).unwrap();
    assert_eq!(
        serde_json::from_str::<RegistryConfig>(&json).unwrap(),
        built
    );
    let text = "[backend]\nkind = 'replicated'\nmembership = { cluster = 'shop' }";
    let least: RegistryConfig = toml::from_str(text).unwrap();
    let backend =
        BackendConfig::replicated(MembershipConfig::lan("shop"), ReplicatedConfig::default());
    assert_eq!(least, RegistryConfig::new().backend(backend));
}

#[test]
fn a_shared_registry_that_makes_no_sense_is_refused_by_name() {
    let validate = |membership: MembershipConfig, replication| {
        let backend = BackendConfig::replicated(membership, replication);
        RegistryConfig::new().backend(backend).validate()
    };
    let lan = || MembershipConfig::lan("shop");
    let none = ReplicatedConfig {
        pulls_max: 0,
        ..ReplicatedConfig::default()
    };
    assert_eq!(
        validate(lan(), none),
        Err(ConfigError::Zero {
            field: "backend.replication.pulls_max".into()
        })
    );
    let nameless: RegistryConfig =
        toml::from_str("[backend]\nkind = 'replicated'\nmembership = {}").unwrap();
    assert_eq!(
        nameless.validate(),
        Err(ConfigError::Membership {
            field: "backend.membership".into(),
            source: membership::ConfigError::NamelessCluster
        })
    );
    let same = validate(lan(), ReplicatedConfig::on(lan().port));
    assert!(matches!(same, Err(ConfigError::SamePort { port, .. }) if port == lan().port));
}

#[test]
fn a_shared_registry_is_as_it_was_configured() {
    play(|stage| async move {
        let config: RegistryConfig = toml::from_str(SHARED).unwrap();
        let registry = Registry::start(&stage.node, "shared", config)
            .await
            .unwrap();
        assert_eq!(registry.backend_kind(), "replicated");
        let (process, other) = (stage.idler(), stage.idler());
        for name in ["a", "b", "a"] {
            let wanted = Registration::new("agents", name, process);
            let wanted = wanted.metadata(Metadata::new().with("role", name));
            registry.register(wanted).await.unwrap();
        }
        let found = registry.select("agents", &Query::all().is("role", "b"));
        let found = found.unwrap().into_iter().map(|entry| entry.key.name);
        assert_eq!(found.collect::<Vec<_>>(), ["b"]);
        let full = registry
            .register(Registration::new("agents", "c", process))
            .await;
        assert!(matches!(full, Err(RegistryError::LimitReached { .. })));
        let removal = Removal::new("agents", "a").by(Some(other));
        let refused = registry.unregister(removal).await;
        assert!(matches!(refused, Err(RegistryError::NotOwner { .. })));
        assert!(registry.audit().is_empty());
        assert_eq!(registry.health().entries, 2);
        assert!(stage.node.stop(LIMIT).await);
    });
}

#[test]
fn a_consistent_registry_is_as_it_was_configured() {
    let text = r#"
owner_only = true
scopes = { agents = "unique" }
entries_max = 1

[backend]
kind = "consistent"
store = { engine = "local" }
session = { ttl_ms = 3000, on_loss = "tell" }
"#;
    play(|stage| async move {
        let config: RegistryConfig = toml::from_str(text).unwrap();
        let wrong = RegistryConfig::new().backend(BackendConfig::consistent(
            ConsistentConfig::default().ttl(Duration::ZERO),
        ));
        let field = "backend.session.ttl_ms".into();
        assert_eq!(wrong.validate(), Err(ConfigError::Zero { field }));
        let registry = Registry::start(&stage.node, "shared", config)
            .await
            .unwrap();
        assert_eq!(registry.backend_kind(), "consistent");
        let (process, other) = (stage.idler(), stage.idler());
        let wanted = |name| Registration::new("agents", name, process);
        registry.register(wanted("a")).await.unwrap();
        let full = registry.register(wanted("b")).await;
        assert!(matches!(full, Err(RegistryError::LimitReached { .. })));
        let removal = Removal::new("agents", "a").by(Some(other));
        let refused = registry.unregister(removal).await;
        assert!(matches!(refused, Err(RegistryError::NotOwner { .. })));
        assert!(registry.audit().is_empty());
        assert!(stage.node.stop(LIMIT).await);
    });
}

#[test]
fn what_the_configuration_does_not_know_is_refused_by_name() {
    for (text, unknown) in [
        ("owner_onyl = true", "owner_onyl"),
        (
            "backend = { kind = 'memory', partitions = 4 }",
            "partitions",
        ),
        ("backend = { kind = 'ets' }", "ets"),
        ("monitor = { interval = 4 }", "interval"),
        ("scopes = { a = 'both' }", "both"),
        (
            "backend = { kind = 'replicated', membership = { cluster = 'c', sedes = [] } }",
            "sedes",
        ),
        (
            "backend = { kind = 'replicated', membership = { cluster = 'c' }, \
             replication = { lag_max = 4 } }",
            "lag_max",
        ),
        ("backend = { kind = 'replicated' }", "membership"),
    ] {
        let error = toml::from_str::<RegistryConfig>(text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(unknown), "{text}: {error}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let config = RegistryConfig::new;
    let zero = |field: &str| ConfigError::Zero {
        field: field.into(),
    };
    let monitor = MonitorConfig::new;
    let cases = [
        (
            config().backend(BackendConfig::partitioned(0)),
            zero("backend.partitions"),
        ),
        (config().entries_max(0), zero("entries_max")),
        (config().watch_capacity(0), zero("watch_capacity")),
        (config().deadline_ms(0), zero("deadline_ms")),
        (
            config().monitor(monitor().interval_ms(0)),
            zero("monitor.interval_ms"),
        ),
        (
            config().monitor(monitor().threshold(0)),
            zero("monitor.threshold"),
        ),
        (config().index(""), ConfigError::EmptyIndex),
        (
            config().index("a").index("a"),
            ConfigError::DuplicateIndex { field: "a".into() },
        ),
        (
            config().backend(BackendConfig::partitioned(1_000)),
            ConfigError::TooLarge {
                field: "backend.partitions".into(),
                value: 1_000,
                most: crate::registry::Local::PARTITIONS_MAX,
            },
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(config.validate(), Err(expected));
    }
    let unnamed = config().scope("", Keys::Unique).validate();
    assert!(matches!(unnamed, Err(ConfigError::Scope { .. })));
}

#[test]
fn a_registry_is_as_it_was_configured() {
    play(|stage| async move {
        let config: RegistryConfig = toml::from_str(TEXT).unwrap();
        let registry = Registry::start(&stage.node, "configured", config)
            .await
            .unwrap();
        assert_eq!(registry.backend_kind(), "partitioned");
        let scopes = [
            ("agents".into(), Keys::Unique),
            ("workers".into(), Keys::Duplicate),
        ];
        assert_eq!(registry.scopes(), scopes);
        let (process, other) = (stage.idler(), stage.idler());
        for name in ["a", "b"] {
            let wanted = Registration::new("agents", name, process);
            let wanted = wanted.metadata(Metadata::new().with("role", name));
            registry.register(wanted).await.unwrap();
        }
        assert_eq!(
            registry.count("agents", &Query::all().is("role", "b")),
            Ok(1)
        );
        let full = registry
            .register(Registration::new("agents", "c", process))
            .await;
        assert!(matches!(full, Err(RegistryError::LimitReached { .. })));
        let removal = Removal::new("agents", "a").by(Some(other));
        let refused = registry.unregister(removal).await;
        assert!(matches!(refused, Err(RegistryError::NotOwner { .. })));
        let wrong = RegistryConfig::new().deadline_ms(0);
        let refused = Registry::start(&stage.node, "wrong", wrong).await.map(drop);
        assert!(matches!(refused, Err(StartRegistryError::Config(_))));
        assert!(stage.node.stop(LIMIT).await);
    });
}

#[test]
fn a51_the_figures_are_there_whatever_the_names_are() {
    play(|stage| async move {
        let process = stage.idler();
        let odd = ["*", "a/b", "_", "\u{1F980}", "a b\nc", "$1", "{\"x\":1}"];
        for name in odd {
            stage.register("names", name, process).await;
            stage.register("groups", name, process).await;
            stage.register("groups", name, process).await;
        }
        let stats = stage.registry.stats();
        if stage.registry.backend_kind() != "naive" {
            assert_eq!(stats.entries(), 3 * odd.len());
            let partitions = stats.partitions.iter().map(|partition| partition.entries);
            assert_eq!(partitions.sum::<usize>(), 3 * odd.len());
        }
        assert_eq!(stage.registry.health().entries, 3 * odd.len());
    });
}

#[test]
fn a49_joins_and_leaves_of_one_member_at_the_same_time_leave_no_row_twice() {
    play(|stage| async move {
        let process = stage.idler();
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                let registry = stage.registry.clone();
                stage.beside(async move {
                    let mut joined = 0_i32;
                    for step in 0..5 {
                        if (step + number) % 2 == 0 {
                            let wanted = Registration::new("groups", "g", process);
                            joined += i32::from(registry.register(wanted).await.is_ok());
                        } else {
                            let removal = Removal::new("groups", "g").of(process);
                            joined -= i32::from(registry.unregister(removal).await.is_ok());
                        }
                    }
                    joined
                })
            })
            .collect();
        let mut expected = 0;
        for task in tasks {
            expected += task.result().await.unwrap();
        }
        let members = stage.registry.members("groups", "g").unwrap();
        assert_eq!(members.len(), usize::try_from(expected).unwrap());
        let mut revisions: Vec<_> = members.iter().map(|entry| entry.revision).collect();
        revisions.dedup();
        assert_eq!(revisions.len(), members.len());
    });
}
