//! The machine behind a lock, and answers at once.

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::store::LocalOptions;
use crate::runtime::{Clock, Timestamp};
use crate::store::engine::{Engine, Pending};
use crate::store::entry::Revision;
use crate::store::error::{
    CompactError, LeaseError, ReadError, TransactError, Unavailable, WatchError,
};
use crate::store::lease::{Granted, LeaseId, LeaseInfo, Revoked};
use crate::store::lease_clock::LeaseClock;
use crate::store::limits::Limits;
use crate::store::machine::{Applied, Command, Machine, Refusal, Response};
use crate::store::read::{Read, Reading};
use crate::store::settle;
use crate::store::transaction::{Transacted, Transaction};
use crate::store::watch::{Changes, Watch, WatchFrom, WatchSource};
use crate::store::watchers::Watchers;

/// How many leases end in one step.
const EXPIRED_AT_ONCE_MAX: usize = 256;

struct State {
    machine: Machine,
    clock: LeaseClock,
    watchers: Watchers,
    open: bool,
    /// Whoever waits for deadlines to change.
    driver: Option<Waker>,
}

/// What the driver is to do.
pub(super) enum Duty {
    /// Leases are due.
    Due,
    /// Nothing before then.
    Until(Timestamp),
    /// Nothing at all.
    Idle,
}

/// The engine.
pub(super) struct LocalEngine<C> {
    clock: C,
    options: LocalOptions,
    state: Arc<Mutex<State>>,
}

impl<C: Clock> LocalEngine<C> {
    pub(super) fn new(clock: C, options: LocalOptions) -> Self {
        let machine = Machine::new(options.limits.clone());
        Self {
            clock,
            options,
            state: Arc::new(Mutex::new(State {
                machine,
                clock: LeaseClock::default(),
                watchers: Watchers::default(),
                open: false,
                driver: None,
            })),
        }
    }

    /// Begins to serve. All leases live in full again. No effect if it serves already.
    pub(super) fn open(&self) {
        let now = self.clock.now();
        let mut state = self.lock();
        if !state.open {
            state.open = true;
            state.clock = LeaseClock::restarted(&state.machine, now);
        }
    }

