//! The words that cases are written in.

use std::fmt::Debug;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::harness::Harness;
use crate::runtime::contract::Broken;
use crate::runtime::timeout;
use crate::store::entry::{Entry, Revision};
use crate::store::error::{CompactError, LeaseError, ReadError, TransactError, WatchError};
use crate::store::handle::Store;
use crate::store::lease::LeaseId;
use crate::store::range::KeyRange;
use crate::store::read::Read;
use crate::store::transaction::{Operation, Transaction};
use crate::store::watch::{Changes, Watch};

/// Whether a promise was kept.
pub(super) type Verdict = Result<(), Broken>;

/// How long to wait for what must happen. Far more than any engine needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How long to look at what must not happen.
pub(super) const WATCH: Duration = Duration::from_millis(60);

/// An operation that a case needs, and that must not fail here, failed.
macro_rules! breaks {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Broken {
            fn from(error: $error) -> Self {
                let what = format!("an operation that must not fail said: {error}");
                Self { what }
            }
        }
    )+};
}

breaks!(
    ReadError,
    TransactError,
    LeaseError,
    CompactError,
    WatchError
);

/// Puts a value under a lease.
pub(super) async fn put_leased(
    store: &Store,
    key: &str,
    lease: LeaseId,
) -> Result<Revision, TransactError> {
    let operation = Operation::put_leased(key, "leased", lease);
    let transacted = store.transact(Transaction::of([operation])).await?;
    Ok(transacted.revision)
}

/// The keys of a reading, as text.
pub(super) async fn keys_of(store: &Store, read: Read) -> Result<Vec<String>, ReadError> {
    let reading = store.read(read).await?;
    Ok(reading
        .entries
        .iter()
        .map(|entry| entry.key.to_string())
        .collect())
}

/// All keys that exist, as text.
pub(super) async fn all_keys(store: &Store) -> Result<Vec<String>, ReadError> {
    keys_of(store, Read::new(KeyRange::all())).await
}

/// The value of an entry that must be there, as text.
pub(super) fn text(entry: Option<&Entry>) -> Option<String> {
    entry.map(|entry| entry.value.to_string())
}

/// The next changes of a watch, which must come.
pub(super) async fn next<H: Harness>(harness: &H, watch: &mut Watch) -> Result<Changes, Broken> {
    match timeout(&harness.clock(), PATIENCE, watch.next()).await {
        Ok(changes) => Ok(changes?),
        Err(elapsed) => Err(broken(format_args!("no change came: {elapsed}"))),
    }
}

/// Breaks the promise if the watch tells something.
pub(super) async fn silent<H: Harness>(harness: &H, watch: &mut Watch) -> Verdict {
    match timeout(&harness.clock(), WATCH, watch.next()).await {
        Ok(told) => Err(broken(format_args!("the watch told {told:?}"))),
        Err(_) => Ok(()),
    }
}

/// Runs two futures at the same time, until both have ended.
pub(in crate::store) async fn both<A: Future, B: Future>(
    first: A,
    second: B,
) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut two) = (None, None);
    std::future::poll_fn(|context| {
        if one.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            one = Some(output);
        }
        if two.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            two = Some(output);
        }
        match (one.take(), two.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (first, second) => {
                (one, two) = (first, second);
                Poll::Pending
            }
        }
    })
    .await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand over what they have just made"
)]
pub(super) fn broken(what: impl ToString) -> Broken {
    let what = what.to_string();
    Broken { what }
}

/// Breaks the promise unless both are equal.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand over what they have just made"
)]
pub(super) fn same<T: PartialEq + Debug>(what: &str, seen: T, expected: T) -> Verdict {
    if seen == expected {
        return Ok(());
    }
    Err(broken(format_args!(
        "{what}: {seen:?} instead of {expected:?}"
    )))
}

/// Breaks the promise unless the condition holds.
pub(super) fn ensure(condition: bool, what: impl ToString) -> Verdict {
    if condition { Ok(()) } else { Err(broken(what)) }
}

/// Lists the cases of one file: id, claim, check.
macro_rules! promises {
    ($($id:literal $claim:literal $case:ident;)*) => {
        /// The cases of this file.
        pub(super) fn cases<H: $crate::store::contract::harness::Harness>()
        -> Vec<$crate::store::contract::case::Case<H>> {
            vec![$($crate::store::contract::case::Case::new(
                $id,
                $claim,
                |harness| Box::pin($case(harness)),
            )),*]
        }
    };
}
pub(super) use promises;
