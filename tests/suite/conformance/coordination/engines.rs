//! The engines under test, and the tests of each case on each of them in each world.

use std::sync::Arc;

use steadfast::runtime::{NodeId, Port, Runtime};
use steadfast::store::etcd::{EtcdOptions, EtcdStore};
use steadfast::store::{LocalOptions, LocalStore, RaftOptions, RaftStore, Store};
use steadfast::supervision::{ChildSpec, Strategy, SupervisorSpec};
use steadfast_sim::etcd::{Member, MemberWire};

use crate::conformance::harness::Bench;

/// An engine of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Local,
    /// A group of one node, with its log on disk. What more nodes and faults change is
    /// told by scenarios.
    Raft,
    /// A simulated etcd of one member, on the same node. The tests of core hold a real
    /// one against the same contract.
    Etcd,
}

impl Engine {
    /// A store on the node of a bench, as a child of a supervisor.
    pub(super) fn store<R: Runtime>(self, bench: &Bench<R>) -> (ChildSpec<R>, Store) {
        let runtime = bench.node().runtime();
        match self {
            Self::Local => LocalStore::child_spec(runtime, "store", LocalOptions::default()),
            Self::Raft => {
                let (spec, store) =
                    RaftStore::child_spec(runtime, "store", RaftOptions::new([NodeId(1)]));
                (spec, store.store())
            }
            Self::Etcd => over_etcd(runtime),
        }
    }
}

const MEMBER: Port = Port(2_379);
const ANSWERS: Port = Port(2_378);

/// A member with a store behind it, and the store of whoever asks it.
fn over_etcd<R: Runtime>(runtime: &R) -> (ChildSpec<R>, Store) {
    let (behind, held) = LocalStore::child_spec(runtime, "held", LocalOptions::default());
    let member = Member::child_spec(runtime, "member", held, MEMBER);
    let both = SupervisorSpec::new(Strategy::RestForOne)
        .child(behind)
        .child(member);
    let wire = MemberWire::open(runtime, [runtime.node()], MEMBER, ANSWERS);
    let wire = Arc::new(wire.expect("the port of the answers is free"));
    let store = EtcdStore::over(runtime.clone(), wire, EtcdOptions::default());
    (ChildSpec::supervisor("store", both), store)
}

/// Makes the tests of the named cases, on every engine in each world.
macro_rules! coordination_cases {
    ($($case:ident),+ $(,)?) => {
        $crate::conformance::coordination::engines::coordination_cases_on! {
            local Local 10;
            $($case),+
        }
        $crate::conformance::coordination::engines::coordination_cases_on! {
            raft Raft 2;
            $($case),+
        }
        $crate::conformance::coordination::engines::coordination_cases_on! {
            etcd Etcd 2;
            $($case),+
        }
    };
}
pub(super) use coordination_cases;

/// Makes the tests of the named cases on one engine, in simulation under so many
/// schedules.
macro_rules! coordination_cases_on {
    ($module:ident $engine:ident $schedules:literal; $($case:ident),+) => {
        mod $module {
            use $crate::conformance::coordination::engines::Engine;
            use $crate::conformance::coordination::hall::Hall;

            mod tokio {
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::harness::on_tokio(|bench| async {
                            super::super::$case(Hall::open(bench, Engine::$engine).await).await;
                        });
                    }
                )+
            }

            mod simulation {
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::harness::in_simulation_under($schedules, |bench| async {
                            super::super::$case(Hall::open(bench, Engine::$engine).await).await;
                        });
                    }
                )+
            }
        }
    };
}
pub(super) use coordination_cases_on;
