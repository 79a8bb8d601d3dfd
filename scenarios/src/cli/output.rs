//! Standard output, which a reader may close at any time.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::AutoStream;

use super::error::CommandError;

/// Where results go. Colour is shown on a terminal only, and not if `NO_COLOR` is set.
/// Once the reader has closed it, what is written is dropped: `steadfast … | head`
/// ends quietly, and with the exit code of its result.
pub(crate) struct Output {
    stream: BufWriter<AutoStream<StdoutLock<'static>>>,
    closed: bool,
}

impl Output {
    pub(crate) fn standard() -> Self {
        Self {
            stream: BufWriter::new(AutoStream::auto(io::stdout().lock())),
            closed: false,
        }
    }

    /// Whether nobody reads any more, so that there is no use in going on.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), CommandError> {
        self.write(|stream| writeln!(stream, "{text}"))
    }

    /// Writes in whatever way.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        if self.closed {
            return Ok(());
        }
        let written = write(&mut self.stream);
        self.settle(written)
    }

    /// Hands over everything written so far.
    pub(crate) fn flush(&mut self) -> Result<(), CommandError> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.stream.flush();
        self.settle(flushed)
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<(), CommandError> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(CommandError::internal("standard output", &error)),
            Ok(()) => Ok(()),
        }
    }
}
