//! The bytes on the wire.
//!
//! A connection begins with a hello: eight bytes that name this protocol and its
//! version, then the number of the sending node. Each message follows as the
//! length of its payload (4 bytes), its port (2 bytes) and the payload. Numbers
//! are big-endian.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::runtime::{NodeId, Port};

const PROTOCOL: [u8; 8] = *b"stdfst\x00\x01";
const HEADER_LEN: usize = 6;

/// The first bytes of a connection.
pub(super) fn hello(node: NodeId) -> Vec<u8> {
    [&PROTOCOL[..], &node.0.to_be_bytes()].concat()
}

/// Reads who is at the other end.
pub(super) async fn read_hello(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<NodeId> {
    let mut protocol = [0; PROTOCOL.len()];
    stream.read_exact(&mut protocol).await?;
    if protocol != PROTOCOL {
        return Err(invalid("the peer speaks another protocol"));
    }
    Ok(NodeId(stream.read_u32().await?))
}

/// Adds one message to `buffer`.
///
/// The payload is within the limit of the runtime, so its length fits.
pub(super) fn write(buffer: &mut Vec<u8>, port: Port, payload: &[u8]) {
    buffer.extend((payload.len() as u32).to_be_bytes());
    buffer.extend(port.0.to_be_bytes());
    buffer.extend(payload);
}

/// Reads one message; `None` if the connection ended between two messages.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    payload_len_max: usize,
) -> io::Result<Option<(Port, Vec<u8>)>> {
    let mut header = [0; HEADER_LEN];
    if stream.read(&mut header[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut header[1..]).await?;
    let [l0, l1, l2, l3, p0, p1] = header;
    let len = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if len > payload_len_max {
        return Err(invalid("the frame is too long"));
    }
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).await?;
    Ok(Some((Port(u16::from_be_bytes([p0, p1])), payload)))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
