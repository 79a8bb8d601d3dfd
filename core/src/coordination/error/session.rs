//! What may go wrong with sessions.

use std::time::Duration;

use crate::process::ends_a_process;
use crate::store::{LeaseError, TransactError};
use crate::supervision::StartChildError;

/// A session could not be begun. Nothing is held, and nothing is renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The delay is longer than the time to live, or the time to live is zero. A retry
    /// cannot help.
    #[error("a delay of {delay:?} does not go with a time to live of {ttl:?}")]
    Options {
        /// The time to live.
        ttl: Duration,
        /// The delay.
        delay: Duration,
    },
    /// The coordinator does not run: not yet, no longer, or it is being restarted. A
    /// retry helps once it runs.
    #[error("the coordinator does not run")]
    NotRunning,
    /// The store gave no lease. A retry helps as the cause says; after an unknown
    /// outcome a lease may exist that nobody renews, and ends when its time has passed.
    #[error("the store gave no lease")]
    Lease(#[from] LeaseError),
    /// The store gave a lease but did not take the session's key. A retry helps as the
    /// cause says.
    #[error("the store did not take the key of the session")]
    Key(#[from] TransactError),
    /// The process that would renew the session did not start. A retry helps as the
    /// cause says.
    #[error("the process of the session did not start")]
    Process(#[from] StartChildError),
}

/// The end of a session is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The store did not answer until the time of the session had passed. The session
    /// has ended, and what was held under it goes by the clock of the store. A retry
    /// answers the same.
    #[error("the store did not confirm the end of the session")]
    Unconfirmed(#[source] LeaseError),
}

ends_a_process!(SessionError, CloseError);
