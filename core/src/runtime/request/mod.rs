//! Requests and their answers between nodes, over nothing but
//! [`Network`](super::Network) and [`Clock`](super::Clock).
//!
//! A [`Requester`] asks from a port of its own and a [`Responder`] answers on
//! another. Every request has a time limit, the number in flight is bounded, and
//! an answer that comes too late is dropped and counted. A request is sent once:
//! what the network loses ends in [`RequestError::TimedOut`], and what it
//! duplicates is received twice, so a request should be safe to repeat.
//!
//! While a request waits, the peer is probed every
//! [`probe_interval`](RequestLimits::probe_interval). Probes are not answered;
//! they make the network notice a peer that has gone, and a network that says so
//! ends the wait with [`RequestError::NoConnection`] before its limit.
//!
//! # Who receives the answers
//!
//! Nobody has to run for it, so nothing can be orphaned: the waker that the
//! requester leaves in its inbox sorts the arrived answers itself and wakes
//! exactly the requests that they belong to. A request that is held without
//! being polled holds up no other. The waker calls back into nothing of the
//! runtime, so an adapter may deliver with its own locks held.
//!
//! | file | what it holds |
//! |---|---|
//! | `envelope.rs` | the bytes on the wire |
//! | `pending.rs` | the requests in flight and what has become of them |
//! | `requester.rs` | the asking side |
//! | `responder.rs` | the answering side |
//! | `error.rs` | why there is no answer |

mod envelope;
mod error;
mod pending;
mod requester;
mod responder;

pub use error::RequestError;
pub use requester::{RequestCounts, RequestLimits, Requester};
pub use responder::{Request, Responder};
