//! What locks guard.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use steadfast_sim::SimRuntime;
use steadfast_sim::check::Use;

/// Things outside of the nodes that are used under locks, and refuse a lower token than
/// the highest that they have seen.
#[derive(Default)]
pub(crate) struct Guards {
    highest: Mutex<BTreeMap<String, u64>>,
    closing: AtomicBool,
}

impl Guards {
    /// Uses something; answers whether that was allowed. What does not look at tokens
    /// allows everything.
    pub(crate) fn used(&self, by: &SimRuntime, name: &str, token: u64, looks: bool) -> bool {
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = highest.entry(name.to_owned()).or_default();
        if token < *highest && looks {
            return false;
        }
        *highest = token.max(*highest);
        by.note(Use { name, token }.to_string());
        true
    }

    /// Asks players to end what they are at and to begin nothing else.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether players were asked to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}