    /// Ends to serve.
    pub(super) fn close(&self) {
        let woken = {
            let mut state = self.lock();
            state.open = false;
            state.watchers.wake_all()
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// What the driver is to do; remembers whom to wake when that changes.
    pub(super) fn duty(&self, waker: &Waker) -> Duty {
        let now = self.clock.now();
        let mut state = self.lock();
        state.driver = Some(waker.clone());
        match state.clock.next_deadline() {
            Some(deadline) if deadline <= now => Duty::Due,
            Some(deadline) => Duty::Until(deadline),
            None => Duty::Idle,
        }
    }

    /// Ends leases that are due.
    pub(super) fn expire(&self) {
        let now = self.clock.now();
        let due = self.lock().clock.due(now, EXPIRED_AT_ONCE_MAX);
        // Renewals and ends of leases in between are no matter: what is due stays due.
        drop(self.apply(Command::Expire(due)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The machine panics only on a bug of its own; its state is then lost anyway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serving(&self) -> Result<MutexGuard<'_, State>, Unavailable> {
        let state = self.lock();
        if state.open {
            Ok(state)
        } else {
            Err(Unavailable::NotRunning)
        }
    }

    /// Applies a command and tells everyone whom it concerns.
    fn apply(&self, command: Command) -> Result<Result<Response, Refusal>, Unavailable> {
        let now = self.clock.now();
        let (answer, woken) = {
            let mut state = self.serving()?;
            let state = &mut *state;
            let deadline = state.clock.next_deadline();
            let Applied {
                answer,
                before,
                leases,
            } = state.machine.apply(command.into());
            state.clock.follow(&leases, now);
            let mut woken = state.watchers.advance(&state.machine, before);
            if state.clock.next_deadline() != deadline {
                woken.extend(state.driver.take());
            }
            (answer, woken)
        };
        woken.into_iter().for_each(Waker::wake);
        Ok(answer)
    }

    fn begin_watch(&self, from: WatchFrom) -> Result<Watch, WatchError> {
        let mut state = self.serving()?;
        let state_ref = &mut *state;
        let number = state_ref.watchers.begin(
            &state_ref.machine,
            from.range,
            from.revision,
            self.options.watches_max,
        )?;
        Ok(Watch::new(LocalWatch {
            state: self.state.clone(),
            number,
        }))
    }

    fn renew(&self, lease: LeaseId) -> Result<Duration, LeaseError> {
        let now = self.clock.now();
        let (renewed, woken) = {
            let mut state = self.serving()?;
            let renewed = state.clock.renew(lease, now);
            (renewed, state.driver.take())
        };
        if let Some(driver) = woken {
            driver.wake();
        }
        renewed.ok_or(LeaseError::NotFound { lease })
    }

    fn inform(&self, lease: LeaseId) -> Result<LeaseInfo, LeaseError> {
        let now = self.clock.now();
        let state = self.serving()?;
        let ttl = state.machine.lease_ttl(lease);
        let ttl = ttl.ok_or(LeaseError::NotFound { lease })?;
        Ok(LeaseInfo {
            lease,
            ttl,
            remaining: state.clock.remaining(lease, now).unwrap_or_default(),
            keys: state.machine.lease_keys(lease).cloned().collect(),
        })
    }
}

impl<C: Clock + Send + Sync> Engine for LocalEngine<C> {
    fn kind(&self) -> &'static str {
        "local"
    }

    fn limits(&self) -> &Limits {
        &self.options.limits
    }

    fn read(&self, read: Read, _limit: Duration) -> Pending<'_, Reading, ReadError> {
        let reading = self.serving().map_err(ReadError::from);
        let reading = reading.and_then(|state| state.machine.read(&read));
        Box::pin(ready(reading))
    }

    fn transact(
        &self,
        transaction: Transaction,
        _limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        let answer = self.apply(Command::Transact(transaction));
        Box::pin(ready(
            answer.map_err(Into::into).and_then(settle::transacted),
        ))
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        _limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        let answer = self.apply(Command::Grant { lease, ttl });
        Box::pin(ready(answer.map_err(Into::into).and_then(settle::granted)))
    }

    fn keep_alive(&self, lease: LeaseId, _limit: Duration) -> Pending<'_, Duration, LeaseError> {
        Box::pin(ready(self.renew(lease)))
    }

    fn revoke(&self, lease: LeaseId, _limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        let answer = self.apply(Command::Revoke(lease));
        Box::pin(ready(answer.map_err(Into::into).and_then(settle::revoked)))
    }

    fn lease(&self, lease: LeaseId, _limit: Duration) -> Pending<'_, LeaseInfo, LeaseError> {
        Box::pin(ready(self.inform(lease)))
    }

    fn leases(&self, _limit: Duration) -> Pending<'_, Vec<LeaseId>, ReadError> {
        let state = self.serving().map_err(ReadError::from);
        let leases = state.map(|state| state.machine.leases().map(|(lease, _)| lease).collect());
        Box::pin(ready(leases))
    }

    fn watch(&self, from: WatchFrom, _limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(ready(self.begin_watch(from)))
    }

    fn compact(&self, revision: Revision, _limit: Duration) -> Pending<'_, (), CompactError> {
        let answer = self.apply(Command::Compact(revision));
        Box::pin(ready(
            answer.map_err(Into::into).and_then(settle::compacted),
        ))
    }
}

impl<C> fmt::Debug for LocalEngine<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEngine")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A watch of the local machine.
struct LocalWatch {
    state: Arc<Mutex<State>>,
    number: u64,
}

impl LocalWatch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WatchSource for LocalWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes, WatchError>> {
        let mut state = self.lock();
        let state = &mut *state;
        if !state.open {
            return Poll::Ready(Err(Unavailable::NotRunning.into()));
        }
        let found = state
            .watchers
            .take(&state.machine, self.number, context.waker());
        found.polled()
    }

    fn position(&self) -> Revision {
        let state = self.lock();
        // It exists as long as this does.
        state.watchers.position(self.number).unwrap_or_default()
    }
}

impl Drop for LocalWatch {
    fn drop(&mut self) {
        self.lock().watchers.end(self.number);
    }
}
