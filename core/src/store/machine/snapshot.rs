//! The state as bytes: a versioned envelope with a checksum around postcard.
//!
//! | bytes | meaning |
//! |---|---|
//! | 8 | magic |
//! | 4 | version of the layout |
//! | 8 | length of the state |
//! | 8 | xxh3-64 of the state |
//! | | the state |
//!
//! Numbers are little-endian.

use xxhash_rust::xxh3::xxh3_64;

use super::apply::Machine;

const MAGIC: [u8; 8] = *b"sfstore\n";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 28;

/// Bytes are no snapshot. The state that was to be replaced stands; a retry with the
/// same bytes cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It does not begin as a snapshot does.
    #[error("not a snapshot of a store")]
    Foreign,
    /// It was made by another version.
    #[error("the snapshot has layout {found}, not {VERSION}")]
    Version {
        /// The layout it says it has.
        found: u32,
    },
    /// It is shorter or longer than it says.
    #[error("the snapshot has {len} bytes of state, not {expected}")]
    Length {
        /// What it has, in bytes.
        len: usize,
        /// What it says, in bytes.
        expected: u64,
    },
    /// Its bytes were altered.
    #[error("the checksum of the snapshot is wrong")]
    Checksum,
    /// Its state cannot be read, though the checksum is right.
    #[error("the state in the snapshot cannot be read: {reason}")]
    Malformed {
        /// What the codec says.
        reason: String,
    },
}

impl Machine {
    /// The state as bytes. The same state gives the same bytes.
    ///
    /// # Panics
    ///
    /// Never: everything in the state can be encoded.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let state = postcard::to_allocvec(self).expect("every part of the state has an encoding");
        let mut bytes = Vec::with_capacity(HEADER_LEN + state.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((state.len() as u64).to_le_bytes());
        bytes.extend(xxh3_64(&state).to_le_bytes());
        bytes.extend(state);
        bytes
    }

    /// The state that a snapshot was made of.
    ///
    /// # Errors
    ///
    /// See [`SnapshotError`].
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (header, state) = bytes
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(SnapshotError::Foreign)?;
        let (magic, rest) = header.split_at(8);
        if magic != MAGIC {
            return Err(SnapshotError::Foreign);
        }
        let [v0, v1, v2, v3, numbers @ ..] = rest else {
            return Err(SnapshotError::Foreign);
        };
        let found = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
        if found != VERSION {
            return Err(SnapshotError::Version { found });
        }
        let (expected, checksum) = numbers.split_at(8);
        let (expected, checksum) = (number(expected), number(checksum));
        let len = state.len();
        if len as u64 != expected {
            return Err(SnapshotError::Length { len, expected });
        }
        if xxh3_64(state) != checksum {
            return Err(SnapshotError::Checksum);
        }
        postcard::from_bytes(state).map_err(|error| SnapshotError::Malformed {
            reason: error.to_string(),
        })
    }
}

fn number(bytes: &[u8]) -> u64 {
    let folded = bytes.iter().rev();
    folded.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
