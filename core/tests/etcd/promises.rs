//! The promises of engines, kept over a real etcd.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::tokio::TokioRuntime;
use steadfast::store::Store;
use steadfast::store::contract::{Harness, cases};

use super::server::{Server, is_missing, node, over, run, serves};

struct Real {
    server: Mutex<Server>,
    node: Node<TokioRuntime>,
    store: Store,
}

impl Real {
    async fn start() -> Self {
        let (server, node) = (Server::start(), node());
        let store = over(&node, [&server]);
        serves(&node, &store).await;
        Self {
            server: Mutex::new(server),
            node,
            store,
        }
    }
}

impl Harness for Real {
    type Clock = TokioRuntime;

    async fn store(&self) -> Store {
        self.store.clone()
    }

    fn clock(&self) -> TokioRuntime {
        self.node.runtime().clone()
    }

    async fn depose(&self) {
        let mut server = self.server.lock().unwrap();
        server.kill();
        server.run();
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn slack(&self) -> Duration {
        // It looks for leases that are over twice a second, and other tests run, too.
        Duration::from_secs(3)
    }
}

/// How many promises are checked at the same time: most of it is waiting.
const AT_ONCE: usize = 6;

#[test]
fn a_real_etcd_keeps_the_promises() {
    if is_missing("a_real_etcd_keeps_the_promises") {
        return;
    }
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for share in 0..AT_ONCE {
            let broken = &broken;
            scope.spawn(move || {
                for case in cases::<Real>().iter().skip(share).step_by(AT_ONCE) {
                    let verdict = run(async { case.run(Arc::new(Real::start().await)).await });
                    if let Err(found) = verdict {
                        let found = format!("{}: {} But: {found}", case.id(), case.claim());
                        broken.lock().unwrap().push(found);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
