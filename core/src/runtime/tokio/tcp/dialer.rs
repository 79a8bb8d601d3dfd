//! The task that connects to one peer and writes.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::frame;
use super::outbox::{Outbox, RETRY_PAUSE};
use crate::runtime::tokio::clock::TokioClock;
use crate::runtime::tokio::ports::Ports;
use crate::runtime::{Clock, NodeId, timeout};

/// A peer that has not accepted within this time is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// A peer that has taken nothing for this time is lost.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// Everything that the task needs; it holds nothing that holds the task.
pub(super) struct Dialer {
    pub(super) peer: NodeId,
    pub(super) address: SocketAddr,
    pub(super) outbox: Arc<Outbox>,
    pub(super) ports: Arc<Ports>,
    pub(super) clock: TokioClock,
}

impl Dialer {
    /// Connects whenever there is a reason to, and writes for as long as the
    /// connection lasts. Ends only by being aborted.
    pub(super) async fn run(self) {
        loop {
            std::future::poll_fn(|context| self.outbox.poll_wanted(context.waker())).await;
            match self.connect().await {
                Ok(stream) => {
                    self.outbox.connected();
                    let (error, lost) = self.write(stream).await;
                    self.ports.count_link_lost(lost);
                    self.trace("link.lost", &error);
                    // A peer that accepts and closes at once must not be hammered.
                    self.clock.sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    let lost = self.outbox.refused(self.clock.now());
                    self.ports.count_link_lost(lost);
                    self.trace("link.refused", &error);
                }
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let attempt = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            stream.write_all(&frame::hello(self.ports.node())).await?;
            Ok(stream)
        };
        timeout(&self.clock, CONNECT_LIMIT, attempt)
            .await
            .unwrap_or_else(|elapsed| Err(io::Error::new(io::ErrorKind::TimedOut, elapsed)))
    }

    /// Writes until the connection is lost. Answers why, and how many messages were
    /// being written then.
    async fn write(&self, mut stream: TcpStream) -> (io::Error, usize) {
        loop {
            let (messages, batch) = match self.next_batch(&mut stream).await {
                Ok(batch) => batch,
                Err(error) => return (error, 0),
            };
            let written = timeout(&self.clock, WRITE_LIMIT, stream.write_all(&batch)).await;
            match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return (error, messages),
                Err(elapsed) => {
                    let error = io::Error::new(io::ErrorKind::TimedOut, elapsed);
                    return (error, messages);
                }
            }
        }
    }

    /// Waits for messages, or for the peer to close. The peer never writes, so
    /// whatever can be read from it ends the connection.
    async fn next_batch(&self, stream: &mut TcpStream) -> io::Result<(usize, Vec<u8>)> {
        std::future::poll_fn(|context| {
            if let Poll::Ready(error) = poll_closed(stream, context) {
                return Poll::Ready(Err(error));
            }
            self.outbox.poll_batch(context.waker()).map(Ok)
        })
        .await
    }

    fn trace(&self, event: &str, error: &io::Error) {
        tracing::debug!(target: "steadfast::tokio", event, peer = %self.peer, %error);
    }
}

fn poll_closed(stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Error> {
    let mut byte = [0; 1];
    let mut buffer = ReadBuf::new(&mut byte);
    match Pin::new(stream).poll_read(context, &mut buffer) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Ok(())) => Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
        Poll::Ready(Err(error)) => Poll::Ready(error),
    }
}
