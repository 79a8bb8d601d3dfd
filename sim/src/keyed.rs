//! Decisions as keyed hashes of logical coordinates.
//!
//! Every decision about a message or a write is a hash of (seed, what is decided,
//! link or file, ordinal). Nothing is drawn from a shared stream, so that taking one
//! fault away does not move the others.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A position in the space of decisions. Add coordinates, then draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// The root for one seed and one kind of decision.
    #[must_use]
    pub fn new(seed: u64, decision: &str) -> Self {
        Self(xxh3_64_with_seed(decision.as_bytes(), seed))
    }

    /// Adds a numeric coordinate.
    #[must_use]
    pub const fn with(self, coordinate: u64) -> Self {
        // The finaliser of splitmix64: every bit of either input moves every bit of the output.
        let mut mixed = self.0 ^ coordinate.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }

    /// Adds a textual coordinate.
    #[must_use]
    pub fn with_text(self, coordinate: &str) -> Self {
        Self(xxh3_64_with_seed(coordinate.as_bytes(), self.0))
    }

    /// 64 decided bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A decided number from 0 up to but not including 1.
    #[must_use]
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A decided number from 0 up to but not including `bound`; 0 if `bound` is 0.
    #[must_use]
    pub const fn below(self, bound: u64) -> u64 {
        ((self.0 as u128 * bound as u128) >> 64) as u64
    }

    /// A decided yes with the given probability.
    #[must_use]
    pub fn chance(self, probability: f64) -> bool {
        self.unit() < probability
    }
}
