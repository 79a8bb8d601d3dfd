//! A runtime that writes down what core announces and hands everything on.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use steadfast::Label;
use steadfast::event::Event;
use steadfast::runtime::{
    BindError, Clock, Entropy, EntropyStream, FileName, Identity, Inbox, Incarnation, Network,
    NodeId, Observer, Port, Runtime, SendError, Spawner, Storage, StorageError, TaskHandle,
    Timestamp,
};

use super::journal::Journal;
use super::task::WatchedTask;

/// The runtime of a world, with a journal beside it.
#[derive(Clone)]
pub(crate) struct Witness<R> {
    runtime: R,
    journal: Journal,
}

impl<R: Runtime> Witness<R> {
    pub(crate) const fn new(runtime: R, journal: Journal) -> Self {
        Self { runtime, journal }
    }
}

impl<R: Runtime> Observer for Witness<R> {
    fn observe(&self, event: &Event) {
        self.journal.write(self.runtime.now(), event.clone());
        self.runtime.observe(event);
    }
}

impl<R: Runtime> Identity for Witness<R> {
    fn node(&self) -> NodeId {
        self.runtime.node()
    }

    fn incarnation(&self) -> Incarnation {
        self.runtime.incarnation()
    }
}

impl<R: Runtime> Spawner for Witness<R> {
    #[track_caller]
    fn spawn<F>(&self, name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (runtime, journal) = (self.runtime.clone(), self.journal.clone());
        let place = Location::caller();
        let mut task = WatchedTask::new(runtime, journal, name.clone(), place, task);
        let watched = std::future::poll_fn(move |context| task.poll(context));
        self.runtime.spawn(name, watched)
    }
}

impl<R: Runtime> Clock for Witness<R> {
    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    fn unix_time(&self) -> Duration {
        self.runtime.unix_time()
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        self.runtime.sleep_until(deadline)
    }
}

impl<R: Runtime> Entropy for Witness<R> {
    fn stream(&self, label: &str) -> EntropyStream {
        self.runtime.stream(label)
    }
}

impl<R: Runtime> Network for Witness<R> {
    fn payload_len_max(&self) -> usize {
        self.runtime.payload_len_max()
    }

    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        self.runtime.bind(port, capacity)
    }

    fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), SendError> {
        self.runtime.send(to, port, payload)
    }
}

impl<R: Runtime> Storage for Witness<R> {
    fn read(&self, file: &FileName) -> impl Future<Output = Result<Vec<u8>, StorageError>> + Send {
        self.runtime.read(file)
    }

    fn append(
        &self,
        file: &FileName,
        data: &[u8],
    ) -> impl Future<Output = Result<(), StorageError>> + Send {
        self.runtime.append(file, data)
    }

    fn replace(
        &self,
        file: &FileName,
        data: &[u8],
    ) -> impl Future<Output = Result<(), StorageError>> + Send {
        self.runtime.replace(file, data)
    }

    fn sync(&self, file: &FileName) -> impl Future<Output = Result<(), StorageError>> + Send {
        self.runtime.sync(file)
    }

    fn list(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<FileName>, StorageError>> + Send {
        self.runtime.list(prefix)
    }

    fn remove(&self, file: &FileName) -> impl Future<Output = Result<(), StorageError>> + Send {
        self.runtime.remove(file)
    }
}
