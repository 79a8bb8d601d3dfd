//! Records as bytes, for the digest only: nothing ever reads them back.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use steadfast::runtime::NodeId;

use super::event::{MessageId, NetEvent, Record, TraceEvent};

/// Marks, in the length before a record, that it has the layout of messages.
const MESSAGE: u32 = 1 << 31;

/// Appends the record with its length before it, so that no two different traces
/// become the same bytes.
///
/// Messages are most of what a run records, so they have a fixed layout; all other
/// records are encoded with postcard.
pub(super) fn encode(record: &Record, bytes: &mut Vec<u8>) {
    if let TraceEvent::Net(event) = &record.event {
        encode_message(record.index, record.time, record.node, event, bytes);
        return;
    }
    const LENGTH: usize = size_of::<u32>();
    let start = bytes.len();
    bytes.extend_from_slice(&[0; LENGTH]);
    let mut serializer = postcard::Serializer {
        output: Appending(bytes),
    };
    record
        .serialize(&mut serializer)
        .expect("memory can be written to, and no event has a part without a known length");
    let length = (bytes.len() - start - LENGTH) as u32;
    bytes[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
}

/// Appends a record about a message: every field at its place, whatever the event.
#[inline]
pub(super) fn encode_message(
    index: u64,
    time: u64,
    node: Option<NodeId>,
    event: &NetEvent,
    bytes: &mut Vec<u8>,
) {
    const LEN: usize = 64;
    let (what, MessageId { from, to, ordinal }, detail, hash) = match *event {
        NetEvent::Sent {
            message,
            port,
            len,
            hash,
        } => (0, message, u64::from(len) << 16 | u64::from(port.0), hash),
        NetEvent::Delivered { message, copy } => (1, message, u64::from(copy), 0),
        NetEvent::Dropped { message, cause } => (2, message, cause as u64, 0),
        NetEvent::Refused { message } => (3, message, 0, 0),
    };
    // Nodes count from 1, but nothing here relies on it.
    let node = node.map_or(0, |NodeId(node)| u64::from(node) << 1 | 1);
    // Written at the start as postcard's lengths are: least significant byte first.
    let length = (MESSAGE | LEN as u32).swap_bytes();
    let fields = [
        u64::from(length) << 32 | what,
        index,
        time,
        node,
        u64::from(from.0) << 32 | u64::from(to.0),
        ordinal,
        detail,
        hash,
    ];
    let mut encoded = [0; LEN];
    for (bytes, field) in encoded.chunks_exact_mut(8).zip(fields) {
        bytes.copy_from_slice(&field.to_be_bytes());
    }
    bytes.extend_from_slice(&encoded);
}

struct Appending<'a>(&'a mut Vec<u8>);

impl Flavor for Appending<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use steadfast::runtime::Port;

    use super::*;
    use crate::trace::{DropCause, RunEvent};

    #[test]
    fn records_that_differ_in_one_field_become_different_bytes() {
        let message = |from, to, ordinal| MessageId {
            from: NodeId(from),
            to: NodeId(to),
            ordinal,
        };
        let sent = |message, port, len, hash| NetEvent::Sent {
            message,
            port: Port(port),
            len,
            hash,
        };
        let events = [
            sent(message(1, 2, 3), 4, 5, 6),
            sent(message(7, 2, 3), 4, 5, 6),
            sent(message(1, 7, 3), 4, 5, 6),
            sent(message(1, 2, 7), 4, 5, 6),
            sent(message(1, 2, 3), 7, 5, 6),
            sent(message(1, 2, 3), 4, 7, 6),
            sent(message(1, 2, 3), 4, 5, 7),
            sent(message(1, 2, 3), u16::MAX, u32::MAX, u64::MAX),
            NetEvent::Delivered {
                message: message(1, 2, 3),
                copy: 0,
            },
            NetEvent::Delivered {
                message: message(1, 2, 3),
                copy: 1,
            },
            NetEvent::Dropped {
                message: message(1, 2, 3),
                cause: DropCause::Lost,
            },
            NetEvent::Dropped {
                message: message(1, 2, 3),
                cause: DropCause::InboxFull,
            },
            NetEvent::Refused {
                message: message(1, 2, 3),
            },
        ];
        let heads = [
            (1, 1, Some(NodeId(1))),
            (2, 1, Some(NodeId(1))),
            (1, 2, Some(NodeId(1))),
            (1, 1, Some(NodeId(0))),
            (1, 1, None),
        ];
        let mut seen = BTreeSet::new();
        let mut records = 0;
        for (index, time, node) in heads {
            let other = TraceEvent::Run(RunEvent::Finished);
            for event in events.map(TraceEvent::Net).into_iter().chain([other]) {
                let mut bytes = Vec::new();
                let record = Record {
                    index,
                    time,
                    node,
                    event,
                };
                encode(&record, &mut bytes);
                seen.insert(bytes);
                records += 1;
            }
        }
        assert_eq!(seen.len(), records);
    }

    #[test]
    fn every_record_says_how_long_it_is() {
        let refused = NetEvent::Refused {
            message: MessageId {
                from: NodeId(1),
                to: NodeId(2),
                ordinal: 3,
            },
        };
        let note = RunEvent::Note {
            text: "text".into(),
        };
        for event in [TraceEvent::Net(refused), TraceEvent::Run(note)] {
            let mut bytes = Vec::new();
            let is_message = matches!(event, TraceEvent::Net(_));
            let record = Record {
                index: 0,
                time: 0,
                node: None,
                event,
            };
            encode(&record, &mut bytes);
            let length = u32::from_le_bytes(bytes[..4].try_into().unwrap());
            assert_eq!(length & MESSAGE != 0, is_message);
            let len = (length & !MESSAGE) as usize;
            assert_eq!(bytes.len(), if is_message { len } else { len + 4 });
        }
    }
}
