//! The backends under test, and the tests of each case on each of them in each world.

use steadfast::membership::MembershipConfig;
use steadfast::registry::consistent::ConsistentConfig;
use steadfast::registry::replicated::ReplicatedConfig;
use steadfast::registry::{BackendConfig, Keys, Registry, RegistryConfig};
use steadfast::runtime::{Port, Runtime};

use super::desk::{GROUPS, NAMES};
use crate::conformance::harness::Bench;

/// A kind of backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Partitioned,
    /// On a cluster of one node, with a membership of its own.
    Replicated,
    /// On a local store of its own.
    Consistent,
}

impl Kind {
    /// A registry of this kind on the node of a bench, with both scopes open and some
    /// fields indexed.
    pub(super) async fn start<R: Runtime>(self, bench: &Bench<R>, owner_only: bool) -> Registry<R> {
        let backend = match self {
            Self::Memory => BackendConfig::memory(),
            Self::Partitioned => BackendConfig::partitioned(8),
            Self::Replicated => {
                // Both registries of a node take part in a cluster of their own.
                let (name, port) = if owner_only {
                    ("strict", 8_000)
                } else {
                    ("plain", 7_000)
                };
                let membership = MembershipConfig::lan(name).port(Port(port));
                BackendConfig::replicated(membership, ReplicatedConfig::on(Port(port + 1)))
            }
            Self::Consistent => BackendConfig::consistent(ConsistentConfig::default()),
        };
        let config = RegistryConfig::new()
            .backend(backend)
            .index("tier")
            .index("roles")
            .scope(NAMES, Keys::Unique)
            .scope(GROUPS, Keys::Duplicate);
        let (name, config) = if owner_only {
            ("strict", config.owner_only())
        } else {
            ("registry", config)
        };
        let started = Registry::start(bench.node(), name, config).await;
        started.expect("the configuration makes sense")
    }
}

/// Makes the tests of the named cases, on every backend in each world.
macro_rules! registry_cases {
    ($($case:ident),+ $(,)?) => {
        $crate::conformance::registry::backends::registry_cases_on! {
            memory Memory;
            $($case),+
        }
        $crate::conformance::registry::backends::registry_cases_on! {
            partitioned Partitioned;
            $($case),+
        }
        $crate::conformance::registry::backends::registry_cases_on! {
            replicated Replicated;
            $($case),+
        }
        $crate::conformance::registry::backends::registry_cases_on! {
            consistent Consistent;
            $($case),+
        }
    };
}
pub(super) use registry_cases;

/// Makes the tests of the named cases on one backend.
macro_rules! registry_cases_on {
    ($module:ident $kind:ident; $($case:ident),+) => {
        mod $module {
            use $crate::conformance::registry::backends::Kind;
            use $crate::conformance::registry::desk::Desk;

            mod tokio {
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::harness::on_tokio(|bench| async {
                            super::super::$case(Desk::new(bench, Kind::$kind).await).await;
                        });
                    }
                )+
            }

            mod simulation {
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::harness::in_simulation(|bench| async {
                            super::super::$case(Desk::new(bench, Kind::$kind).await).await;
                        });
                    }
                )+
            }
        }
    };
}
pub(super) use registry_cases_on;
