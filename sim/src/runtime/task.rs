//! Tasks on madsim, each with an identity, an owner and a place.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use steadfast::Label;
use steadfast::runtime::{NodeId, Spawner, TaskEnd, TaskHandle, supervised_task};

use super::life::{Life, SimRuntime};
use crate::trace::{TaskEvent, TaskId, TraceEvent};

/// A task that has not ended.
#[derive(Debug, Clone)]
pub(crate) struct LiveTask {
    pub(crate) name: Label,
    pub(crate) place: Label,
}

impl Spawner for SimRuntime {
    #[track_caller]
    fn spawn<F>(&self, name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (supervised, handle) = supervised_task(task);
        let life = &self.0;
        if !life.is_alive() {
            // Dropping it unstarted reports it as aborted.
            drop(supervised);
            return handle;
        }
        let ordinal = announce(life, name, Location::caller());
        let task = SimTask {
            life: life.clone(),
            ordinal,
            task: Some(supervised),
        };
        // Dropping madsim's handle detaches the task; ours aborts it.
        drop(life.handle.spawn(task));
        handle
    }
}

fn announce(life: &Life, name: Label, place: &'static Location<'static>) -> u64 {
    let owner = life.polled.load(Ordering::Relaxed);
    let now = life.shared.now();
    let mut state = life.shared.lock();
    let place = state.places.label(place);
    let node = state.node_mut(life.node);
    node.tasks_started += 1;
    let ordinal = node.tasks_started;
    let live = LiveTask {
        name: name.clone(),
        place: place.clone(),
    };
    node.tasks.insert(ordinal, live);
    state.note_wanted(now, life.node);
    let task = |ordinal| TaskId {
        node: life.node,
        incarnation: life.incarnation,
        ordinal,
    };
    let event = TraceEvent::Task(TaskEvent::Spawned {
        task: task(ordinal),
        owner: (owner != 0).then(|| task(owner)),
        name,
        place,
    });
    state.record(now, Some(life.node), event);
    state.tasks += 1;
    ordinal
}

/// Knows when its task is polled, and tells of its end.
struct SimTask<F> {
    life: Arc<Life>,
    ordinal: u64,
    task: Option<F>,
}

impl<F> SimTask<F> {
    fn ended(&self, end: &TaskEnd) {
        let life = &self.life;
        if !life.is_alive() {
            return;
        }
        let now = life.shared.now();
        let mut state = life.shared.lock();
        state.node_mut(life.node).tasks.remove(&self.ordinal);
        let event = TraceEvent::Task(TaskEvent::Ended {
            task: TaskId {
                node: life.node,
                incarnation: life.incarnation,
                ordinal: self.ordinal,
            },
            end: end.to_string().into(),
        });
        state.record(now, Some(life.node), event);
    }
}

impl<F: Future<Output = TaskEnd> + Unpin> Future for SimTask<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(task) = this.task.as_mut() else {
            return Poll::Ready(());
        };
        let life = &this.life;
        // Plain loads and stores: a run has one thread.
        let outer = life.polled.load(Ordering::Relaxed);
        life.polled.store(this.ordinal, Ordering::Relaxed);
        let outer_time = life.shared.hold_time();
        // A supervised task catches its panics, so what follows is always reached.
        let polled = Pin::new(task).poll(context);
        life.shared.release_time(outer_time);
        life.polled.store(outer, Ordering::Relaxed);
        let Poll::Ready(end) = polled else {
            return Poll::Pending;
        };
        this.task = None;
        this.ended(&end);
        Poll::Ready(())
    }
}

impl<F> Drop for SimTask<F> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            drop(task);
            self.ended(&TaskEnd::Aborted);
        }
    }
}

/// Source lines as text, without the parts that differ between machines.
#[derive(Default)]
pub(crate) struct Places(std::collections::BTreeMap<(&'static str, u32), Label>);

impl Places {
    pub(crate) fn label(&mut self, place: &'static Location<'static>) -> Label {
        let key = (place.file(), place.line());
        let text = || format!("{}:{}", portable_path(place.file()), place.line());
        self.0.entry(key).or_insert_with(|| text().into()).clone()
    }
}

/// The part of a source path that is the same on every machine: relative paths as
/// they are, absolute ones from the folder of their package on.
pub(crate) fn portable_path(path: &str) -> &str {
    if !path.starts_with('/') && !path.contains(":\\") {
        return path;
    }
    let folders = ["/src/", "/tests/", "/benches/", "/examples/"];
    let start = folders.iter().filter_map(|folder| path.rfind(folder)).max();
    let package = start.map(|start| {
        path[..start]
            .rfind('/')
            .map_or(start + 1, |slash| slash + 1)
    });
    match package {
        Some(package) => &path[package..],
        None => path.rsplit(['/', '\\']).next().unwrap_or(path),
    }
}

/// One line for people about a task.
pub(crate) fn describe(node: NodeId, incarnation: u32, task: &LiveTask) -> String {
    format!("{node}.{incarnation} {} ({})", task.name, task.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_no_path_of_a_machine() {
        let cases = [
            ("core/src/process/node.rs", "core/src/process/node.rs"),
            ("/home/a/project/src/lib.rs", "project/src/lib.rs"),
            (
                "/x/registry/src/index-1/foo-1.2.3/src/a/b.rs",
                "foo-1.2.3/src/a/b.rs",
            ),
            ("/x/main.rs", "main.rs"),
            ("C:\\x\\main.rs", "main.rs"),
        ];
        for (path, portable) in cases {
            assert_eq!(portable_path(path), portable);
        }
    }
}
