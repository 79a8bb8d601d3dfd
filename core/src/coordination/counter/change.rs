//! What an operation makes of the value that it finds.

use super::record::Record;
use crate::coordination::error::CounterError;
use crate::coordination::excerpt::excerpt;
use crate::label::Label;
use crate::store::{Entry, Reading, Revision};

/// What is wanted of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Adds this.
    Add(i64),
    /// Makes it this, whatever it is.
    Store(i64),
    /// Makes it `value` if it is `expected`.
    Set { expected: i64, value: i64 },
}

/// What was found of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// When that was.
    pub(super) revision: Revision,
    pub(super) entry: Option<Entry>,
}

impl From<Reading> for Found {
    fn from(reading: Reading) -> Self {
        Self {
            revision: reading.revision,
            entry: reading.into_first(),
        }
    }
}

impl Found {
    /// The value, if there is one.
    pub(super) fn value(&self, counter: &Label) -> Result<Option<i64>, CounterError> {
        let Some(entry) = &self.entry else {
            return Ok(None);
        };
        match Record::decode(&entry.value) {
            Some(record) => Ok(Some(record.value)),
            None => Err(CounterError::Corrupt {
                counter: counter.clone(),
                content: excerpt(&entry.value),
            }),
        }
    }
}

impl Change {
    /// The value before, if there was one, and the value after.
    pub(super) fn apply(
        self,
        counter: &Label,
        found: &Found,
    ) -> Result<(Option<i64>, i64), CounterError> {
        let before = found.value(counter);
        if let Self::Store(value) = self {
            // It is how a value that cannot be read is put right.
            return Ok((before.unwrap_or(None), value));
        }
        let before = before?;
        let now = before.unwrap_or(0);
        let counter = counter.clone();
        let after = match self {
            Self::Store(value) => value,
            Self::Add(by) => now.checked_add(by).ok_or(CounterError::Overflow {
                counter,
                value: now,
                by,
            })?,
            Self::Set { expected, value } if expected == now => value,
            Self::Set { expected, .. } => {
                return Err(CounterError::Unexpected {
                    counter,
                    expected,
                    found: now,
                });
            }
        };
        Ok((before, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Value;

    fn found(value: impl Into<Value>) -> Found {
        let entry = Entry {
            key: "key".into(),
            value: value.into(),
            create_revision: Revision(2),
            mod_revision: Revision(3),
            version: 2,
            lease: None,
        };
        Found {
            revision: Revision(4),
            entry: Some(entry),
        }
    }

    fn number(value: i64) -> Found {
        let operation = 7;
        found(Record { value, operation }.encode())
    }

    const MISSING: Found = Found {
        revision: Revision(4),
        entry: None,
    };

    fn apply(change: Change, found: &Found) -> Result<(Option<i64>, i64), CounterError> {
        change.apply(&"hits".into(), found)
    }

    #[test]
    fn a_counter_that_is_missing_is_zero() {
        assert_eq!(apply(Change::Add(-2), &MISSING), Ok((None, -2)));
        assert_eq!(apply(Change::Store(4), &MISSING), Ok((None, 4)));
        let set = Change::Set {
            expected: 0,
            value: 4,
        };
        assert_eq!(apply(set, &MISSING), Ok((None, 4)));
    }

    #[test]
    fn g16_a_value_is_set_only_if_it_is_the_expected_one() {
        let set = Change::Set {
            expected: 3,
            value: 4,
        };
        assert_eq!(apply(set, &number(3)), Ok((Some(3), 4)));
        for (found, state) in [(5, number(5)), (0, MISSING)] {
            let (counter, expected) = ("hits".into(), 3);
            let error = CounterError::Unexpected {
                counter,
                expected,
                found,
            };
            assert_eq!(apply(set, &state), Err(error));
        }
        assert_eq!(apply(Change::Store(4), &number(5)), Ok((Some(5), 4)));
    }

    #[test]
    fn g17_a_sum_that_does_not_fit_is_an_error() {
        for (value, by) in [(i64::MAX, 1), (i64::MIN, -1), (2, i64::MAX)] {
            let counter = "hits".into();
            let error = CounterError::Overflow { counter, value, by };
            assert_eq!(apply(Change::Add(by), &number(value)), Err(error));
        }
        let low = apply(Change::Add(i64::MIN), &number(i64::MAX));
        assert_eq!(low, Ok((Some(i64::MAX), -1)));
    }

    #[test]
    fn g17_only_a_replacement_touches_what_is_no_number() {
        let (counter, content) = ("hits".into(), "five".into());
        let error = CounterError::Corrupt { counter, content };
        let set = Change::Set {
            expected: 0,
            value: 4,
        };
        for change in [Change::Add(1), set] {
            assert_eq!(apply(change, &found("five")), Err(error.clone()));
        }
        assert_eq!(apply(Change::Store(4), &found("five")), Ok((None, 4)));
    }
}
