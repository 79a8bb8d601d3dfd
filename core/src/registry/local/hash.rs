//! Hashes of keys.

use std::hash::Hasher as _;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use crate::runtime::Entropy;

/// Hashes keys with a seed of the backend's own: whoever chooses names does not know
/// it, and so cannot choose names that collide. The same seed gives the same hash on
/// every machine with 64-bit words, so that partitions are the same in every replay.
pub(crate) struct KeyHash {
    first: u64,
    rest: SharedSeed,
}

impl KeyHash {
    /// With a seed of the entropy's stream of this label.
    pub(crate) fn new<E: Entropy>(entropy: &E, label: &str) -> Self {
        let mut stream = entropy.stream(label);
        Self {
            first: stream.next_u64(),
            rest: SharedSeed::from_u64(stream.next_u64()),
        }
    }

    /// The hash of a key.
    #[inline(always)]
    pub(crate) fn of(&self, scope: &str, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.first, &self.rest);
        hasher.write(scope.as_bytes());
        // Parts the two texts: the length of one is not the other's to choose.
        hasher.write_u64(scope.len() as u64);
        hasher.write(name.as_bytes());
        hasher.finish()
    }
}
