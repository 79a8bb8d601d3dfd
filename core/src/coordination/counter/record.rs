//! What a counter keeps in the store.

use crate::store::Value;

/// The version of the form, and what ends each part.
const VERSION: &str = "1:";

/// The value, and which operation made it: an operation whose answer was lost finds out
/// by that whether it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) value: i64,
    /// Unique among all operations of all participants.
    pub(super) operation: u128,
}

impl Record {
    pub(super) fn encode(&self) -> Value {
        let Self { value, operation } = self;
        format!("{VERSION}{value}:{operation:032x}").into()
    }

    /// `None` of anything that `encode` does not answer.
    pub(super) fn decode(bytes: &Value) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (value, operation) = text.strip_prefix(VERSION)?.split_once(':')?;
        let record = Self {
            value: value.parse().ok()?,
            operation: u128::from_str_radix(operation, 16).ok()?,
        };
        // Numbers have other forms, such as `+1`, that nobody wrote.
        (record.encode() == *bytes).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(value in any::<i64>(), operation in any::<u128>()) {
            let record = Record { value, operation };
            prop_assert_eq!(Record::decode(&record.encode()), Some(record));
        }

        #[test]
        fn nothing_else_is_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = Value::from(bytes);
            if let Some(record) = Record::decode(&bytes) {
                prop_assert_eq!(record.encode(), bytes);
            }
        }
    }

    #[test]
    fn g17_what_is_no_record_is_not_read() {
        let operation = "0".repeat(31) + "1";
        let good = format!("1:5:{operation}");
        assert!(Record::decode(&good.into()).is_some());
        for bad in [
            String::new(),
            "5".into(),
            "1:5".into(),
            "1:5:1".into(),
            format!("2:5:{operation}"),
            format!("1:+5:{operation}"),
            format!("1:05:{operation}"),
            format!("1:5.0:{operation}"),
            format!("1:9223372036854775808:{operation}"),
            format!("1:5:{operation} "),
            format!("1:5:+{}", &operation[1..]),
        ] {
            assert_eq!(Record::decode(&bad.as_str().into()), None, "{bad}");
        }
        assert_eq!(Record::decode(&b"1:5:\xff"[..].into()), None);
    }
}
