//! Short keys as one value.

/// The text of a key in one piece of memory, if it is short.
///
/// Whoever looks for a short key then reads nothing that lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image([u8; Self::BYTES]);

impl Image {
    const BYTES: usize = 24;

    /// The image of longer keys.
    const CUT: Self = Self([0; Self::BYTES]);

    /// The image of a key.
    pub(crate) fn of(scope: &str, name: &str) -> Self {
        let (scope, name) = (scope.as_bytes(), name.as_bytes());
        let mut bytes = [0; Self::BYTES];
        let (lengths, text) = bytes.split_at_mut(2);
        let Some((left, rest)) = text.split_at_mut_checked(scope.len()) else {
            return Self::CUT;
        };
        let Some(right) = rest.get_mut(..name.len()) else {
            return Self::CUT;
        };
        left.copy_from_slice(scope);
        right.copy_from_slice(name);
        // Both are short; the one tells an empty name from none.
        lengths[0] = scope.len() as u8;
        lengths[1] = name.len() as u8 + 1;
        Self(bytes)
    }

    /// Scope and name, if it is whole.
    #[inline(always)]
    pub(crate) fn text(&self) -> Option<(&[u8], &[u8])> {
        let (lengths, text) = self.0.split_at(2);
        let name_len = usize::from(lengths[1]).checked_sub(1)?;
        let (scope, rest) = text.split_at_checked(usize::from(lengths[0]))?;
        Some((scope, rest.get(..name_len)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT_MAX: usize = Image::BYTES - 2;

    fn text(scope: &str, name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        let image = Image::of(scope, name);
        let (scope, name) = image.text()?;
        Some((scope.to_vec(), name.to_vec()))
    }

    #[test]
    fn a_short_key_is_held_whole_up_to_its_last_byte() {
        let most = "x".repeat(TEXT_MAX);
        let halves = most.split_at(TEXT_MAX / 3);
        for (scope, name) in [("", ""), ("s", "n"), ("", &*most), (&*most, ""), halves] {
            assert_eq!(text(scope, name), Some((scope.into(), name.into())));
        }
    }

    #[test]
    fn a_longer_key_is_not_held_at_all() {
        let most = "x".repeat(TEXT_MAX);
        let long = most.repeat(20);
        for (scope, name) in [("s", &*most), (&*most, "n"), (&*long, "n"), ("s", &*long)] {
            assert_eq!(text(scope, name), None);
        }
    }
}
