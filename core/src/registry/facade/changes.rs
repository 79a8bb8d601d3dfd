//! What changes something.

use super::meter::Operation;
use super::registry::Registry;
use super::shared::Admitted;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::answer::Answer;
use crate::registry::backend::Backend;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys, check_scope};
use crate::registry::metadata::{Metadata, Value};
use crate::registry::operation::{Registered, Registration, Removal, Revision, Update, Updated};
use crate::registry::query::Query;
use crate::runtime::{Runtime, timeout};

/// Names could not be given to all who asked, so none was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterAllError {
    /// This row could not be registered; it is the first such. Nothing has changed. A
    /// retry helps as the cause says.
    #[error("row {row}, {key}, was not registered, and so was none")]
    Row {
        /// Which row, from 0.
        row: usize,
        /// Its name.
        key: Key,
        /// Why not.
        #[source]
        error: RegistryError,
    },
    /// The rows were not dealt with at all, or no answer came.
    #[error(transparent)]
    Whole(RegistryError),
}

impl From<RegistryError> for RegisterAllError {
    fn from(error: RegistryError) -> Self {
        Self::Whole(error)
    }
}

impl AsRef<RegistryError> for RegisterAllError {
    fn as_ref(&self) -> &RegistryError {
        match self {
            Self::Row { error, .. } | Self::Whole(error) => error,
        }
    }
}

impl AsRef<Self> for RegistryError {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Changes check what they are given, wait while a switch begins,
/// and ask the backend. A local backend answers at once. One that asks others answers
/// later, within the limit of this handle (see [`with_limit`](Self::with_limit)), or
/// the change ends in `DeadlineExceeded`. It may happen all the same, which nobody is
/// told then: look it up to learn the outcome.
///
/// # Cancel safety
///
/// Dropping the future of a change withdraws it as far as the backend can; whether it
/// happened can be looked up.
impl<R: Runtime> Registry<R> {
    /// Opens a scope. Opening one again with the same kind of keys changes nothing.
    ///
    /// # Errors
    ///
    /// `InvalidKey`, `ScopeExists`, `Unavailable`, `DeadlineExceeded`.
    pub async fn open_scope(
        &self,
        scope: impl Into<Label>,
        keys: Keys,
    ) -> Result<(), RegistryError> {
        let scope = scope.into();
        check_scope(&scope)?;
        self.change(Operation::OpenScope, |backend| {
            backend.open_scope(&scope, keys)
        })
        .await
    }

    /// Closes a scope: its entries go, then the scope itself. The processes live on.
    /// Answers how many entries went. No other scope is touched.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unavailable`, `DeadlineExceeded`.
    pub async fn close_scope(&self, scope: &str) -> Result<usize, RegistryError> {
        let scope = Label::from(scope);
        self.change(Operation::CloseScope, |backend| backend.close_scope(&scope))
            .await
    }

    /// Gives a name to a process, or lets it join a group once more.
    ///
    /// # Errors
    ///
    /// As [`Backend::register`], `InvalidKey`, `InvalidMetadata`, `DeadlineExceeded`.
    pub async fn register(&self, wanted: Registration) -> Result<Registered, RegistryError> {
        check(&wanted)?;
        self.change(Operation::Register, |backend| backend.register(wanted))
            .await
    }

    /// As [`register`](Self::register) for each in order, in one step: either all
    /// happen, or none.
    ///
    /// # Errors
    ///
    /// [`RegisterAllError`] with the first row that could not; `LimitReached` for more
    /// than [`ROWS_MAX`](Self::ROWS_MAX).
    pub async fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Result<Vec<Registered>, RegisterAllError> {
        if wanted.len() > Self::ROWS_MAX {
            return Err(RegisterAllError::Whole(RegistryError::LimitReached {
                what: "the number of rows".into(),
                limit: Self::ROWS_MAX,
            }));
        }
        for (row, wanted) in wanted.iter().enumerate() {
            check(wanted).map_err(|error| RegisterAllError::Row {
                row,
                key: wanted.key.clone(),
                error,
            })?;
        }
        let keys: Vec<Key> = wanted.iter().map(|wanted| wanted.key.clone()).collect();
        self.change(Operation::RegisterAll, move |backend| {
            backend.register_all(wanted).map(move |answer| {
                answer.map_err(|(row, error)| match keys.get(row) {
                    Some(key) => RegisterAllError::Row {
                        row,
                        key: key.clone(),
                        error,
                    },
                    None => RegisterAllError::Whole(error),
                })
            })
        })
        .await
    }

    /// How many rows [`register_all`](Self::register_all) takes at once.
    pub const ROWS_MAX: usize = 65_536;

