//! The process registry: names for processes, in scopes, with metadata.
//!
//! A [`Registry`] gives names to processes and finds them again. It keeps nothing
//! itself: everything is asked of its [`Backend`], so that a look-up, a list, a call by
//! name and the figures can never disagree. A name goes when its holder ends, before
//! any link, monitor or supervisor learns of that end, so that whoever is told can take
//! the name at once.
//!
//! ```
//! use std::time::Duration;
//! use steadfast::process::{Context, FullPolicy, Node, Reply};
//! use steadfast::registry::{
//!     BackendConfig, Keys, Notice, Query, Registration, Registry, RegistryConfig, SwitchOptions,
//! };
//! use steadfast::runtime::{NodeId, Runtime, tokio::TokioRuntime};
//! use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};
//!
//! /// A message, and where its answer goes.
//! type Question = (u32, Reply<u32>);
//!
//! async fn double<R: Runtime>(context: Context<R>, registry: Registry<R>) {
//!     let (address, mut questions) = context.mailbox::<Question>(16, FullPolicy::Reject);
//!     let wanted = Registration::new("services", "doubler", context.id()).address(&address);
//!     if registry.register(wanted).await.is_ok() {
//!         while let Some((number, reply)) = questions.receive().await {
//!             reply.answer(number * 2);
//!         }
//!     }
//! }
//!
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # executor.block_on(async {
//! let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
//! let config = RegistryConfig::new().scope("services", Keys::Unique);
//! let registry = Registry::start(&node, "names", config).await?;
//! let mut watch = registry.watch("services", Query::all())?;
//! assert!(matches!(watch.next().await, Some(Notice::Snapshot(found)) if found.entries.is_empty()));
//!
//! let own = registry.clone();
//! let doubler = ChildSpec::worker("doubler", move |context| double(context, own.clone()));
//! let spec = SupervisorSpec::new(Strategy::OneForOne).child(doubler);
//! let supervisor = Supervisor::start(&node, "top", spec).await?;
//!
//! let limit = Duration::from_secs(5);
//! registry.await_registered("services", "doubler", limit).await?;
//! let via = registry.via::<Question>("services", "doubler");
//! assert_eq!(via.call(limit, |reply| (21, reply)).await?, 42);
//! assert!(matches!(watch.next().await, Some(Notice::Changes(_))));
//!
//! // Another backend takes over, and nobody notices.
//! let config = RegistryConfig::new().backend(BackendConfig::partitioned(4));
//! registry.switch_to(config.backend_spec()?, SwitchOptions::within(limit)).await?;
//! assert_eq!(via.call(limit, |reply| (4, reply)).await?, 8);
//!
//! supervisor.stop(limit).await?;
//! assert_eq!(registry.whereis("services", "doubler"), Ok(None));
//! # node.stop(limit).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is there for what
//!
//! | wanted | way |
//! |---|---|
//! | a name for a process, a place in a group | [`register`](Registry::register), [`register_all`](Registry::register_all) |
//! | who holds a name, who is in a group | [`whereis`](Registry::whereis), [`lookup`](Registry::lookup), [`members`](Registry::members) |
//! | all that have something in common | [`select`](Registry::select), [`count`](Registry::count) with a [`Query`] |
//! | other metadata, only if they are still the same | [`update`](Registry::update) with an [`Update`] |
//! | the mailbox of a holder | [`address`](Registry::address); [`via`](Registry::via) looks it up at each use |
//! | a message to all of a group | [`dispatch`](Registry::dispatch) |
//! | to be told of changes, without gap and without double | [`watch`](Registry::watch) |
//! | to wait for a name | [`await_registered`](Registry::await_registered) |
//! | nobody between a look and a change | [`lock`](Registry::lock) |
//! | a scope gone with everybody in it | [`clear_scope`](Registry::clear_scope) |
//! | another backend, while in use | [`switch_to`](Registry::switch_to) |
//! | to know how it is doing | [`health`](Registry::health), [`stats`](Registry::stats), [`operation_stats`](Registry::operation_stats), [`audit`](Registry::audit), [`MonitorConfig`] |
//!
//! # Who lets go of a name
//!
//! | what happens | entries | who is told |
//! |---|---|---|
//! | the holder ends, however | all of its entries, everywhere | watchers, [`Cause::Exited`], before monitors of the end |
//! | `unregister` | the one | watchers, [`Cause::Unregistered`] |
//! | the scope is closed or cleared | all of the scope | watchers, [`Cause::ScopeClosed`] |
//! | the registry's driver or monitor crashes, or its supervisor stops | none | nobody |
//! | a switch of the backend | none of this node | nobody |
//! | the session of a `consistent` backend is lost, or its driver is stopped | all of this node's processes | watchers, [`Cause::NodeGone`]; the holders, unless configured otherwise |
//!
//! # What a change may come to
//!
//! | backend | answer | after the limit |
//! |---|---|---|
//! | `memory`, `partitioned` | at once | |
//! | one that asks others | within [`with_limit`](Registry::with_limit) or the configured `deadline_ms` | `DeadlineExceeded`; it may happen all the same, and a look-up tells |
//!
//! | file | what it holds |
//! |---|---|
//! | `key.rs`, `metadata.rs`, `entry.rs`, `query.rs` | what is registered, and how it is found |
//! | `operation.rs`, `answer.rs`, `change.rs`, `error.rs`, `report.rs`, `transfer.rs` | what backends are asked and what they say |
//! | `backend.rs`, `backend_spec.rs`, `host.rs` | the contract, how a backend is made, and what it may ask of its node |
//! | `facade/` | the facade |
//! | `watch/`, `key_lock.rs`, `monitor/`, `config.rs`, `backend_config.rs` | who watches, locks, how the backend is looked after, the configuration |
//! | `local/`, `replicated/`, `consistent/` | the backends `memory` and `partitioned`; the backend `replicated`; the backend `consistent` |

mod answer;
mod backend;
mod backend_config;
mod backend_spec;
mod change;
mod config;
pub mod consistent;
mod entry;
mod error;
mod facade;
mod host;
mod key;
mod key_lock;
mod local;
mod metadata;
mod monitor;
mod operation;
mod query;
pub mod replicated;
mod report;
#[cfg(test)]
mod tests;
mod transfer;
mod watch;

pub use answer::Answer;
pub use backend::{Backend, Host, SharedHost};
pub use backend_config::{BackendConfig, StoreConfig};
pub use backend_spec::BackendSpec;
pub use change::{Cause, Change, Rule};
pub use config::{ConfigError, RegistryConfig};
pub use entry::{Entry, Handle};
pub use error::{Asker, RegistryError};
pub use facade::{
    Acted, Cleared, Dispatched, Operation, OperationStats, Outcome, RegisterAllError, Registry,
    StartRegistryError, SwitchError, SwitchOptions, Switched, Via, ViaCallError, ViaError,
};
pub use key::{Key, Keys};
pub use key_lock::KeyGuard;
pub use local::{Local, LocalOptions};
pub use metadata::{Metadata, Value};
pub use monitor::{FailOver, MonitorConfig};
pub use operation::{Registered, Registration, Removal, Revision, Update, Updated};
pub use query::{Condition, Query};
pub use report::{BackendHealth, BackendStats, PartitionStats, ScopeStats};
pub use transfer::{Transfer, TransferEntry};
pub use watch::{Notice, Snapshot, Subscription};
