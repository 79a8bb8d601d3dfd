//! A node with a supervised local store.

use std::sync::Arc;
use std::time::Duration;

use crate::process::{ExitReason, Node};
use crate::runtime::{Runtime, timeout};
use crate::store::contract::Harness;
use crate::store::{Engine, Limits, LocalOptions, LocalStore, Store};
use crate::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};

pub(super) const TTL: Duration = Duration::from_millis(200);

/// What a test may put between the suite and the store.
pub(super) type Wrap = fn(Arc<dyn Engine>) -> Arc<dyn Engine>;

pub(super) struct Stage<R: Runtime> {
    pub(super) node: Node<R>,
    pub(super) supervisor: SupervisorRef<R>,
    pub(super) store: Store,
}

impl<R: Runtime> Stage<R> {
    pub(super) async fn new(node: Node<R>) -> Self {
        Self::wrapped(node, |engine| engine).await
    }

    pub(super) async fn wrapped(node: Node<R>, wrap: Wrap) -> Self {
        let limits = Limits::default().history_len_max(150);
        let options = LocalOptions::default().limits(limits);
        let (child, store) = LocalStore::child_spec(node.runtime(), "store", options);
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(1))
            .child(child);
        let supervisor = Supervisor::start(&node, "stores", spec).await.unwrap();
        Self {
            node,
            supervisor,
            store: store.wrapped(wrap),
        }
    }
}

impl<R: Runtime> Harness for Stage<R> {
    type Clock = R;

    async fn store(&self) -> Store {
        self.store.clone()
    }

    fn clock(&self) -> R {
        self.node.runtime().clone()
    }

    async fn depose(&self) {
        let child = self.supervisor.which_child("store").await.unwrap();
        let process = child.process.unwrap();
        self.node.kill(process);
        let ended = self.node.exited(process).await;
        // It may have gone before anyone could watch it go.
        assert!(
            matches!(ended, ExitReason::Killed | ExitReason::NoProcess),
            "{ended}"
        );
    }

    fn ttl(&self) -> Duration {
        TTL
    }

    fn slack(&self) -> Duration {
        // On a machine that is busy with other tests.
        Duration::from_millis(500)
    }
}

/// Waits until the store serves.
pub(super) async fn serves<R: Runtime>(stage: &Stage<R>) {
    let clock = stage.clock();
    let serving = async {
        while stage.store.get("any").await.is_err() {
            clock.sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(&clock, Duration::from_secs(20), serving)
        .await
        .unwrap();
}
