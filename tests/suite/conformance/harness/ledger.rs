//! What code under test wrote down, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list that several processes write to. Cheap to clone.
pub(crate) struct Ledger<T>(Arc<Mutex<Vec<T>>>);

impl<T> Ledger<T> {
    /// Adds a line.
    pub(crate) fn write(&self, line: T) {
        self.lock().push(line);
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes all lines out.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.lock())
    }

    /// Takes the only line out.
    #[track_caller]
    pub(crate) fn take_one(&self) -> T {
        let mut lines = self.take();
        assert_eq!(lines.len(), 1, "one line was expected");
        lines.remove(0)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Ledger<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
