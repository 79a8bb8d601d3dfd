//! The tasks that accept and read.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use super::frame;
use crate::runtime::tokio::clock::TokioClock;
use crate::runtime::tokio::node::TokioRuntime;
use crate::runtime::tokio::ports::Ports;
use crate::runtime::{Clock, Message, TaskHandle, supervised_task, timeout};

/// How many connections are read from at the same time; more are closed at once.
pub(super) const CONNECTIONS_MAX: usize = 1_024;

/// A connection that has not said who it is within this time is closed.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// How long to wait after a failed accept, which usually means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The tasks that read, one a connection. Held by the owner of the network and by
/// the task that accepts, never by a reader.
#[derive(Clone, Default)]
pub(super) struct Readers(Arc<Mutex<Vec<TaskHandle>>>);

impl Readers {
    /// Takes all handles out, leaving none.
    pub(super) fn take(&self) -> Vec<TaskHandle> {
        std::mem::take(&mut *self.lock())
    }

    /// Adds a reader, unless there are too many. Forgets those that have ended.
    fn add(&self, start: impl FnOnce() -> TaskHandle) {
        let mut readers = self.lock();
        readers.retain(|reader| reader.end().is_none());
        if readers.len() < CONNECTIONS_MAX {
            readers.push(start());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<TaskHandle>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections. Ends only by being aborted.
pub(super) async fn accept(
    listener: TcpListener,
    ports: Arc<Ports>,
    clock: TokioClock,
    handle: Handle,
    readers: Readers,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => readers.add(|| {
                let (task, reader) = supervised_task(read(stream, ports.clone(), clock.clone()));
                drop(handle.spawn(task));
                reader
            }),
            Err(error) => {
                tracing::warn!(target: "steadfast::tokio", event = "link.accept_failed", %error);
                clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn read(stream: TcpStream, ports: Arc<Ports>, clock: TokioClock) {
    if let Err(error) = read_all(stream, &ports, &clock).await {
        tracing::debug!(target: "steadfast::tokio", event = "link.closed", %error);
    }
}

async fn read_all(stream: TcpStream, ports: &Ports, clock: &TokioClock) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let from = timeout(clock, HELLO_LIMIT, frame::read_hello(&mut stream))
        .await
        .unwrap_or_else(|elapsed| Err(io::Error::new(io::ErrorKind::TimedOut, elapsed)))?;
    while let Some((port, payload)) =
        frame::read(&mut stream, TokioRuntime::PAYLOAD_LEN_MAX).await?
    {
        ports.deliver(port, Message { from, payload });
    }
    Ok(())
}
