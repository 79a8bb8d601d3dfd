//! How a local backend is set up.

use crate::label::Label;

/// How a local backend is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalOptions {
    /// Whether only the holder may register itself, let go of a name and change its
    /// metadata. `false` unless set.
    pub owner_only: bool,
    /// The fields of metadata of which an index is kept, in every scope. A field that
    /// is a list is known by each of its elements. None unless set.
    pub indexed: Vec<Label>,
    /// The most registrations in all scopes. 100 million unless set.
    pub entries_max: usize,
    /// The most scopes. 65 536 unless set.
    pub scopes_max: usize,
}

impl LocalOptions {
    /// The most values of the whole registry.
    pub const META_MAX: usize = 1024;

    /// As stated at each field.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            owner_only: false,
            indexed: Vec::new(),
            entries_max: 100_000_000,
            scopes_max: 65_536,
        }
    }

    /// Only the holder may change what it holds.
    #[must_use]
    pub const fn owner_only(mut self) -> Self {
        self.owner_only = true;
        self
    }

    /// With an index of one more field.
    #[must_use]
    pub fn indexed(mut self, field: impl Into<Label>) -> Self {
        self.indexed.push(field.into());
        self
    }

    /// With this limit of registrations.
    #[must_use]
    pub const fn entries_max(mut self, most: usize) -> Self {
        self.entries_max = most;
        self
    }

    /// With this limit of scopes.
    #[must_use]
    pub const fn scopes_max(mut self, most: usize) -> Self {
        self.scopes_max = most;
        self
    }
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self::new()
    }
}
