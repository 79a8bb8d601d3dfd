//! Which backend is in charge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use crate::registry::backend::Backend;

/// The backend in charge, read for every look-up without a lock.
///
/// Most registries never switch. So the first backend lies where it is found with one
/// read of memory that nobody writes, which is cheaper than to find one that can be
/// replaced at any time. It is kept as long as the registry, without what it
/// held: a reader who may have seen it without is one who can see that it was replaced,
/// and reads again.
pub(in crate::registry) struct Charge {
    first: Arc<dyn Backend>,
    replaced: AtomicBool,
    /// The backend in charge once the first was replaced.
    later: ArcSwapOption<Arc<dyn Backend>>,
}

impl Charge {
    pub(in crate::registry) fn new(first: Arc<dyn Backend>) -> Self {
        Self {
            first,
            replaced: AtomicBool::new(false),
            later: ArcSwapOption::empty(),
        }
    }

    /// What the backend in charge answers to a read. `read` may be called twice, and of
    /// two answers the second counts.
    #[inline]
    pub(in crate::registry) fn read<T>(&self, read: impl Fn(&dyn Backend) -> T) -> T {
        if self.is_replaced() {
            return self.later(read);
        }
        // One value all along, so that it is not moved once it is there.
        let mut answer = read(&*self.first);
        if self.is_replaced() {
            answer = self.later(read);
        }
        answer
    }

    /// Lets somebody use the backend in charge, under the gate: none is replaced
    /// meanwhile.
    #[inline]
    pub(in crate::registry) fn with<T>(&self, act: impl FnOnce(&dyn Backend) -> T) -> T {
        if self.is_replaced() {
            self.later(act)
        } else {
            act(&*self.first)
        }
    }

    /// Puts another backend in charge. Called by one at a time.
    pub(in crate::registry) fn pass_to(&self, next: Arc<dyn Backend>) {
        self.later.store(Some(Arc::new(next)));
        if !self.replaced.swap(true, Ordering::AcqRel) {
            self.first.forget();
        }
    }

    fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Acquire)
    }

    #[cold]
    fn later<T>(&self, act: impl FnOnce(&dyn Backend) -> T) -> T {
        match &*self.later.load() {
            Some(backend) => act(&***backend),
            // Stored before the first is said to be replaced, and never taken away.
            None => act(&*self.first),
        }
    }
}
