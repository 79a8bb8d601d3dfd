//! One change, asked for until its outcome is certain.

use super::patience::Patience;
use super::session::Shared;
use crate::runtime::Runtime;
use crate::store::{TransactError, Transacted, Transaction};

/// What is known of a change that is asked for again and again. It is kept apart from
/// the asking, so that it is still there when that is given up.
#[derive(Default)]
pub(super) struct Insistence {
    /// Whether an attempt was not answered: it may have happened.
    pub(super) in_doubt: bool,
    /// The last trouble.
    pub(super) last: Option<TransactError>,
}

impl Insistence {
    /// Asks for a change until it is answered or cannot be. Made twice it must be the
    /// same as made once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether the change happens.
    pub(super) async fn transact<R: Runtime>(
        &mut self,
        shared: &Shared<R>,
        patience: &mut Patience,
        change: Transaction,
        doing: &'static str,
    ) -> Result<Transacted, TransactError> {
        loop {
            let error = match shared.store().transact(change.clone()).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match &error {
                TransactError::Unknown(_) => self.in_doubt = true,
                TransactError::Unavailable(_) => {}
                TransactError::Invalid(_)
                | TransactError::LeaseNotFound { .. }
                | TransactError::Full { .. } => return Err(error),
            }
            self.last = Some(error.clone());
            patience.pause(shared, doing, error).await;
        }
    }
}
