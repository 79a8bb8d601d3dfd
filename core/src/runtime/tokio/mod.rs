//! The production runtime: tasks, timers, files and sockets of tokio.
//!
//! The only folder of core that touches the operating system. A
//! [`TokioRuntime`] is one incarnation of one node; build it inside a tokio
//! runtime, which must have its timers (and for TCP its sockets) enabled.
//!
//! ```
//! use steadfast::process::Node;
//! use steadfast::runtime::NodeId;
//! use steadfast::runtime::tokio::TokioRuntime;
//!
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # executor.block_on(async {
//! let runtime = TokioRuntime::builder(NodeId(1)).build()?;
//! let node = Node::new(runtime);
//! # drop(node);
//! # Ok::<(), steadfast::runtime::tokio::BuildError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `node.rs` | the runtime value: identity, observer, and the five capabilities handed on |
//! | `builder.rs` | how one is made |
//! | `clock.rs`, `entropy.rs`, `storage.rs` | time, randomness, files |
//! | `ports.rs` | the inboxes of a node, and what was lost in front of them |
//! | `local.rs` | nodes that share one operating-system process |
//! | `tcp/` | nodes that reach each other over plain TCP |

mod builder;
mod clock;
mod entropy;
mod local;
mod node;
mod ports;
mod storage;
mod tcp;

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod tests;

pub use builder::{BuildError, TokioBuilder};
pub use local::LocalNetwork;
pub use node::TokioRuntime;
pub use ports::NetworkCounts;
pub use tcp::TcpNetwork;
