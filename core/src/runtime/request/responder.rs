//! The answering side.

use std::fmt;

use super::envelope::{Header, Kind};
use crate::runtime::{BindError, Inbox, Network, NodeId, Port, SendError};

/// Receives requests on a port. Dropping it frees the port; requests that were
/// received before can still be answered.
pub struct Responder<N> {
    network: N,
    inbox: Inbox,
    garbage: u64,
}

impl<N: Network + Clone> Responder<N> {
    /// A responder on `port` with room for `capacity` requests that wait to be received.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    pub fn open(network: &N, port: Port, capacity: usize) -> Result<Self, BindError> {
        Ok(Self {
            inbox: network.bind(port, capacity)?,
            network: network.clone(),
            garbage: 0,
        })
    }

    /// Waits for the next request; `None` once the runtime has closed the port.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no request.
    pub async fn receive(&mut self) -> Option<Request<N>> {
        loop {
            let message = self.inbox.receive().await?;
            let from = message.from;
            match Header::decode(message.payload) {
                Some((header, payload)) if header.kind == Kind::Request => {
                    return Some(Request {
                        from,
                        payload,
                        header,
                        network: self.network.clone(),
                    });
                }
                Some((header, _)) if header.kind == Kind::Probe => {}
                Some(_) | None => self.garbage += 1,
            }
        }
    }

    /// How many messages were dropped because they are no requests.
    #[must_use]
    pub const fn garbage(&self) -> u64 {
        self.garbage
    }
}

impl<N> fmt::Debug for Responder<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("inbox", &self.inbox)
            .finish_non_exhaustive()
    }
}

/// A received request. One that is dropped leaves the asker to its time limit.
#[must_use = "the asker waits: answer the request or decline it"]
pub struct Request<N> {
    /// Who asks.
    pub from: NodeId,
    /// What is asked.
    pub payload: Vec<u8>,
    header: Header,
    network: N,
}

impl<N: Network> Request<N> {
    /// Sends the answer.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; the asker then waits until its limit.
    pub fn answer(self, payload: &[u8]) -> Result<(), SendError> {
        self.reply(Kind::Answer, payload)
    }

    /// Tells the asker that it will get no answer.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; the asker then waits until its limit.
    pub fn decline(self) -> Result<(), SendError> {
        self.reply(Kind::Declined, &[])
    }

    fn reply(self, kind: Kind, payload: &[u8]) -> Result<(), SendError> {
        let correlation = self.header.correlation;
        let message = Header { kind, correlation }.encode(payload);
        self.network.send(self.from, correlation.port, message)
    }
}

impl<N> fmt::Debug for Request<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("from", &self.from)
            .field("len", &self.payload.len())
            .finish_non_exhaustive()
    }
}
