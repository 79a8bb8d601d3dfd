//! Locks as players ask for them, whoever makes them.

use std::time::Duration;

use steadfast::coordination::{
    LockGuard, LockKind, MultiLock, Mutex, ReadWriteLock, Semaphore, Session,
};
use steadfast_sim::SimRuntime;

use super::homemade::{Flaw, Homemade, Place};

/// The names of the locks of these stories.
pub(crate) const LOCKS: [&str; 2] = ["left", "right"];

/// The name of the lock of those who read and write.
const BOOK: &str = "book";

/// How many permits there are.
const PERMITS: u64 = 3;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A mutex.
    Mutex(&'static str),
    /// Both mutexes at once.
    Both,
    /// To read.
    Read,
    /// To write.
    Write,
    /// To write, and to go on as a reader.
    WriteThenRead,
    /// Permits.
    Permits(u64),
}

impl Wanted {
    /// What a drawn number means.
    pub(crate) fn drawn(number: u64) -> Self {
        match number % 9 {
            0 | 1 => Self::Mutex(LOCKS[0]),
            2 => Self::Mutex(LOCKS[1]),
            3 => Self::Both,
            4 => Self::Read,
            5 => Self::Write,
            6 => Self::WriteThenRead,
            7 => Self::Permits(1),
            _ => Self::Permits(2),
        }
    }

    /// What may be used under it that nobody else may use then.
    pub(crate) fn guarded(self) -> Vec<&'static str> {
        match self {
            Self::Mutex(name) => vec![name],
            Self::Both => LOCKS.into(),
            Self::Write => vec![BOOK],
            Self::Read | Self::WriteThenRead | Self::Permits(_) => Vec::new(),
        }
    }
}

/// Who makes locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locksmith {
    /// The library.
    Recipes,
    /// Somebody else, whose locks have one flaw.
    Homemade(Flaw),
}

/// A lock that is held.
pub(crate) enum Held {
    Guard(LockGuard<SimRuntime>),
    Write(steadfast::coordination::WriteGuard<SimRuntime>),
    Homemade(Place),
}

impl Held {
    pub(super) fn token(&self) -> u64 {
        match self {
            Self::Guard(guard) => guard.token().0.0,
            Self::Write(guard) => guard.token().0.0,
            Self::Homemade(place) => place.token(),
        }
    }

    pub(super) fn is_held(&self) -> bool {
        match self {
            Self::Guard(guard) => guard.is_held(),
            Self::Write(guard) => guard.is_held(),
            Self::Homemade(_) => true,
        }
    }

    pub(crate) async fn release(self) {
        // What cannot be confirmed goes with the session.
        match self {
            Self::Guard(guard) => guard.release().await.ok(),
            Self::Write(guard) => guard.release().await.ok(),
            Self::Homemade(place) => {
                place.release().await;
                Some(())
            }
        };
    }
}

impl Locksmith {
    /// Asks for a lock, for `within` at most.
    pub(crate) async fn acquire(
        self,
        session: &Session<SimRuntime>,
        runtime: &SimRuntime,
        wanted: Wanted,
        within: Duration,
    ) -> Option<Held> {
        if let Self::Homemade(flaw) = self {
            let name = match wanted {
                Wanted::Mutex(name) => name,
                Wanted::Both
                | Wanted::Read
                | Wanted::Write
                | Wanted::WriteThenRead
                | Wanted::Permits(_) => LOCKS[0],
            };
            let homemade = Homemade::new(session, runtime, flaw, name, LockKind::Mutex);
            return homemade.acquire(within).await.map(Held::Homemade);
        }
        let guard = match wanted {
            Wanted::Mutex(name) => Mutex::new(session, name).lock(within).await,
            Wanted::Both => MultiLock::new(session, LOCKS).lock(within).await,
            Wanted::Read => ReadWriteLock::new(session, BOOK).read(within).await,
            Wanted::Permits(permits) => {
                let permits_of = Semaphore::new(session, "permits", PERMITS);
                permits_of.acquire(permits, within).await
            }
            Wanted::Write | Wanted::WriteThenRead => {
                let write = ReadWriteLock::new(session, BOOK).write(within).await;
                let write = write.ok()?;
                if wanted == Wanted::Write {
                    return Some(Held::Write(write));
                }
                return write.downgrade().await.ok().map(Held::Guard);
            }
        };
        guard.ok().map(Held::Guard)
    }
}
