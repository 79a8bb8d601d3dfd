//! Randomness of the operating system.

use std::sync::{Mutex, PoisonError};

use crate::runtime::EntropyStream;

/// Gives streams that are all different, from one draw of the operating system.
pub(super) struct Root(Mutex<EntropyStream>);

impl Root {
    pub(super) fn draw() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self(Mutex::new(EntropyStream::from_seed(seed))))
    }

    pub(super) fn stream(&self) -> EntropyStream {
        // Nothing that can panic runs under this lock.
        let mut root = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seed = [0; 32];
        for chunk in seed.chunks_exact_mut(8) {
            chunk.copy_from_slice(&root.next_u64().to_le_bytes());
        }
        EntropyStream::from_seed(seed)
    }
}
