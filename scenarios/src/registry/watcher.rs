//! A process that watches a registry and notes what it is told.

use std::time::Duration;

use steadfast::Label;
use steadfast::process::{Context, ExitReason};
use steadfast::registry::{Change, Notice, Registry, Subscription};
use steadfast::runtime::Clock as _;
use steadfast_sim::SimRuntime;
use steadfast_sim::check::{Asked, Heard, Reading};

use super::desk::Desk;
use super::question::query;
use super::reader::{Reader, row};

/// The body of a watcher. Between two looks it may sleep, so that changes queue up.
pub(super) async fn watch(
    context: Context<SimRuntime>,
    registry: Registry<SimRuntime>,
    scope: Label,
    asked: Asked,
    naps: Duration,
) -> ExitReason {
    let watch = context.runtime().board::<Desk>().next_watch();
    let subscription = registry.watch(&scope, query(&asked));
    let reader = Reader::new(registry);
    let mut watching = Watching {
        reader,
        watch,
        scope,
        asked,
    };
    let mut subscription = match subscription {
        Ok(subscription) => subscription,
        Err(error) => {
            watching
                .reader
                .failed("an open scope can be watched", error);
            return ExitReason::Normal;
        }
    };
    watching.take_all(&mut subscription);
    context.ready();
    loop {
        let Some(notice) = subscription.next().await else {
            return ExitReason::Normal;
        };
        watching.take(notice);
        watching.take_all(&mut subscription);
        if !naps.is_zero() {
            context.runtime().sleep(naps).await;
            watching.take_all(&mut subscription);
        }
    }
}

struct Watching {
    reader: Reader,
    watch: u64,
    scope: Label,
    asked: Asked,
}

impl Watching {
    /// Takes all that there is, and says that there is no more.
    fn take_all(&mut self, subscription: &mut Subscription) {
        while let Some(notice) = subscription.try_next() {
            self.take(notice);
        }
        self.reader.note(&Reading::Quiet { watch: self.watch });
    }

    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::Snapshot(snapshot) | Notice::Resync { snapshot, .. } => {
                self.reader.note(&Reading::Snapshot {
                    registry: self.reader.registry().name().clone(),
                    watch: self.watch,
                    scope: self.scope.clone(),
                    asked: self.asked.clone(),
                    rows: snapshot.entries.iter().map(row).collect(),
                });
            }
            Notice::Changes(changes) => changes.iter().for_each(|change| self.hear(change)),
        }
    }

    fn hear(&self, change: &Change) {
        let change = match change {
            Change::Registered(entry) => Heard::Registered(row(entry)),
            Change::Updated { entry, .. } => Heard::Updated(row(entry)),
            Change::Unregistered { entry, cause } => Heard::Unregistered {
                name: entry.key.name.clone(),
                process: entry.process,
                cause: cause.clone(),
            },
        };
        let watch = self.watch;
        self.reader.note(&Reading::Heard { watch, change });
    }
}
