//! Results on standard output, complaints on standard error, for as long as anybody reads them.
//!
//! A reader who has seen enough (`postrider check | head -1`) closes the pipe; what was still to
//! be said is then left unsaid, and the command ends as it would have ended. Any other fault of
//! standard output (a full disk behind `>`) is said once on standard error.

use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

/// One line of a result, written like `println!`.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::out::line(format_args!($($words)*)) };
}
pub(super) use say;

/// Whether a fault of standard output was told.
static TOLD: AtomicBool = AtomicBool::new(false);

pub(super) fn line(words: Arguments<'_>) {
    octets(format!("{words}\n").as_bytes());
}

/// Octets as they are.
pub(super) fn octets(octets: &[u8]) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_all(octets).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe && !TOLD.swap(true, Ordering::Relaxed) {
        complain(format_args!("cannot write to standard output: {error}"));
    }
}

/// So many of something, in the grammar that goes with the number.
pub(super) fn counted<N>(count: N, one: &str, many: &str) -> String
where
    N: std::fmt::Display + PartialEq + From<u8>,
{
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

/// A complaint. Where standard error is closed there is nobody left to be told.
pub(super) fn complain(words: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "postrider: {words}");
}

/// JSON for machines.
pub(super) fn json(value: &impl serde::Serialize) {
    say!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}

/// A remark beside a result that is for another program.
pub(super) fn note(words: &str) {
    let _ = writeln!(io::stderr(), "note: {words}");
}
