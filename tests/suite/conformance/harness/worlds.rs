//! The two worlds that every case runs in.

use std::future::Future;

use steadfast::runtime::NodeId;
use steadfast::runtime::tokio::TokioRuntime;

use super::bench::Bench;
use super::journal::Journal;
use super::witness::Witness;

/// Makes the tests of the named cases, one in each world.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod tokio {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::on_tokio(super::$case);
                }
            )+
        }
    };
}
pub(crate) use cases;

/// Runs a case on tokio, on one thread, with time that moves only when nothing can run.
pub(crate) fn on_tokio<C, F>(case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an executor needs only memory");
    executor.block_on(async {
        let runtime = TokioRuntime::builder(NodeId(1)).build();
        let runtime = runtime.expect("a runtime without network and storage can be made");
        let journal = Journal::default();
        let bench = Bench::new(Witness::new(runtime, journal.clone()), journal);
        case(bench.clone()).await;
        bench.finish().await;
    });
}
