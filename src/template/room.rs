//! Room: where a template writes, as long as it stops in time.
//!
//! Tera has no limit of its own on how much a template writes, so a loop within loops would fill
//! the memory. What goes past [`LIMIT`] ends the rendering.

use std::io::{self, Write};

/// Octets that a template may write: far more than any page, far less than a machine's memory.
pub(super) const LIMIT: usize = 32 * 1024 * 1024;

/// What was written so far.
#[derive(Default)]
pub(super) struct Room {
    octets: Vec<u8>,
    is_full: bool,
}

impl Room {
    /// What was written.
    pub(super) fn text(self) -> String {
        String::from_utf8(self.octets).unwrap_or_default()
    }

    /// Whether something did not fit.
    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }
}

impl Write for Room {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.octets.len() + octets.len() > LIMIT {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.octets.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
