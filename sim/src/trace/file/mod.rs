//! Traces as files: JSON, one value a line.
//!
//! The first line is the header (format version, plan, build), then comes one line
//! for each record with its vector clock, and the last line is the footer (digest,
//! number of records, outcome). A file without a footer was cut off. Reading is
//! strict: what does not follow from the rest is refused with its line number.

mod error;
mod format;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use error::TraceFileError;
pub use format::{FORMAT_VERSION, Footer, Header, LINE_BYTES_MAX, TraceFile};
pub use reader::read;
pub use writer::write;
