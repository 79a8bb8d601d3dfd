//! From what the machine answers to what callers get.

use super::error::{CompactError, LeaseError, TransactError, Unavailable, Unknown};
use super::lease::{Granted, Revoked};
use super::machine::{Refusal, Response};
use super::transaction::Transacted;

/// An answer that does not belong to the command.
fn stray(found: &impl std::fmt::Debug) -> Unavailable {
    Unavailable::Failed {
        reason: format!("the machine answered {found:?}"),
    }
}

/// Of a transaction.
pub(super) fn transacted(answer: Result<Response, Refusal>) -> Result<Transacted, TransactError> {
    match answer {
        Ok(Response::Transacted(transacted)) => Ok(transacted),
        Err(Refusal::LeaseNotFound(lease)) => Err(TransactError::LeaseNotFound { lease }),
        Err(Refusal::Full { bytes, bytes_max }) => Err(TransactError::Full { bytes, bytes_max }),
        Err(Refusal::SessionForgotten) => Err(Unknown::Forgotten.into()),
        other => Err(stray(&other).into()),
    }
}

/// Of a grant.
pub(super) fn granted(answer: Result<Response, Refusal>) -> Result<Granted, LeaseError> {
    match answer {
        Ok(Response::Granted(granted)) => Ok(granted),
        other => Err(lease(other)),
    }
}

/// Of a revocation.
pub(super) fn revoked(answer: Result<Response, Refusal>) -> Result<Revoked, LeaseError> {
    match answer {
        Ok(Response::Revoked(revoked)) => Ok(revoked),
        other => Err(lease(other)),
    }
}

/// Of a compaction.
pub(super) fn compacted(answer: Result<Response, Refusal>) -> Result<(), CompactError> {
    match answer {
        Ok(Response::Compacted) => Ok(()),
        Err(Refusal::Compacted {
            requested,
            compacted,
        }) => Err(CompactError::Compacted {
            requested,
            compacted,
        }),
        Err(Refusal::Future { requested, current }) => {
            Err(CompactError::Future { requested, current })
        }
        Err(Refusal::SessionForgotten) => Err(Unknown::Forgotten.into()),
        other => Err(stray(&other).into()),
    }
}

fn lease(answer: Result<Response, Refusal>) -> LeaseError {
    match answer {
        Err(Refusal::LeaseNotFound(lease)) => LeaseError::NotFound { lease },
        Err(Refusal::LeaseExists(lease)) => LeaseError::Exists { lease },
        Err(Refusal::TooManyLeases(limit)) => LeaseError::TooMany { limit },
        Err(Refusal::SessionForgotten) => Unknown::Forgotten.into(),
        other => stray(&other).into(),
    }
}
