//! Claims about names of supervised processes.

use std::time::Duration;

use super::stage::{LIMIT, play};
use crate::event::{Event, SupervisionEvent};
use crate::process::{ExitReason, ProcessId};
use crate::registry::{Registration, RegistryError};
use crate::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};

#[test]
fn c64_once_a_restart_is_seen_the_name_is_that_of_the_new_process() {
    play(|stage| async move {
        let registry = stage.registry.clone();
        let child = ChildSpec::worker("server", move |context| {
            let registry = registry.clone();
            async move {
                let wanted = Registration::new("names", "server", context.id());
                registry
                    .register(wanted)
                    .await
                    .map_err(|error| ExitReason::error(&error))?;
                context.ready();
                std::future::pending::<Result<(), ExitReason>>().await
            }
        });
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, LIMIT)
            .child(child.acknowledged(LIMIT));
        let supervisor = Supervisor::start(&stage.node, "top", spec).await.unwrap();
        let runtime = stage.node.runtime().clone();
        let mut held_by = stage.registry.whereis("names", "server").unwrap().unwrap();
        for _ in 0..10 {
            stage.node.kill(held_by);
            // Step by step: at each one either nobody holds the name, or the restart is
            // over and the new process does, or the old one has not ended yet.
            loop {
                let events = runtime.events();
                let mut starts = events.iter().rev().filter_map(started);
                let restarted = starts.next();
                let holder = stage.registry.whereis("names", "server").unwrap();
                let alive = stage.node.is_alive(held_by);
                assert!(
                    alive || holder != Some(held_by),
                    "a dead process holds the name"
                );
                if restarted != Some(held_by) {
                    assert_eq!(holder, restarted);
                    held_by = restarted.unwrap();
                    break;
                }
                one_step().await;
            }
        }
        let found = stage
            .registry
            .await_registered("names", "server", LIMIT)
            .await;
        assert_eq!(found.unwrap().process, held_by);
        supervisor.stop(Duration::from_secs(60)).await.unwrap();
        assert_eq!(stage.registry.whereis("names", "server"), Ok(None));
        let late = Registration::new("names", "server", held_by);
        let refused = stage.registry.register(late).await;
        assert_eq!(refused, Err(RegistryError::NoProcess { process: held_by }));
    });
}

fn started(event: &Event) -> Option<ProcessId> {
    if let Event::Supervision(SupervisionEvent::ChildStarted { process, .. }) = event {
        Some(*process)
    } else {
        None
    }
}

/// Lets others run, once.
async fn one_step() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
