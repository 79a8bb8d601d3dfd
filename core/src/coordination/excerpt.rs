//! Stored bytes as text that is short enough for facts and errors.

use crate::label::Label;
use crate::store::Value;

/// How many bytes are shown.
const SHOWN: usize = 48;

/// The beginning of a value as text, with the number of bytes that are not shown.
pub(super) fn excerpt(value: &Value) -> Label {
    let (shown, rest) = value.split_at(value.len().min(SHOWN));
    let text = shown.escape_ascii();
    match rest.len() {
        0 => text.to_string().into(),
        more => format!("{text} and {more} bytes").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_shown_whole_and_long_ones_from_their_beginning() {
        assert_eq!(excerpt(&"yes\n".into()), "yes\\n");
        assert_eq!(excerpt(&"".into()), "");
        let long = "x".repeat(SHOWN);
        assert_eq!(excerpt(&long.as_str().into()), long.as_str());
        let expected = format!("{long} and 2 bytes");
        assert_eq!(excerpt(&format!("{long}yz").into()), expected.as_str());
    }
}
