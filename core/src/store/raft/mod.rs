//! The engine for several nodes: consensus by openraft, over our runtime.
//!
//! Every node runs one store process. Below it, as processes of their own, run the tasks
//! of consensus, a server that answers other nodes, and a counter that ends leases while
//! its node leads. When one of them fails, the store process ends with its reason, its
//! supervisor starts it again, and it reads from its files what it had promised.
//!
//! | file | what it holds |
//! |---|---|
//! | `store.rs`, `options.rs` | starting one, changing its members |
//! | `engine.rs`, `operations.rs` | what callers get: forwarding, retries that happen once, limits |
//! | `lead.rs`, `transfer.rs` | handing the lead to another node |
//! | `driver.rs` | the store process |
//! | `proposals.rs` | what is proposed, on its way into the log |
//! | `running.rs`, `server.rs`, `counter.rs` | what a node does for itself and for others |
//! | `state.rs`, `state_machine.rs` | the machine, and who waits for it |
//! | `record.rs`, `log_store.rs`, `snapshot_file.rs` | what survives a crash |
//! | `facts.rs` | what is announced of the log |
//! | `rpc.rs`, `network.rs` | what nodes ask of each other |
//! | `standing.rs` | when a leader that no majority answers falls silent, pure |
//! | `ambient.rs`, `async_runtime.rs`, `tasks.rs`, `consensus.rs` | consensus on our runtime |

mod ambient;
mod async_runtime;
mod consensus;
mod counter;
mod driver;
mod engine;
mod facts;
mod lead;
mod log_store;
mod network;
mod operations;
mod options;
mod proposals;
mod record;
mod rpc;
mod running;
mod server;
mod snapshot_file;
mod standing;
mod state;
mod state_machine;
mod store;
mod tasks;
mod transfer;

pub use options::RaftOptions;
pub use store::{ChangeMembersError, RaftStatus, RaftStore};
pub use transfer::TransferError;
