//! The backends under test, and the tests of each case on each of them in each world.

use steadfast::process::ProcessSpec;
use steadfast::registry::{Keys, Local, LocalOptions, Registry};
use steadfast::runtime::Runtime;

use super::desk::{GROUPS, NAMES};
use crate::conformance::harness::Bench;

/// A kind of backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Partitioned,
}

impl Kind {
    /// A registry of this kind on the node of a bench, with both scopes open and some
    /// fields indexed.
    pub(super) async fn start<R: Runtime>(self, bench: &Bench<R>, owner_only: bool) -> Registry<R> {
        let (node, entropy) = (bench.node(), bench.node().runtime());
        let options = LocalOptions::new().indexed("tier").indexed("roles");
        let options = if owner_only {
            options.owner_only()
        } else {
            options
        };
        let name = if owner_only { "strict" } else { "registry" };
        let registry = Registry::with_backend(node, name, |host| match self {
            Self::Memory => Local::memory(host, entropy, options),
            Self::Partitioned => Local::partitioned(host, entropy, options, 8),
        });
        // It serves as long as the node, of whose processes this one ends last.
        let kept = registry.clone();
        bench.start(ProcessSpec::new("keeper"), |_context| async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        });
        for (scope, keys) in [(NAMES, Keys::Unique), (GROUPS, Keys::Duplicate)] {
            let opened = registry.open_scope(scope, keys).await;
            assert!(opened.is_ok(), "{opened:?}");
        }
        registry
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
