//! The names that everybody stores and looks for.

/// The scope of all names.
pub(crate) const SCOPE: &str = "agents";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A name, written without a heap allocation: `agent/` and eight digits.
pub(crate) struct Name([u8; 14]);

impl Name {
    /// The name of a number.
    pub(crate) fn of(number: u32) -> Self {
        let mut text = *b"agent/00000000";
        for (place, digit) in text[6..].iter_mut().enumerate() {
            *digit = DIGITS[(number >> (28 - 4 * place)) as usize & 15];
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it is ASCII")
    }
}

/// Numbers below `count` in an order that no cache can guess.
pub(crate) fn shuffled(count: u32, seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (((state >> 32) * u64::from(count)) >> 32) as u32
    })
}
