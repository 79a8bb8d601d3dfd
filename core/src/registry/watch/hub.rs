//! Which subscribers a change may concern.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use super::filter::Filter;
use super::queue::Queue;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::change::Change;

/// The queues that filters of one scope feed: one entry a filter.
#[derive(Default)]
struct ScopeRoutes {
    /// By the one name that the filter means.
    named: BTreeMap<Label, Vec<Arc<Queue>>>,
    /// All other filters.
    any: Vec<Arc<Queue>>,
}

#[derive(Default)]
struct Routes {
    scopes: BTreeMap<Label, ScopeRoutes>,
    /// Subscriptions that end with a process.
    tied: BTreeMap<ProcessId, Vec<Arc<Queue>>>,
}

/// The subscribers of one registry, whatever its backend.
///
/// Its lock is taken while a backend holds its own, and never the other way round.
#[derive(Default)]
pub(in crate::registry) struct Hub {
    /// Without filters a change costs this one look.
    filters: AtomicUsize,
    subscriptions: AtomicU64,
    routes: RwLock<Routes>,
}

impl Hub {
    pub(super) fn subscribe(&self, capacity: usize) -> Arc<Queue> {
        let id = self.subscriptions.fetch_add(1, Ordering::Relaxed);
        Arc::new(Queue::new(id, capacity))
    }

    /// Hands changes to those whom they concern. Called with the backend's lock held.
    pub(in crate::registry) fn changed(&self, changes: &[Change]) {
        if self.filters.load(Ordering::Acquire) == 0 {
            return;
        }
        let wakers: Vec<Waker> = {
            let routes = self.read();
            let queues = routes.candidates(changes);
            let pushed = queues.into_iter().map(|queue| queue.push(changes));
            pushed.flatten().collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Feeds a queue from a filter.
    pub(super) fn connect(&self, filter: &Filter, queue: &Arc<Queue>) {
        let mut routes = self.write();
        let scope = routes.scopes.entry(filter.scope.clone()).or_default();
        match filter.query.exact_name() {
            Some(name) => scope.named.entry(name.clone()).or_default(),
            None => &mut scope.any,
        }
        .push(queue.clone());
        self.filters.fetch_add(1, Ordering::Release);
    }

    /// Undoes one [`connect`](Self::connect).
    pub(super) fn disconnect(&self, filter: &Filter, queue: &Queue) {
        if self.write().disconnect(filter, queue) {
            self.filters.fetch_sub(1, Ordering::Release);
        }
    }

    /// Ends a subscription when a process ends.
    pub(super) fn tie(&self, process: ProcessId, queue: &Arc<Queue>) {
        let mut routes = self.write();
        let tied = routes.tied.entry(process).or_default();
        tied.push(queue.clone());
    }

    /// Undoes [`tie`](Self::tie).
    pub(super) fn untie(&self, process: ProcessId, queue: &Queue) {
        let mut routes = self.write();
        if let Some(tied) = routes.tied.get_mut(&process) {
            tied.retain(|other| other.id != queue.id);
            if tied.is_empty() {
                routes.tied.remove(&process);
            }
        }
    }

    /// A process has ended, and with it its subscriptions.
    pub(in crate::registry) fn process_exited(&self, process: ProcessId) {
        // Most processes watch nothing: they should not stop each other here.
        if !self.read().tied.contains_key(&process) {
            return;
        }
        let tied = self.write().tied.remove(&process);
        for queue in tied.into_iter().flatten() {
            for filter in queue.filters() {
                self.disconnect(&filter, &queue);
            }
            if let Some(waker) = queue.close() {
                waker.wake();
            }
        }
    }

    /// How many filters there are.
    pub(in crate::registry) fn filters(&self) -> usize {
        self.filters.load(Ordering::Acquire)
    }

    fn read(&self) -> RwLockReadGuard<'_, Routes> {
        // Nothing that can panic runs under this lock.
        self.routes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Routes> {
        self.routes.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Routes {
    /// The queues that the changes may concern, each once, the oldest first.
    fn candidates(&self, changes: &[Change]) -> Vec<&Queue> {
        let mut queues = Vec::new();
        for change in changes {
            let key = &change.entry().key;
            if let Some(scope) = self.scopes.get(&key.scope) {
                let named = scope.named.get(&key.name).into_iter().flatten();
                queues.extend(named.chain(&scope.any).map(AsRef::as_ref));
            }
        }
        queues.sort_by_key(|queue: &&Queue| queue.id);
        queues.dedup_by_key(|queue| queue.id);
        queues
    }

    fn disconnect(&mut self, filter: &Filter, queue: &Queue) -> bool {
        let Some(scope) = self.scopes.get_mut(&filter.scope) else {
            return false;
        };
        let gone = match filter.query.exact_name() {
            Some(name) => {
                let Some(named) = scope.named.get_mut(name) else {
                    return false;
                };
                let gone = remove_one(named, queue);
                if named.is_empty() {
                    scope.named.remove(name);
                }
                gone
            }
            None => remove_one(&mut scope.any, queue),
        };
        if scope.named.is_empty() && scope.any.is_empty() {
            self.scopes.remove(&filter.scope);
        }
        gone
    }
}

fn remove_one(queues: &mut Vec<Arc<Queue>>, queue: &Queue) -> bool {
    let position = queues.iter().position(|other| other.id == queue.id);
    if let Some(position) = position {
        queues.remove(position);
    }
    position.is_some()
}
