//! Writing a trace file.

use std::io::{self, Write};

use super::format::{Footer, Header, LineRef};
use crate::trace::{Clocks, Record};

/// Writes a trace file: header, records with their vector clocks, footer. Writes in
/// small pieces: give it a buffered output, and flush that afterwards.
///
/// # Errors
///
/// What the output says; a part may have been written then.
pub fn write<W: Write>(
    output: &mut W,
    header: &Header,
    records: &[Record],
    footer: &Footer,
) -> io::Result<()> {
    write_line(output, &LineRef::Header(header))?;
    let mut clocks = Clocks::new();
    for record in records {
        let clock = clocks.next(record);
        write_line(output, &LineRef::Entry { clock, record })?;
    }
    write_line(output, &LineRef::Footer(footer))
}

fn write_line<W: Write>(output: &mut W, line: &LineRef<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *output, line)?;
    output.write_all(b"\n")
}
