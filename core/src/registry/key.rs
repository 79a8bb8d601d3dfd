//! What a process is registered under: a name inside a scope.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use crate::label::Label;

/// Whether the names of a scope are held by one process or by many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// A name has at most one holder.
    Unique,
    /// A name is a group: any number of processes join it, each any number of times.
    Duplicate,
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unique => "unique",
            Self::Duplicate => "duplicate",
        })
    }
}

/// A name inside a scope. Displayed as `agents:planner`.
///
/// Equal names in different scopes have nothing to do with each other. No character
/// of a name has a meaning of its own, except that a name does not end in
/// [`Key::SEPARATOR`], so that a prefix that does is never itself a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The scope.
    pub scope: Label,
    /// The name.
    pub name: Label,
}

impl Key {
    /// Ends a prefix, and never a name.
    pub const SEPARATOR: char = '/';

    /// The longest scope and the longest name, in bytes.
    pub const LEN_MAX: usize = 512;

    /// A key, not yet checked.
    pub fn new(scope: impl Into<Label>, name: impl Into<Label>) -> Self {
        Self {
            scope: scope.into(),
            name: name.into(),
        }
    }

    /// Checks both parts.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidKey`] with the part and the reason: empty, longer than
    /// [`LEN_MAX`](Self::LEN_MAX), or a name that ends in
    /// [`SEPARATOR`](Self::SEPARATOR).
    pub fn check(&self) -> Result<(), RegistryError> {
        check_scope(&self.scope)?;
        check_part("name", &self.name)?;
        if self.name.ends_with(Self::SEPARATOR) {
            return Err(invalid(&self.name, "a name must not end in '/'"));
        }
        Ok(())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scope, self.name)
    }
}

/// Checks the name of a scope.
pub(crate) fn check_scope(scope: &Label) -> Result<(), RegistryError> {
    check_part("scope", scope)
}

fn check_part(part: &str, text: &Label) -> Result<(), RegistryError> {
    if text.is_empty() {
        return Err(invalid(text, &format!("a {part} must not be empty")));
    }
    if text.len() > Key::LEN_MAX {
        let start: String = text.chars().take(32).collect();
        let why = format!(
            "a {part} has at most {} bytes, not {}",
            Key::LEN_MAX,
            text.len()
        );
        return Err(invalid(&start, &why));
    }
    Ok(())
}

fn invalid(text: &str, why: &str) -> RegistryError {
    RegistryError::InvalidKey {
        text: text.into(),
        why: why.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(scope: &str, name: &str) -> Option<String> {
        let error = Key::new(scope, name).check().err()?;
        Some(error.to_string())
    }

    #[test]
    fn any_text_is_a_name_unless_it_is_empty_too_long_or_ends_like_a_prefix() {
        assert_eq!(why("s", "*"), None);
        assert_eq!(why("s", "_ $1 %"), None);
        assert_eq!(why("s", "a/b"), None);
        assert_eq!(why("s", &"x".repeat(Key::LEN_MAX)), None);
        assert!(why("s", "").is_some_and(|why| why.contains("must not be empty")));
        assert!(why("", "a").is_some_and(|why| why.contains("a scope must not be empty")));
        assert!(why("s", "a/").is_some_and(|why| why.contains("must not end in '/'")));
        let long = "x".repeat(Key::LEN_MAX + 1);
        assert!(why("s", &long).is_some_and(|why| why.contains("not 513")));
    }
}
