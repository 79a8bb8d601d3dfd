//! Randomness as labelled streams.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Gives random numbers as independent streams.
pub trait Entropy {
    /// The stream called `label`.
    ///
    /// In simulation a stream is a function of the run's seed, the node, its
    /// incarnation and the label, so that asking for one more stream moves no
    /// other. In production every call gives fresh numbers.
    fn stream(&self, label: &str) -> EntropyStream;
}

/// A stream of random numbers. Good for jitter, sampling and identifiers; not for keys.
pub struct EntropyStream(ChaCha8Rng);

impl EntropyStream {
    /// The stream that belongs to `seed`. The same seed gives the same numbers on
    /// every machine and in every version of this crate.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to but not including `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of a widening product; the bias is below 2^-64 * bound.
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// A number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `true` with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Puts the items in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last as u64 + 1) as usize;
            items.swap(last, chosen);
        }
    }
}

impl fmt::Debug for EntropyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntropyStream").finish_non_exhaustive()
    }
}
