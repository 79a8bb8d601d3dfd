//! Sending to whoever holds a name.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::registry::Registry;
use crate::label::Label;
use crate::process::{Address, CallError, DeliveryError, ExitReason, Reply};
use crate::registry::error::RegistryError;
use crate::registry::key::Key;
use crate::runtime::Runtime;

impl<R: Runtime> Registry<R> {
    /// The mailbox of the holder of a unique name, as it was registered with
    /// [`Registration::address`](crate::registry::Registration::address). It stays that
    /// of this holder whoever holds the name later; see [`via`](Self::via).
    ///
    /// # Errors
    ///
    /// `NotRegistered`; `NotLocal` if the holder lives on another node; `NoHandle` if
    /// nothing was registered for local callers, or something of another type;
    /// `UnknownScope`; `Unsupported` (a group).
    pub fn address<M: Send + 'static>(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Address<M>, RegistryError> {
        let key = || Key::new(scope, name);
        let entry = self.lookup(scope, name)?;
        let entry = entry.ok_or_else(|| RegistryError::NotRegistered { key: key() })?;
        if !self.shared.is_local(entry.process) {
            let process = entry.process;
            return Err(RegistryError::NotLocal { process });
        }
        let handle = entry.handle.as_ref();
        let address = handle.and_then(|handle| handle.get::<Address<M>>());
        address.cloned().ok_or_else(|| RegistryError::NoHandle {
            key: key(),
            wanted: std::any::type_name::<Address<M>>().into(),
        })
    }

    /// Something to send to whoever holds a unique name at the time of each use.
    pub fn via<M: Send + 'static>(
        &self,
        scope: impl Into<Label>,
        name: impl Into<Label>,
    ) -> Via<R, M> {
        Via {
            registry: self.clone(),
            key: Key::new(scope, name),
            messages: PhantomData,
        }
    }
}

/// Sends to whoever holds a name, looked up at each use. Cheap to clone. A name
/// without a holder, and a group, are errors.
pub struct Via<R: Runtime, M> {
    registry: Registry<R>,
    key: Key,
    messages: PhantomData<fn(M)>,
}

impl<R: Runtime, M: Send + 'static> Via<R, M> {
    /// The name.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The mailbox of whoever holds the name now.
    ///
    /// # Errors
    ///
    /// As [`Registry::address`].
    pub fn resolve(&self) -> Result<Address<M>, RegistryError> {
        self.registry.address(&self.key.scope, &self.key.name)
    }

    /// Sends a message without waiting.
    ///
    /// # Errors
    ///
    /// See [`ViaError`].
    pub fn try_send(&self, message: M) -> Result<(), ViaError<M>> {
        match self.resolve() {
            Ok(address) => Ok(address.try_send(message)?),
            Err(error) => Err(ViaError::Registry { error, message }),
        }
    }

    /// Sends a message, and waits for room for at most `limit` if the mailbox is full
    /// and its policy is to wait.
    ///
    /// # Errors
    ///
    /// See [`ViaError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a message that is still waiting.
    pub async fn send_within(&self, limit: Duration, message: M) -> Result<(), ViaError<M>> {
        let clock = self.registry.node.runtime();
        match self.resolve() {
            Ok(address) => Ok(address.send_within(clock, limit, message).await?),
            Err(error) => Err(ViaError::Registry { error, message }),
        }
    }

    /// Sends the message that `message` makes around a [`Reply`], and waits for the
    /// answer, all within `limit`. Without a holder no message is made.
    ///
    /// # Errors
    ///
    /// See [`ViaCallError`].
    ///
    /// # Cancel safety
    ///
    /// As [`Address::call`].
    pub async fn call<T>(
        &self,
        limit: Duration,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, ViaCallError<M>> {
        let address = self.resolve()?;
        let clock = self.registry.node.runtime();
        Ok(address.call(clock, limit, message).await?)
    }
}

impl<R: Runtime, M> Clone for Via<R, M> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            key: self.key.clone(),
            messages: PhantomData,
        }
    }
}

impl<R: Runtime, M> fmt::Debug for Via<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Via").field(&self.key).finish()
    }
}

/// A message was not delivered; it comes back to the sender.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViaError<M> {
    /// There is nobody to send to. A retry helps as the cause says.
    #[error("{error}")]
    Registry {
        /// Why not.
        error: RegistryError,
        /// The message.
        message: M,
    },
    /// The holder's mailbox did not take it. A retry helps if it was full, or once
    /// the name has another holder.
    #[error(transparent)]
    Delivery(#[from] DeliveryError<M>),
}

impl<M> ViaError<M> {
    /// The message that was not delivered.
    pub fn into_message(self) -> M {
        match self {
            Self::Registry { message, .. } => message,
            Self::Delivery(error) => error.into_message(),
        }
    }
}

// By hand, so that messages need not be `Debug`.
impl<M> fmt::Debug for ViaError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry { error, .. } => f.debug_tuple("Registry").field(error).finish(),
            Self::Delivery(error) => f.debug_tuple("Delivery").field(error).finish(),
        }
    }
}

impl<M: 'static> From<ViaError<M>> for ExitReason {
    fn from(error: ViaError<M>) -> Self {
        Self::error(&error)
    }
}

/// A call by name got no answer.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViaCallError<M> {
    /// There is nobody to ask; no message was made. A retry helps as the cause says.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The holder gave no answer. A retry helps as the cause says, or once the name has
    /// another holder.
    #[error(transparent)]
    Call(#[from] CallError<M>),
}

// By hand, so that messages need not be `Debug`.
impl<M> fmt::Debug for ViaCallError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => f.debug_tuple("Registry").field(error).finish(),
            Self::Call(error) => f.debug_tuple("Call").field(error).finish(),
        }
    }
}

impl<M: 'static> From<ViaCallError<M>> for ExitReason {
    fn from(error: ViaCallError<M>) -> Self {
        Self::error(&error)
    }
}
