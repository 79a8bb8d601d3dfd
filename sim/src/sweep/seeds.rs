//! Ranges of seeds.

use std::fmt;
use std::num::ParseIntError;
use std::ops::Range;
use std::str::FromStr;

/// Seeds from a first one up to but not including an end. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    first: u64,
    end: u64,
}

/// A text or a range that names no seeds. No effect; a retry cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedsError {
    /// The text has another form.
    #[error("{text:?} is not a range of seeds: write A..B, such as 0..100, or one number")]
    Form {
        /// The text.
        text: String,
    },
    /// A bound is not a number that a seed can be.
    #[error("{text:?} is not a seed: {source}")]
    Number {
        /// The text.
        text: String,
        /// Why.
        source: ParseIntError,
    },
    /// The range ends before it begins, or where it begins.
    #[error("the range of seeds {first}..{end} is {}, so it names no seed", if first == end { "empty" } else { "reversed" })]
    Empty {
        /// Where it begins.
        first: u64,
        /// Where it ends.
        end: u64,
    },
}

impl Seeds {
    /// The seeds of a range.
    ///
    /// # Errors
    ///
    /// [`SeedsError::Empty`].
    pub const fn new(range: Range<u64>) -> Result<Self, SeedsError> {
        let Range { start: first, end } = range;
        if first < end {
            Ok(Self { first, end })
        } else {
            Err(SeedsError::Empty { first, end })
        }
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.end - self.first
    }

    /// All of them, ascending.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        self.first..self.end
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.end)
    }
}

impl FromStr for Seeds {
    type Err = SeedsError;

    /// Reads `A..B`, `A..=B` or one number.
    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let Some((first, end)) = text.split_once("..") else {
            let first = number(text)?;
            return Self::new(first..after(first, text)?);
        };
        if first.is_empty() || end.is_empty() {
            return Err(SeedsError::Form {
                text: text.to_owned(),
            });
        }
        let first = number(first)?;
        let end = match end.strip_prefix('=') {
            Some(last) => after(number(last)?, text)?,
            None => number(end)?,
        };
        Self::new(first..end)
    }
}

fn number(text: &str) -> Result<u64, SeedsError> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(SeedsError::Form {
            text: text.to_owned(),
        });
    }
    text.parse().map_err(|source| SeedsError::Number {
        text: text.to_owned(),
        source,
    })
}

/// The end of a range with this last seed; the very last number cannot be in one.
fn after(last: u64, text: &str) -> Result<u64, SeedsError> {
    last.checked_add(1).ok_or_else(|| SeedsError::Form {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_three_forms() {
        for (text, range) in [("0..100", 0..100), ("7", 7..8), ("3..=5", 3..6)] {
            let seeds: Seeds = text.parse().unwrap();
            assert_eq!(seeds.range(), range);
            assert_eq!(seeds.count(), range.end - range.start);
            assert_eq!(seeds.to_string().parse(), Ok(seeds));
        }
    }

    #[test]
    fn ranges_without_a_seed_are_refused() {
        for text in ["5..5", "9..3", "0..0", "4..=3"] {
            let refused = matches!(text.parse::<Seeds>(), Err(SeedsError::Empty { .. }));
            // An inclusive range that ends one before its start is empty too.
            assert!(refused, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_range_are_refused() {
        let last = u64::MAX.to_string();
        for text in [
            "", "..", "1..", "..5", "a..b", "-1..4", "1...4", "1..4..9", &last,
        ] {
            let error = text.parse::<Seeds>().unwrap_err();
            assert!(
                matches!(error, SeedsError::Form { .. } | SeedsError::Number { .. }),
                "{text}"
            );
        }
        let long = "99999999999999999999";
        assert!(matches!(
            long.parse::<Seeds>(),
            Err(SeedsError::Number { .. })
        ));
    }
}
