//! What an error of `etcd-client` says about what was done.

use std::error::Error as StdError;

use etcd_client::Error;
use tonic::{Code, ConnectError, Status};

use crate::store::etcd::wire::{WireError, WireRefusal};

/// An answer that does not belong to the request.
pub(super) fn stray(what: &str) -> WireError {
    let reason = format!("the cluster answered with {what}");
    WireError::Lost { reason }
}

pub(super) fn not_taken(error: &impl ToString) -> WireError {
    let reason = error.to_string();
    WireError::NotTaken { reason }
}

/// The error of a call.
pub(super) fn failed(error: &Error) -> WireError {
    match error {
        Error::GRpcStatus(status) => of_status(status),
        // Said by the crate itself, of an answer without time to live.
        Error::LeaseKeepAliveError(reason) if reason == "lease not found" => {
            WireRefusal::LeaseNotFound.into()
        }
        Error::InvalidArgs(_)
        | Error::InvalidUri(_)
        | Error::InvalidMetadataValue(_)
        | Error::EndpointsNotManaged
        | Error::EndpointError(_) => other(error.to_string()),
        Error::IoError(_)
        | Error::TransportError(_)
        | Error::WatchError(_)
        | Error::Utf8Error(_)
        | Error::LeaseKeepAliveError(_)
        | Error::ElectError(_)
        | Error::Internal(_) => WireError::Lost {
            reason: error.to_string(),
        },
    }
}

/// The error of making a client, before anything was asked.
pub(super) fn not_connected(error: &Error) -> WireError {
    match failed(error) {
        WireError::Lost { reason } => WireError::NotTaken { reason },
        certain @ (WireError::NotTaken { .. } | WireError::Refused(_)) => certain,
    }
}

/// The codes are those of etcd's `rpctypes`; where one code has several meanings, its
/// message tells them apart.
fn of_status(status: &Status) -> WireError {
    let message = status.message();
    let says = |what: &str| message.contains(what);
    match status.code() {
        _ if never_sent(status) => not_taken(&message),
        Code::OutOfRange if says("compacted") => WireRefusal::Compacted.into(),
        Code::OutOfRange if says("future revision") => WireRefusal::Future.into(),
        Code::NotFound if says("lease not found") => WireRefusal::LeaseNotFound.into(),
        Code::FailedPrecondition if says("lease already exists") => WireRefusal::LeaseExists.into(),
        Code::ResourceExhausted if says("space exceeded") => WireRefusal::Full.into(),
        Code::ResourceExhausted if says("too many requests") => not_taken(&message),
        // Said before a request is looked at, because connections ask for a leader.
        Code::Unavailable if says("etcdserver: no leader") => not_taken(&message),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => other(message.to_owned()),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => WireError::Lost {
            reason: status.to_string(),
        },
    }
}

fn other(reason: String) -> WireError {
    WireRefusal::Other { reason }.into()
}

/// Whether there was no connection to send it on.
fn never_sent(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: Code, message: &str) -> WireError {
        failed(&Error::GRpcStatus(Status::new(code, message)))
    }

    #[test]
    fn what_etcd_refuses_has_its_word() {
        for (code, message, refusal) in [
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision has been compacted",
                WireRefusal::Compacted,
            ),
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision is a future revision",
                WireRefusal::Future,
            ),
            (
                Code::NotFound,
                "etcdserver: requested lease not found",
                WireRefusal::LeaseNotFound,
            ),
            (
                Code::FailedPrecondition,
                "etcdserver: lease already exists",
                WireRefusal::LeaseExists,
            ),
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                WireRefusal::Full,
            ),
        ] {
            assert_eq!(of(code, message), refusal.into(), "{message}");
        }
        let denied = of(Code::PermissionDenied, "etcdserver: permission denied");
        assert!(matches!(
            denied,
            WireError::Refused(WireRefusal::Other { .. })
        ));
    }

    #[test]
    fn nothing_is_certain_of_what_may_have_been_proposed() {
        for message in [
            "etcdserver: request timed out",
            "etcdserver: leader changed",
            "etcdserver: request timed out, possibly due to connection lost",
        ] {
            let found = of(Code::Unavailable, message);
            assert!(matches!(found, WireError::Lost { .. }), "{found:?}");
        }
        let found = of(Code::Unavailable, "etcdserver: no leader");
        assert!(matches!(found, WireError::NotTaken { .. }), "{found:?}");
    }

    #[test]
    fn what_found_no_connection_was_not_taken() {
        let refused = ConnectError("connection refused".into());
        let found = failed(&Error::GRpcStatus(Status::from_error(Box::new(refused))));
        assert!(matches!(found, WireError::NotTaken { .. }), "{found:?}");
    }
}
