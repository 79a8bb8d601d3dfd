//! How much a check may take.

/// Bounds of a check, for each key by itself.
///
/// What is bounded is the memory of configurations and states, which is what grows
/// without measure. Beside it a check needs the history and about 200 bytes for each
/// of its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes of what is remembered.
    pub memory_bytes: usize,
    /// The most placements that are tried.
    pub steps: u64,
}

impl Default for Bounds {
    /// 256 MiB and 100 million steps.
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            steps: 100_000_000,
        }
    }
}
