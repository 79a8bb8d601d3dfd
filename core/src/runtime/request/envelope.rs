//! The bytes on the wire: a fixed header, then the payload.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version of this layout |
//! | 1 | kind |
//! | 2 | port for the answer |
//! | 4 | incarnation of the asking node |
//! | 8 | number of the request within that incarnation and port |
//!
//! Numbers are big-endian. What does not fit this layout is refused as a whole.

use crate::runtime::{Incarnation, Port};

const VERSION: u8 = 1;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks.
    Request,
    /// Answers, with the payload.
    Answer,
    /// Says that no answer will be given.
    Declined,
    /// Makes the network notice a peer that has gone; never answered.
    Probe,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Answer => 2,
            Self::Declined => 3,
            Self::Probe => 4,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Request),
            2 => Some(Self::Answer),
            3 => Some(Self::Declined),
            4 => Some(Self::Probe),
            _ => None,
        }
    }
}

/// Which request a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Correlation {
    /// Where the answer goes.
    pub(super) port: Port,
    pub(super) incarnation: Incarnation,
    pub(super) number: u64,
}

/// The length of the header, in bytes.
pub(super) const HEADER_LEN: usize = 16;

/// A message without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) correlation: Correlation,
}

impl Header {
    /// The whole message.
    pub(super) fn encode(self, payload: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER_LEN + payload.len());
        message.push(VERSION);
        message.push(self.kind.code());
        message.extend(self.correlation.port.0.to_be_bytes());
        message.extend(self.correlation.incarnation.0.to_be_bytes());
        message.extend(self.correlation.number.to_be_bytes());
        message.extend(payload);
        message
    }

    /// Splits a message; `None` if it is not one of ours.
    pub(super) fn decode(mut message: Vec<u8>) -> Option<(Self, Vec<u8>)> {
        let (header, _) = message.split_first_chunk::<HEADER_LEN>()?;
        let [VERSION, kind, p0, p1, i0, i1, i2, i3, number @ ..] = *header else {
            return None;
        };
        let header = Self {
            kind: Kind::from_code(kind)?,
            correlation: Correlation {
                port: Port(u16::from_be_bytes([p0, p1])),
                incarnation: Incarnation(u32::from_be_bytes([i0, i1, i2, i3])),
                number: u64::from_be_bytes(number),
            },
        };
        message.drain(..HEADER_LEN);
        Some((header, message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Request),
            Just(Kind::Answer),
            Just(Kind::Declined),
            Just(Kind::Probe)
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            kind in kinds(),
            port: u16,
            incarnation: u32,
            number: u64,
            payload: Vec<u8>,
        ) {
            let correlation = Correlation {
                port: Port(port),
                incarnation: Incarnation(incarnation),
                number,
            };
            let header = Header { kind, correlation };
            let message = header.encode(&payload);
            prop_assert_eq!(message.len(), HEADER_LEN + payload.len());
            prop_assert_eq!(Header::decode(message), Some((header, payload)));
        }

        #[test]
        fn garbage_is_refused_or_a_message_but_never_a_panic(
            start in prop::option::of(kinds()),
            garbage: Vec<u8>,
        ) {
            // Half of the cases begin like a message of ours.
            let mut message: Vec<u8> = start.map_or(Vec::new(), |kind| vec![VERSION, kind.code()]);
            message.extend(garbage);
            if let Some((header, payload)) = Header::decode(message.clone()) {
                prop_assert_eq!(header.encode(&payload), message);
            }
        }
    }

    #[test]
    fn another_version_is_refused() {
        let correlation = Correlation {
            port: Port(1),
            incarnation: Incarnation(1),
            number: 1,
        };
        let kind = Kind::Probe;
        let mut message = Header { kind, correlation }.encode(&[]);
        assert!(Header::decode(message.clone()).is_some());
        message[0] = VERSION + 1;
        assert_eq!(Header::decode(message), None);
    }
}