    /// Takes a name away, or ends one membership. Answers the entry as it was.
    ///
    /// # Errors
    ///
    /// As [`Backend::unregister`], `InvalidKey`, `DeadlineExceeded`.
    pub async fn unregister(&self, removal: Removal) -> Result<Entry, RegistryError> {
        removal.key.check()?;
        self.change(Operation::Unregister, |backend| backend.unregister(removal))
            .await
    }

    /// Takes away everything in the scope that the query means and `owner` holds.
    /// Answers what went, in the order of names.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `InvalidQuery` (also for a query with a limit), `Unavailable`,
    /// `DeadlineExceeded`.
    pub async fn unregister_matching(
        &self,
        scope: &str,
        query: &Query,
        owner: ProcessId,
    ) -> Result<Vec<Entry>, RegistryError> {
        query.check()?;
        if query.most().is_some() {
            return Err(RegistryError::InvalidQuery {
                why: "what is taken away has no limit".into(),
            });
        }
        let scope = Label::from(scope);
        self.change(Operation::UnregisterMatching, |backend| {
            backend.unregister_matching(&scope, query, owner)
        })
        .await
    }

    /// Changes the metadata of a unique name, in one step. Answers them before and
    /// after.
    ///
    /// # Errors
    ///
    /// As [`Backend::update`], `InvalidKey`, `DeadlineExceeded`.
    pub async fn update(&self, update: Update) -> Result<Updated, RegistryError> {
        update.key.check()?;
        match &update.revision {
            Revision::Replace(metadata) | Revision::CompareAndSet(_, metadata) => {
                metadata.check()?;
            }
            // The backend checks what the function makes.
            Revision::With(_) => {}
        }
        self.change(Operation::Update, |backend| backend.update(update))
            .await
    }

    /// Keeps a value for the whole registry under a field; answers the one before.
    ///
    /// # Errors
    ///
    /// `InvalidMetadata` (a value that breaks a bound of [`Metadata`]),
    /// `LimitReached`, `Unavailable`, `DeadlineExceeded`.
    pub async fn put_meta(
        &self,
        field: impl Into<Label>,
        value: impl Into<Value>,
    ) -> Result<Option<Value>, RegistryError> {
        let (field, value) = (field.into(), value.into());
        Metadata::new().with(field.clone(), value.clone()).check()?;
        self.change(Operation::PutMeta, |backend| backend.put_meta(field, value))
            .await
    }

    /// Forgets a value of the whole registry; answers the one before.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `DeadlineExceeded`.
    pub async fn delete_meta(&self, field: &str) -> Result<Option<Value>, RegistryError> {
        self.change(Operation::DeleteMeta, |backend| backend.delete_meta(field))
            .await
    }

    /// Carries out one change.
    pub(super) async fn change<T, E, C>(&self, operation: Operation, change: C) -> Result<T, E>
    where
        T: Unpin,
        E: From<RegistryError> + AsRef<RegistryError> + Unpin,
        C: FnOnce(&dyn Backend) -> Answer<Result<T, E>>,
    {
        let (shared, clock) = (&self.shared, self.node.runtime());
        let meters = shared.meters();
        let begun = meters.begin(operation).then(|| clock.now());
        let result = match shared.admit(change) {
            Ok(Admitted::Now(result)) => {
                if let Some(begun) = begun {
                    meters.took(operation, clock.now().since(begun));
                }
                result
            }
            waiting => self.finish(operation, waiting).await,
        };
        if let Err(error) = &result {
            meters.erred(operation, error.as_ref());
        }
        result
    }

    /// The rest of a change that has to wait, for the gate or for its answer.
    async fn finish<T, E, C>(
        &self,
        operation: Operation,
        admitted: Result<Admitted<'_, Result<T, E>>, C>,
    ) -> Result<T, E>
    where
        T: Unpin,
        E: From<RegistryError> + Unpin,
        C: FnOnce(&dyn Backend) -> Answer<Result<T, E>>,
    {
        let clock = self.node.runtime();
        let begun = clock.now();
        let work = async {
            let mut admitted = admitted;
            loop {
                match admitted {
                    Ok(Admitted::Now(result)) => return result,
                    Ok(Admitted::Later(answer, underway)) => {
                        let result = answer.await;
                        drop(underway);
                        return result;
                    }
                    Err(change) => {
                        self.shared.opened().await;
                        admitted = self.shared.admit(change);
                    }
                }
            }
        };
        let limit = self.limit;
        let result = timeout(clock, limit, work).await;
        let meters = self.shared.meters();
        meters.took(operation, clock.now().since(begun));
        result.unwrap_or_else(|_| Err(RegistryError::DeadlineExceeded { limit }.into()))
    }
}

fn check(wanted: &Registration) -> Result<(), RegistryError> {
    wanted.key.check()?;
    wanted.metadata.check()
}
