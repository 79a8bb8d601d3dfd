//! The contract of a backend: who stores the registrations of one node's view.

use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::change::Change;
use super::entry::Entry;
use super::error::RegistryError;
use super::key::{Key, Keys};
use super::metadata::Value;
use super::operation::{Registered, Registration, Removal, Update, Updated};
use super::query::Query;
use super::report::{BackendHealth, BackendStats};
use super::transfer::Transfer;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::{Incarnation, NodeId};

/// What a backend may ask of, and must tell, the registry that it serves.
pub trait Host: Send + Sync {
    /// The name of the registry, as facts carry it.
    fn registry(&self) -> &Label;

    /// The node.
    fn node(&self) -> NodeId;

    /// The incarnation of the node.
    fn incarnation(&self) -> Incarnation;

    /// Whether a process is one of this node, in this incarnation.
    fn is_local(&self, process: ProcessId) -> bool {
        process.node == self.node() && process.incarnation == self.incarnation()
    }

    /// Whether a process of this node may be registered: it lives and has not begun
    /// to end. Once the answer is no it stays no, and
    /// [`Backend::process_exited`] follows: a backend that asks while it holds the
    /// lock under which it inserts never keeps an entry of a dead process.
    fn admits(&self, process: ProcessId) -> bool;

    /// Whether a process of this node has not ended yet, for audits. A process that
    /// begins to end is no longer admitted, but lives until
    /// [`Backend::process_exited`] has returned.
    fn lives(&self, process: ProcessId) -> bool;

    /// Tells those who watch, and announces the facts. Called for every change of
    /// what this node sees, once, in order, while the lock is held that orders the
    /// changes of the names concerned. All changes of one call are one batch. Never
    /// calls back into the backend.
    fn changed(&self, changes: &[Change]);

    /// Announces a fact that is no change of an entry. As [`changed`](Self::changed),
    /// it never calls back.
    fn announce(&self, event: RegistryEvent);

    /// Asks a process of this node to exit. Takes the lock of the process table, so
    /// that it must not be called with a lock held that
    /// [`Backend::process_exited`] takes.
    fn exit(&self, process: ProcessId, reason: &ExitReason);
}

/// Stores the registrations that one node sees. The facade delegates everything to
/// it and keeps no table of its own.
///
/// All backends pass one conformance suite and answer with one set of errors. Reads
/// are answered at once from what the node sees, concurrently and without passing
/// through a mailbox. Changes are linearizable per name: of any number of racers for
/// a free name exactly one is registered, and the others learn the holder.
///
/// Keys, metadata and queries have been checked before they come here.
pub trait Backend: Send + Sync + fmt::Debug {
    /// What kind it is, such as `memory`. Constant.
    fn kind(&self) -> &'static str;

    /// Whether it also sees entries of processes of other nodes. Constant.
    fn sees_other_nodes(&self) -> bool {
        false
    }

    /// Opens a scope. Opening one again with the same kind of keys changes nothing.
    ///
    /// # Errors
    ///
    /// [`RegistryError::ScopeExists`] if it has the other kind of keys.
    fn open_scope(&self, scope: &Label, keys: Keys) -> Answer<Result<(), RegistryError>>;

    /// Closes a scope: its entries go, with
    /// [`Cause::ScopeClosed`](super::Cause::ScopeClosed), then the scope itself.
    /// Answers how many entries went. No other scope is touched.
    ///
    /// # Errors
    ///
    /// [`RegistryError::UnknownScope`].
    fn close_scope(&self, scope: &Label) -> Answer<Result<usize, RegistryError>>;

    /// All scopes, in the order of their names.
    fn scopes(&self) -> Vec<(Label, Keys)>;

    /// Gives a name to a process, or lets it join a group once more.
    ///
    /// A process that registers a unique name again that it holds replaces metadata and
    /// handle; that is an update if the metadata differ. The priority stays that of the
    /// first registration: a claim that changed while nodes decide a conflict by it
    /// could be lost on all of them.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `AlreadyRegistered`, `NoProcess`, `NotLocal`, `NotOwner` (in
    /// owner-only mode), `LimitReached`, `Unavailable`.
    fn register(&self, wanted: Registration) -> Answer<Result<Registered, RegistryError>>;

    /// As [`register`](Self::register) for each in order, in one step: either all
    /// happen, or none and the error is that of the first that could not.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register), with the index of the row.
    fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>>;

