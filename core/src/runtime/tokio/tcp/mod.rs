//! Nodes that reach each other over plain TCP.
//!
//! Each node listens on one address. Towards each peer that it sends to it keeps
//! one connection, on which it only writes: a hello that says who it is, then one
//! frame a message. Nothing is encrypted and the hello is believed, so this is
//! for one machine or a network that is trusted.
//!
//! | file | what it holds |
//! |---|---|
//! | `network.rs` | the configuration, and the tasks of one node |
//! | `frame.rs` | the bytes on the wire |
//! | `outbox.rs` | what waits for one peer, and whether that peer is known to be down |
//! | `dialer.rs` | the task that connects to one peer and writes |
//! | `listener.rs` | the tasks that accept and read |

mod dialer;
mod frame;
mod listener;
mod network;
mod outbox;

#[cfg(test)]
mod tests;

pub(super) use network::TcpLink;
pub use network::TcpNetwork;
