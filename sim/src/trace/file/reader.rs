//! Reading a trace file, strictly.

use std::io::{BufRead, Read};

use serde::Deserialize;

use super::error::TraceFileError;
use super::format::{FORMAT_VERSION, Footer, Header, LINE_BYTES_MAX, Line, TraceFile};
use crate::trace::{Clocks, Digest, Record, VectorClock, digest_of};

/// Reads a trace file and checks that it is whole: every record follows the one
/// before, every vector clock follows from the records, and the digest is that of
/// the records, if they are all there.
///
/// # Errors
///
/// The first thing that is wrong; see [`TraceFileError`].
pub fn read<R: BufRead>(input: R) -> Result<TraceFile, TraceFileError> {
    let mut lines = Lines { input, line: 0 };
    let header = lines.header()?;
    let mut records = Vec::new();
    let mut clocks = Clocks::new();
    let footer = loop {
        let expected = "an entry or the footer";
        match lines.next(expected)? {
            Line::Entry { clock, record } => {
                check_entry(lines.line, records.last(), &record, &clock, &mut clocks)?;
                records.push(record);
            }
            Line::Footer(footer) => break footer,
            found @ Line::Header(_) => return Err(lines.misplaced(expected, &found)),
        }
    };
    check_footer(lines.line, &records, &footer)?;
    lines.end()?;
    Ok(TraceFile {
        header,
        records,
        footer,
    })
}

struct Lines<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn header(&mut self) -> Result<Header, TraceFileError> {
        let expected = "the header";
        let Some(bytes) = self.bytes()? else {
            return Err(TraceFileError::Truncated { line: 1, expected });
        };
        // The version decides how the rest is to be read, so it is read first.
        if let Ok(Versioned { header }) = serde_json::from_slice(&bytes)
            && header.format_version != u64::from(FORMAT_VERSION)
        {
            return Err(TraceFileError::Version {
                line: self.line,
                found: header.format_version,
                supported: FORMAT_VERSION,
            });
        }
        match self.parse(&bytes)? {
            Line::Header(header) => Ok(*header),
            found @ (Line::Entry { .. } | Line::Footer(_)) => Err(self.misplaced(expected, &found)),
        }
    }

    fn next(&mut self, expected: &'static str) -> Result<Line, TraceFileError> {
        match self.bytes()? {
            Some(bytes) => self.parse(&bytes),
            None => Err(TraceFileError::Truncated {
                line: self.line + 1,
                expected,
            }),
        }
    }

    fn end(&mut self) -> Result<(), TraceFileError> {
        match self.bytes()? {
            None => Ok(()),
            Some(_) => Err(TraceFileError::Misplaced {
                line: self.line,
                expected: "the end of the file",
                found: "another line",
            }),
        }
    }

    /// The next line without its end; `None` at the end of the file.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, TraceFileError> {
        let line = self.line + 1;
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| TraceFileError::Read { line, source })?;
        if read == 0 {
            return Ok(None);
        }
        self.line = line;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() as u64 > LINE_BYTES_MAX {
            return Err(TraceFileError::LineTooLong { line });
        }
        Ok(Some(bytes))
    }

    fn parse(&self, bytes: &[u8]) -> Result<Line, TraceFileError> {
        serde_json::from_slice(bytes).map_err(|error| {
            let text = error.to_string();
            // The parser sees one line at a time, so what it calls a line is always 1.
            let reason = text.split(" at line ").next().unwrap_or_default();
            TraceFileError::Malformed {
                line: self.line,
                column: error.column(),
                reason: reason.to_owned(),
            }
        })
    }

    fn misplaced(&self, expected: &'static str, found: &Line) -> TraceFileError {
        TraceFileError::Misplaced {
            line: self.line,
            expected,
            found: found.word(),
        }
    }
}

#[derive(Deserialize)]
struct Versioned {
    header: Version,
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

fn check_entry(
    line: u64,
    last: Option<&Record>,
    record: &Record,
    clock: &VectorClock,
    clocks: &mut Clocks,
) -> Result<(), TraceFileError> {
    if let Some(last) = last {
        let expected = last.index.saturating_add(1);
        if record.index != expected {
            return Err(TraceFileError::Sequence {
                line,
                expected,
                found: record.index,
            });
        }
        if record.time < last.time {
            return Err(TraceFileError::TimeWentBack {
                line,
                before: last.time,
                found: record.time,
            });
        }
    }
    if clocks.next(record) == *clock {
        Ok(())
    } else {
        Err(TraceFileError::Clock { line })
    }
}

fn check_footer(line: u64, records: &[Record], footer: &Footer) -> Result<(), TraceFileError> {
    let Some((first, last)) = records.first().zip(records.last()) else {
        // A trace of which nothing was kept says nothing that could be checked.
        return Ok(());
    };
    let found = last.index.saturating_add(1);
    if footer.records != found {
        return Err(TraceFileError::Count {
            line,
            stated: footer.records,
            found,
        });
    }
    if first.index != 0 {
        return Ok(());
    }
    let computed: Digest = digest_of(records);
    if computed == footer.digest {
        Ok(())
    } else {
        Err(TraceFileError::DigestMismatch {
            line,
            stated: footer.digest,
            computed,
        })
    }
}