    /// Takes a name away, or ends one membership. Answers the entry as it was.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `NotRegistered`, `Changed` (another process holds the name than
    /// the caller said), `NotJoined` (groups), `NotOwner`, `NotLocal` (the holder lives
    /// on another node), `Unsupported` (a group without a process),
    /// `Unavailable`.
    fn unregister(&self, removal: Removal) -> Answer<Result<Entry, RegistryError>>;

    /// Takes away everything in the scope that the query means and `owner` holds, in
    /// one step per name. Answers what went, in the order of names.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unavailable`.
    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Answer<Result<Vec<Entry>, RegistryError>>;

    /// Changes the metadata of a unique name. An update that changes nothing is no
    /// change and is told to nobody.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `NotRegistered`, `Changed` (the expected metadata or holder is
    /// not there), `NotOwner`, `NotLocal`, `InvalidMetadata` (what a function made
    /// breaks a bound), `UpdatePanicked`, `Unsupported` (a group), `Unavailable`.
    fn update(&self, update: Update) -> Answer<Result<Updated, RegistryError>>;

    /// Who holds a unique name, as this node sees it. The fastest read.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unsupported` (a group).
    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError>;

    /// The registration of a unique name, as this node sees it.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unsupported` (a group).
    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError>;

    /// All registrations of a name, in the order of process and revision: at most one
    /// for a unique name, one per join for a group.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError>;

    /// What the query means, in the order of name, process and revision, cut to its
    /// limit. One consistent view.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError>;

    /// How many entries [`select`](Self::select) would answer.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError>;

    /// Calls `act` once with what [`select`](Self::select) answers, while nothing that
    /// the query could mean can change: whoever begins to listen inside `act` misses
    /// nothing and hears nothing twice. `act` must not use the backend.
    ///
    /// # Errors
    ///
    /// `UnknownScope`; `act` was not called.
    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError>;

    /// The keys that a process holds, each once, in order.
    fn held_by(&self, process: ProcessId) -> Vec<Key>;

    /// Keeps a value for the whole registry under a field; answers the one before.
    ///
    /// # Errors
    ///
    /// `LimitReached`, `Unavailable`.
    fn put_meta(&self, field: Label, value: Value) -> Answer<Result<Option<Value>, RegistryError>>;

    /// A value of the whole registry; `None` if absent, which null is not.
    fn meta(&self, field: &str) -> Option<Value>;

    /// Forgets a value of the whole registry; answers the one before.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    fn delete_meta(&self, field: &str) -> Answer<Result<Option<Value>, RegistryError>>;

    /// A process of this node has ended. Every entry of it is gone when this returns,
    /// told as one batch per partition. Called once per process, before any link,
    /// monitor or supervisor of it is told.
    fn process_exited(&self, process: ProcessId);

    /// How it is doing, measured now.
    fn health(&self) -> BackendHealth;

    /// What it holds, counted now.
    fn stats(&self) -> BackendStats;

    /// Compares everything that is stored twice (indexes with a scan, forward with
    /// reverse rows, entries with living processes of this node) and says what does
    /// not agree. Empty unless there is a bug.
    fn audit(&self) -> Vec<Label>;

    /// Everything that another backend of this node has to hold to take over. Called
    /// while no change is let in and none is under way, except those whose
    /// [`Answer`] was dropped before it came.
    ///
    /// # Errors
    ///
    /// `Unavailable`, if it cannot say for certain what it holds.
    fn export(&self) -> Result<Transfer, RegistryError>;

    /// Takes over what another backend held. Called on an empty backend while no
    /// change is let in. Silent: what was seen before is seen after. Revisions may
    /// change.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `LimitReached`; the backend is then not used.
    fn import(&self, transfer: Transfer) -> Result<(), RegistryError>;

    /// Stops for good: tells the host nothing more once this has returned, and lets go
    /// of what it has outside its own memory. Reads still answer what was seen last,
    /// because some may be under way. Called once another backend has imported
    /// everything, just before it takes over.
    fn retire(&self);

    /// Lets go of the memory of what it held, as far as it can. Called after
    /// [`retire`](Self::retire), once another backend is in charge: whoever still reads
    /// here sees that, and asks the other. The handle of the backend itself may live on.
    fn forget(&self) {}
}

/// A shared host.
pub type SharedHost = Arc<dyn Host>;
