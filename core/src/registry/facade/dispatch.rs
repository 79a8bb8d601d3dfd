//! Telling all members of a group.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::registry::Registry;
use crate::label::Label;
use crate::process::{Address, DeliveryError, ProcessId};
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::runtime::{Runtime, panic_text};

/// What became of a message to one member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Its mailbox took it.
    Delivered,
    /// Its mailbox is full.
    Full,
    /// Its mailbox is closed, or it has ended.
    Closed,
    /// It has registered no mailbox for messages of this type.
    NoHandle,
    /// It lives on another node, and was not sent anything.
    Elsewhere,
    /// Copying the message for it panicked, with this text.
    Panicked(Label),
}

/// One member, and what became of the message to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// The member, once for each time that it has joined.
    pub process: ProcessId,
    /// What became of it.
    pub outcome: Outcome,
}

/// One member, and what a call with it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted<T> {
    /// The member.
    pub entry: Entry,
    /// What the call answered, or the text of its panic.
    pub done: Result<T, Label>,
}

impl<R: Runtime> Registry<R> {
    /// Sends a message to every member of a group (or the holder of a name) that lives
    /// on this node, without waiting for any: one whose mailbox is full, slow or closed
    /// keeps it from nobody. Answers what became of it, in the order of process and
    /// revision; empty if the group has no member.
    ///
    /// # Errors
    ///
    /// `UnknownScope`; nobody was sent anything.
    pub fn dispatch<M>(
        &self,
        scope: &str,
        name: &str,
        message: &M,
    ) -> Result<Vec<Dispatched>, RegistryError>
    where
        M: Clone + Send + 'static,
    {
        let members = self.members(scope, name)?.into_iter();
        let told = members.map(|entry| Dispatched {
            process: entry.process,
            outcome: if self.shared.is_local(entry.process) {
                tell(&entry, message)
            } else {
                Outcome::Elsewhere
            },
        });
        Ok(told.collect())
    }

    /// Calls `act` with every member of a group (or the holder of a name) that lives
    /// on this node. One call that panics does not keep it from the others. Answers
    /// what each call came to, with the text of its panic if it panicked, in the order
    /// of process and revision.
    ///
    /// # Errors
    ///
    /// `UnknownScope`; `act` was not called.
    pub fn dispatch_with<T>(
        &self,
        scope: &str,
        name: &str,
        mut act: impl FnMut(&Entry) -> T,
    ) -> Result<Vec<Acted<T>>, RegistryError> {
        let members = self.members(scope, name)?.into_iter();
        let local = members.filter(|entry| self.shared.is_local(entry.process));
        let told = local.map(|entry| {
            // What a panic leaves behind is `act`'s own, and the caller learns of it.
            let done = catch_unwind(AssertUnwindSafe(|| act(&entry)));
            let done = done.map_err(|panic| panic_text(&*panic).into());
            Acted { entry, done }
        });
        Ok(told.collect())
    }
}

fn tell<M: Clone + Send + 'static>(entry: &Entry, message: &M) -> Outcome {
    let handle = entry.handle.as_ref();
    let Some(address) = handle.and_then(|handle| handle.get::<Address<M>>()) else {
        return Outcome::NoHandle;
    };
    let copy = match catch_unwind(AssertUnwindSafe(|| message.clone())) {
        Ok(copy) => copy,
        Err(panic) => return Outcome::Panicked(panic_text(&*panic).into()),
    };
    match address.try_send(copy) {
        Ok(()) => Outcome::Delivered,
        Err(DeliveryError::Full(_)) => Outcome::Full,
        Err(DeliveryError::Closed(_)) => Outcome::Closed,
    }
}
