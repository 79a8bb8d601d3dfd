//! Counters as clients use them, whoever makes them.

use std::time::Duration;

use steadfast::coordination::{Coordinator, Counter, CounterError};
use steadfast::runtime::Clock as _;
use steadfast::store::{Compare, Entry, Operation, TransactError, Transaction};
use steadfast_sim::SimRuntime;
use steadfast_sim::history::Value;

/// How often a homemade counter looks again.
const PACE: Duration = Duration::from_millis(20);

/// How long one that adds again waits for an answer: about as long as most of them take.
const HASTE: Duration = Duration::from_millis(3);

/// What is wrong with a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miscount {
    /// It reads, and then writes, whatever came between.
    WritesWhatItRead,
    /// It adds again what may have been added.
    AddsAgain,
}

/// Who makes counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CounterMaker {
    /// The library.
    Recipe,
    /// Somebody else, whose counters have one flaw.
    Homemade(Miscount),
}

/// What a client was told.
pub(super) enum Told {
    Done(Value),
    Failed,
    Unknown,
}

/// What a client asks of a counter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    Load,
    Add(i64),
    Store(i64),
    Swap(i64, i64),
}

impl Ask {
    /// As it is written in a history.
    pub(super) fn written(self) -> (&'static str, Value) {
        match self {
            Self::Load => ("read", Value::Null),
            Self::Add(by) => ("add", by.into()),
            Self::Store(value) => ("write", value.into()),
            Self::Swap(old, new) => ("cas", (Value::from(old), Value::from(new)).into()),
        }
    }
}

fn told<T>(answer: Result<T, CounterError>, says: impl Fn(T) -> Value) -> Told {
    match answer {
        Ok(value) => Told::Done(says(value)),
        Err(CounterError::Unexpected { .. }) => Told::Done(false.into()),
        Err(CounterError::Unknown { .. }) => Told::Unknown,
        Err(_) => Told::Failed,
    }
}

impl CounterMaker {
    /// Asks the counter of this name, for `within` at most.
    pub(super) async fn ask(
        self,
        coordinator: &Coordinator<SimRuntime>,
        name: &str,
        ask: Ask,
        within: Duration,
    ) -> Told {
        if let Self::Homemade(miscount) = self {
            let homemade = Homemade {
                coordinator,
                key: format!("homemade/{name}"),
                miscount,
            };
            return homemade.ask(ask, within).await;
        }
        let counter = Counter::new(coordinator, name);
        match ask {
            Ask::Load => told(counter.load(within).await, Value::from),
            Ask::Add(by) => told(counter.add(by, within).await, Value::from),
            Ask::Store(value) => told(counter.store(value, within).await, |_| Value::Null),
            Ask::Swap(old, new) => {
                let swapped = counter.compare_and_set(old, new, within).await;
                told(swapped, Value::from)
            }
        }
    }
}

/// A counter written by hand over a store, with one flaw.
struct Homemade<'a> {
    coordinator: &'a Coordinator<SimRuntime>,
    key: String,
    miscount: Miscount,
}

impl Homemade<'_> {
    async fn ask(&self, ask: Ask, within: Duration) -> Told {
        match ask {
            Ask::Add(by) => self.add(by, within).await,
            Ask::Load | Ask::Store(_) | Ask::Swap(..) => match self.found().await {
                Some((value, _)) => Told::Done(value.into()),
                None => Told::Failed,
            },
        }
    }

    /// The value, and where it stands; `None` if the store does not say.
    async fn found(&self) -> Option<(i64, Option<Entry>)> {
        let entry = self.coordinator.store().get(self.key.as_str()).await.ok()?;
        let value = entry.as_ref().map(|entry| entry.value.to_string());
        let value = value.and_then(|text| text.parse().ok()).unwrap_or(0);
        Some((value, entry))
    }

    async fn add(&self, by: i64, within: Duration) -> Told {
        let runtime = self.coordinator.node().runtime();
        let deadline = runtime.now() + within * 3;
        let store = match self.miscount {
            Miscount::WritesWhatItRead => self.coordinator.store().clone(),
            Miscount::AddsAgain => self.coordinator.store().within(HASTE),
        };
        let mut outcome = Told::Failed;
        while runtime.now() < deadline {
            let Some((value, entry)) = self.found().await else {
                runtime.sleep(PACE).await;
                continue;
            };
            let sum = value + by;
            let same = match (self.miscount, entry) {
                (Miscount::WritesWhatItRead, _) => None,
                (Miscount::AddsAgain, Some(entry)) => {
                    Some(Compare::mod_revision(&entry.key, entry.mod_revision))
                }
                (Miscount::AddsAgain, None) => Some(Compare::missing(self.key.as_str())),
            };
            let put = Operation::put(self.key.as_str(), sum.to_string());
            let change = Transaction::when(same).then([put]);
            match store.transact(change).await {
                Ok(done) if done.succeeded => return Told::Done(sum.into()),
                Ok(_) => {}
                Err(TransactError::Unknown(_)) => {
                    outcome = Told::Unknown;
                    if self.miscount == Miscount::WritesWhatItRead {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        outcome
    }
}
