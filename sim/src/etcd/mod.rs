//! An etcd cluster for simulations: members that serve a store, and the wire of the etcd
//! engine to them.
//!
//! A [`Member`] is a process that answers as an etcd server does, with the store that it
//! is given behind it: one in memory for tests that never crash it, or one node's part of
//! a replicated store, which keeps what it answered on its disk. [`MemberWire`] asks
//! members from another node. Both use nothing but the runtime, so that everything that a
//! simulation breaks breaks them, too.
//!
//! As between a client and a real server there are connections. A connection ends with
//! the run of its member, and whatever was asked on it then certainly is not done any
//! more. On a connection nothing is done twice, though the network may deliver it twice.
//! Times to live are whole seconds.
//!
//! ```
//! use std::sync::Arc;
//! use steadfast::runtime::{NodeId, Port};
//! use steadfast::store::etcd::{EtcdOptions, EtcdStore};
//! use steadfast::store::{LocalStore, Store};
//! use steadfast_sim::etcd::{Member, MemberWire};
//!
//! # fn main() {
//! steadfast_sim::test("a_store_over_etcd").nodes(2).seeds(0..3).run(|world| async move {
//!     let server = world.node(NodeId(1)).ok_or("n1 is down")?;
//!     let behind = LocalStore::start(&server, "store", Default::default())?;
//!     Member::start(&server, "etcd", behind, Port(2_379))?;
//!
//!     let client = world.node(NodeId(2)).ok_or("n2 is down")?;
//!     let runtime = client.runtime().clone();
//!     let wire = MemberWire::open(&runtime, [NodeId(1)], Port(2_379), Port(2_378))?;
//!     let store: Store = EtcdStore::over(runtime, Arc::new(wire), EtcdOptions::default());
//!     store.put("a", "1").await?;
//!     Ok(())
//! });
//! # }
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `rpc.rs` | what is asked of a member, and its answers |
//! | `connections.rs` | what a member knows of those who ask, pure |
//! | `member.rs` | the process |
//! | `service.rs` | what it does for each request |
//! | `wire.rs` | the asking side |

mod connections;
mod member;
mod rpc;
mod service;
mod wire;

pub use member::Member;
pub use wire::MemberWire;
