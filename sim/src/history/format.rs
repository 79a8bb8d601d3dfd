//! The formats of histories.

use super::entry::Entry;
use super::{edn, jepsen, json};

/// How the lines of a history are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A log of Jepsen: process, type, operation and value, apart at tabs or spaces,
    /// with or without `INFO  jepsen.util - ` before them. Lines of other loggers and
    /// of the nemesis are skipped. `:fail` of a `:cas` means what it means everywhere:
    /// it did not happen.
    Jepsen,
    /// One EDN map a line with `:process`, `:type`, `:f`, `:value` and perhaps `:key`
    /// and `:time`; what else is in the map is skipped, and so is the nemesis.
    Edn,
    /// Our own lines of JSON, see [the module](super).
    Json,
}

/// What a line is.
pub(super) enum Line {
    Event(Entry),
    /// A line that says nothing of the history.
    Skipped,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jepsen, Self::Edn, Self::Json];

    /// Its name, as on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Jepsen => "jepsen",
            Self::Edn => "edn",
            Self::Json => "json",
        }
    }

    /// The format that a line seems to have.
    pub(super) fn detect(line: &str) -> Option<Self> {
        let line = line.trim_start();
        if let Some(inside) = line.strip_prefix('{') {
            let edn = inside.trim_start().starts_with([':', '}']);
            return Some(if edn { Self::Edn } else { Self::Json });
        }
        if line.starts_with('#') || line.starts_with(';') {
            return Some(Self::Edn);
        }
        let jepsen = jepsen::is_log(line) || line.contains(":invoke");
        jepsen.then_some(Self::Jepsen)
    }

    /// Reads a line; `first` says that nothing came before it.
    pub(super) fn parse(self, line: &str, first: bool) -> Result<Line, String> {
        match self {
            Self::Jepsen => jepsen::parse(line),
            Self::Edn => edn::parse(line),
            Self::Json => json::parse(line, first),
        }
    }
}
