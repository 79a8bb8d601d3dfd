//! The least that is needed to ask etcd: unary gRPC over HTTP/2, and just enough of the
//! encoding of its messages.

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Channel {
    send: SendRequest<Bytes>,
    address: String,
}

impl Channel {
    /// Connects; the connection is served by a task of `tasks`.
    pub(crate) async fn connect(address: &str, tasks: &mut JoinSet<()>) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(text)?;
        stream.set_nodelay(true).map_err(text)?;
        let (send, connection) = h2::client::handshake(stream).await.map_err(text)?;
        tasks.spawn(async move {
            // Whoever asks over it is told why it ended.
            drop(connection.await);
        });
        Ok(Self {
            send,
            address: address.to_owned(),
        })
    }

    /// Asks for a method with a message; answers with one.
    pub(crate) async fn call(&self, method: &str, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut send = self.send.clone().ready().await.map_err(text)?;
        let request = Request::post(format!("http://{}{method}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .map_err(text)?;
        let (response, mut body) = send.send_request(request, false).map_err(text)?;
        let mut frame = vec![0];
        frame.extend((message.len() as u32).to_be_bytes());
        frame.extend(message);
        body.send_data(frame.into(), true).map_err(text)?;
        let response = response.await.map_err(text)?;
        let (head, mut body) = response.into_parts();
        let mut answer = Vec::new();
        while let Some(part) = body.data().await {
            let part = part.map_err(text)?;
            body.flow_control()
                .release_capacity(part.len())
                .map_err(text)?;
            answer.extend(part);
        }
        let trailers = body.trailers().await.map_err(text)?.unwrap_or(head.headers);
        let status = trailers.get("grpc-status").map(http::HeaderValue::as_bytes);
        if status != Some(b"0") {
            return Err(format!("{method}: {:?}", trailers.get("grpc-message")));
        }
        Ok(answer.split_off(answer.len().min(5)))
    }
}

/// The message of a write.
pub(crate) fn put(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(key.len() + value.len() + 6);
    for (number, content) in [(1, key), (2, value)] {
        message.push(number << 3 | 2);
        varint(&mut message, content.len());
        message.extend(content);
    }
    message
}

fn varint(message: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn read_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// What a message has under a number: a number, or bytes.
pub(crate) enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Finds a field of a message that has numbers and bytes only.
pub(crate) fn field(mut message: &[u8], wanted: u64) -> Option<Content<'_>> {
    loop {
        let tag = read_varint(&mut message)?;
        let value = read_varint(&mut message)?;
        let content = match tag & 7 {
            0 => Content::Number(value),
            2 => {
                let (bytes, rest) = message.split_at_checked(usize::try_from(value).ok()?)?;
                message = rest;
                Content::Bytes(bytes)
            }
            _ => return None,
        };
        if tag >> 3 == wanted {
            return Some(content);
        }
    }
}

pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
