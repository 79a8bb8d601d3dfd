//! Our randomness in the shape that the protocol asks for.

use std::convert::Infallible;

use rand_chacha::rand_core::TryRng;

use crate::runtime::EntropyStream;

/// A stream as a generator.
#[derive(Debug)]
pub(super) struct Dice(pub(super) EntropyStream);

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // The high half, as good as the low one.
        Ok((self.0.next_u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.0.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
