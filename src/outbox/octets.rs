//! Octets: a letter as it may cross the wire. Pure.
//!
//! [`faulty_line`] finds what no letter may hold; [`stuffed`] doubles dots. Neither changes what
//! the reader gets.
//!
//! Standard: RFC 5321 sections 2.3.8 (lines) and 4.5.2 (transparency).

use std::borrow::Cow;

/// The first line, from 1, that holds a CR or LF which is not part of a CRLF: letters that hold
/// one are read differently by different servers, which is how letters are smuggled.
pub(super) fn faulty_line(message: &[u8]) -> Option<usize> {
    let is_faulty = |(&one, &next): (&u8, &u8)| (one == b'\r') != (next == b'\n');
    let pairs = || message.iter().zip(message.get(1..).unwrap_or_default());
    let ends = message.first() == Some(&b'\n') || message.last() == Some(&b'\r');
    // Without a branch, since this looks at every octet of every letter.
    if !pairs().fold(ends, |faulty, pair| faulty | is_faulty(pair)) {
        return None;
    }
    let first = if message.first() == Some(&b'\n') {
        Some(0)
    } else {
        pairs().position(is_faulty).map(|at| at + 1)
    };
    let before = message.get(..first.unwrap_or(message.len())).unwrap_or_default();
    Some(1 + memchr::memchr_iter(b'\n', before).count())
}

/// The message with a dot before each dot that begins a line, its last line ended.
pub(super) fn stuffed(message: &[u8]) -> Cow<'_, [u8]> {
    let mut dots = memchr::memmem::find_iter(message, b"\r\n.").peekable();
    if message.first() != Some(&b'.') && dots.peek().is_none() {
        return ended(message);
    }
    let mut out = Vec::with_capacity(message.len() + 64);
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    let mut copied = 0;
    for at in dots {
        out.extend_from_slice(&message[copied..at + 2]);
        out.push(b'.');
        copied = at + 2;
    }
    out.extend_from_slice(&message[copied..]);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    Cow::Owned(out)
}

/// The message with its last line ended.
pub(super) fn ended(message: &[u8]) -> Cow<'_, [u8]> {
    if message.is_empty() || message.ends_with(b"\r\n") {
        return Cow::Borrowed(message);
    }
    Cow::Owned([message, b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bare_cr_or_lf_is_found_with_its_line() {
        for (message, line) in [
            (&b"a\r\nb\r\n"[..], None),
            (b"", None),
            (b"a\r\nb\nc\r\n", Some(2)),
            (b"a\rb\r\n", Some(1)),
            (b"a\r\n\r", Some(2)),
            (b"a\r\n\n", Some(2)),
            (b"\n.\n", Some(1)),
            (b"a\r\r\n", Some(1)),
        ] {
            assert_eq!(faulty_line(message), line, "{message:?}");
        }
    }

    /// What a server keeps of a letter that crossed (RFC 5321 section 4.5.2); `None`: it would end
    /// before its end.
    fn received(wire: &[u8]) -> Option<Vec<u8>> {
        let mut kept = Vec::new();
        for line in wire.split_inclusive(|octet| *octet == b'\n') {
            if line == b".\r\n" {
                return None;
            }
            kept.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        Some(kept)
    }

    proptest! {
        #[test]
        fn what_was_stuffed_is_received_as_it_was(
            lines in prop::collection::vec("\\.{0,3}[a-c.]{0,4}", 0..20), is_ended in any::<bool>()
        ) {
            let mut message = lines.join("\r\n").into_bytes();
            if is_ended && !message.is_empty() {
                message.extend_from_slice(b"\r\n");
            }
            let wire = stuffed(&message);
            prop_assert_eq!(received(&wire), Some(ended(&message).into_owned()));
            prop_assert!(wire.is_empty() || wire.ends_with(b"\r\n"));
        }
    }
}
