//! What is around every packet: a version, the cluster, and a checksum.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version of this layout and of what is inside |
//! | 8 | cluster: xxh3-64 of its name |
//! | 4 | checksum: the low half of xxh3-64 of the packet, with the cluster as seed |
//!
//! Numbers are big-endian. The version stands first, so that a later layout can be told
//! from garbage.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

const VERSION: u8 = 1;

/// The length of what is before the packet, in bytes.
pub(super) const ENVELOPE_LEN: usize = 13;

/// The cluster that a packet is of. Equal names give equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClusterId(u64);

/// Why an envelope was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not one of ours, or it was damaged.
    Garbage,
    /// It has another version than ours.
    OtherVersion(u8),
    /// It is of another cluster.
    ForeignCluster,
}

impl ClusterId {
    pub(super) fn of(name: &str) -> Self {
        Self(xxh3_64(name.as_bytes()))
    }

    /// Puts a packet into its envelope.
    pub(super) fn seal(self, packet: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(ENVELOPE_LEN + packet.len());
        message.push(VERSION);
        message.extend(self.0.to_be_bytes());
        message.extend(self.checksum(packet).to_be_bytes());
        message.extend(packet);
        message
    }

    /// Takes the packet out.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub(super) fn open(self, message: &[u8]) -> Result<&[u8], Refusal> {
        let (header, packet) = message
            .split_first_chunk::<ENVELOPE_LEN>()
            .ok_or(Refusal::Garbage)?;
        let [version, c0, c1, c2, c3, c4, c5, c6, c7, checksum @ ..] = *header;
        if version != VERSION {
            return Err(Refusal::OtherVersion(version));
        }
        let cluster = Self(u64::from_be_bytes([c0, c1, c2, c3, c4, c5, c6, c7]));
        // Whether it was damaged is asked first: a damaged name is not another cluster.
        if cluster.checksum(packet) != u32::from_be_bytes(checksum) {
            return Err(Refusal::Garbage);
        }
        if cluster == self {
            Ok(packet)
        } else {
            Err(Refusal::ForeignCluster)
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of a good hash is a good hash"
    )]
    fn checksum(self, packet: &[u8]) -> u32 {
        xxh3_64_with_seed(packet, self.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_to_itself(name: String, packet: Vec<u8>) {
            let cluster = ClusterId::of(&name);
            let message = cluster.seal(&packet);
            prop_assert_eq!(message.len(), ENVELOPE_LEN + packet.len());
            prop_assert_eq!(cluster.open(&message), Ok(&packet[..]));
        }

        #[test]
        fn one_changed_bit_is_noticed(packet: Vec<u8>, bit: prop::sample::Index) {
            let cluster = ClusterId::of("ours");
            let mut message = cluster.seal(&packet);
            let bit = bit.index(message.len() * 8);
            message[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(cluster.open(&message).is_err());
        }

        #[test]
        fn garbage_never_opens(garbage: Vec<u8>) {
            prop_assert!(ClusterId::of("ours").open(&garbage).is_err());
        }
    }

    #[test]
    fn each_refusal_says_why() {
        let (ours, theirs) = (ClusterId::of("ours"), ClusterId::of("theirs"));
        let mut message = theirs.seal(b"packet");
        assert_eq!(ours.open(&message), Err(Refusal::ForeignCluster));
        message[ENVELOPE_LEN] ^= 1;
        assert_eq!(ours.open(&message), Err(Refusal::Garbage));
        assert_eq!(
            ours.open(&message[..ENVELOPE_LEN - 1]),
            Err(Refusal::Garbage)
        );
        message[0] = 9;
        assert_eq!(ours.open(&message), Err(Refusal::OtherVersion(9)));
    }
}
