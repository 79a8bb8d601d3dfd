//! Registers: keys of the store that hold whole numbers.

use steadfast::store::{
    Compare, KeyRange, Operation, Read, ReadError, Store, TransactError, Transaction,
};
use steadfast_sim::history::{RecordedCall, Value};

use super::habit::Habit;

/// The name of the history that clients record, and of its checker.
pub(crate) const HISTORY: &str = "registers";

/// How many registers there are.
const REGISTERS: u64 = 3;

/// The registers of a store, as a client with a habit uses them.
pub(crate) struct Registers {
    store: Store,
    habit: Habit,
}

/// What a client was told of a change.
enum Told {
    Done,
    Differed,
    Failed,
    Unknown,
}

impl Registers {
    pub(crate) const fn new(store: Store, habit: Habit) -> Self {
        Self { store, habit }
    }

    /// The register that a drawn number means.
    pub(crate) fn name(number: u64) -> String {
        format!("register/{}", number % REGISTERS)
    }

    /// The value of a register, which is null until it is written.
    pub(crate) async fn value(&self, register: &str) -> Result<Value, ReadError> {
        let read = Read::new(KeyRange::key(register)).consistency(self.habit.consistency());
        let found = self.store.read(read).await?.into_first();
        Ok(found.map_or(Value::Null, |entry| number_of(&entry.value.to_string())))
    }

    /// Reads, and records what came of it. Answers the value.
    pub(super) async fn read(&self, register: &str, call: RecordedCall) -> Option<Value> {
        match self.value(register).await {
            Ok(value) => {
                call.ok(value.clone());
                Some(value)
            }
            // Whatever the reason, a read that was not answered changes nothing.
            Err(_) => {
                call.failed();
                None
            }
        }
    }

    /// Writes, and records what came of it.
    pub(super) async fn write(&self, register: &str, value: u64, call: RecordedCall) {
        let change = Transaction::of([Operation::put(register, value.to_string())]);
        self.change(change, call).await;
    }

    /// Writes if the value is still `old`, and records what came of it.
    pub(super) async fn swap(&self, register: &str, old: &Value, new: u64, call: RecordedCall) {
        if self.habit == Habit::ComparesItself {
            match self.value(register).await {
                Ok(value) if value == *old => self.write(register, new, call).await,
                Ok(_) => call.ok(false),
                Err(_) => call.failed(),
            }
            return;
        }
        let same = match old {
            Value::Int(old) => Compare::value(register, old.to_string()),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) => {
                Compare::missing(register)
            }
        };
        let change = Transaction::when([same]).then([Operation::put(register, new.to_string())]);
        self.change(change, call).await;
    }

    async fn change(&self, change: Transaction, call: RecordedCall) {
        let mut told = self.ask(change.clone()).await;
        if matches!(told, Told::Unknown) && self.habit == Habit::AsksAgain {
            told = self.ask(change).await;
        }
        match (told, self.habit) {
            (Told::Done, _) | (Told::Unknown, Habit::TakesUnknownForDone) => call.ok(()),
            (Told::Differed, _) => call.ok(false),
            (Told::Failed, _) | (Told::Unknown, Habit::TakesUnknownForFailed) => call.failed(),
            (Told::Unknown, _) => call.unknown(),
        }
    }

    async fn ask(&self, change: Transaction) -> Told {
        match self.store.transact(change).await {
            Ok(done) if done.succeeded => Told::Done,
            Ok(_) => Told::Differed,
            Err(TransactError::Unknown(_)) => Told::Unknown,
            Err(_) => Told::Failed,
        }
    }
}

fn number_of(text: &str) -> Value {
    text.parse::<i64>().map_or(Value::Null, Value::Int)
}
