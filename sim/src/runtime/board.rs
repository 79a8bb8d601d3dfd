//! Values that the parts of one run share without being connected.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type, made when it is first asked for.
///
/// For scenarios and tests only: it is how what runs on the nodes tells the workload
/// outside of them what it has seen. It is not lost in a crash and no fault touches
/// it, so nothing under test may rely on it.
#[derive(Default)]
pub(crate) struct Board(Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Board {
    pub(crate) fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        // A default that panics leaves the map as it was.
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::<T>::default());
        // The key is the type, so this never makes a second value.
        value.clone().downcast().unwrap_or_default()
    }

    /// Lets go of all values: they may hold what holds the board.
    pub(crate) fn clear(&self) {
        let values = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // Dropped without the lock: destructors of the scenario's code may run.
        drop(values);
    }
}
