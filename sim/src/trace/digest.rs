//! What a trace comes to in 128 bits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The digest of a trace. Two runs with the same digest did the same things at the
/// same times in the same order. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

/// A text that is not a digest. No effect; a retry cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 32 hexadecimal digits, not {text:?}")]
pub struct DigestError {
    /// The text, cut after [`DigestError::TEXT_MAX`] characters.
    pub text: String,
}

impl DigestError {
    /// How much of a wrong text is kept.
    pub const TEXT_MAX: usize = 40;
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let refused = || DigestError {
            text: text.chars().take(DigestError::TEXT_MAX).collect(),
        };
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refused());
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| refused())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_its_text() {
        for digest in [Digest(0), Digest(0x0f), Digest(u128::MAX)] {
            assert_eq!(digest.to_string().len(), 32);
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let signed = format!("+{}", "0".repeat(31));
        let long = "0".repeat(1_000);
        for text in ["", "12", &signed, &long, "zz"] {
            let error = text.parse::<Digest>().unwrap_err();
            assert!(error.text.len() <= DigestError::TEXT_MAX);
        }
    }
}
