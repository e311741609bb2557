//! Quoted-printable (RFC 2045 section 6.7) for pieces of a letter that are encoded apart.
//!
//! [`encode`] takes text with line feeds and gives lines of at most 76 octets ending in CRLF. The
//! encoding of a piece depends on nothing before or after it: pieces are joined with
//! [`SOFT_BREAK`], which decodes to nothing. So the fixed parts of a letter are encoded once, and
//! only what differs is encoded for each reader.

/// Ends a line of the encoding without ending a line of the text.
pub const SOFT_BREAK: &str = "=\r\n";

/// Octets on a line before its soft break.
const LONGEST: usize = 75;

/// The encoding of `text`. Blanks before a line's end are encoded, as section 6.7 rule 3 asks.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    encode_onto(&mut out, text);
    out
}

/// Adds the encoding of `text` to `out`.
pub fn encode_onto(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        let line = line.trim_end_matches('\r');
        let unblank = line.strip_suffix([' ', '\t']).unwrap_or(line);
        let width = encode_line(out, unblank);
        push_escaped(out, line.get(unblank.len()..).unwrap_or_default(), width);
        out.push_str("\r\n");
        rest = after;
    }
    encode_line(out, rest.trim_end_matches('\r'));
}

/// Encodes run by run: what stands for itself is copied as a whole. Returns the width of the last
/// line.
fn encode_line(out: &mut String, line: &str) -> usize {
    let mut width = 0;
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let room = LONGEST - width;
        let run = rest.bytes().take(room).take_while(|&octet| is_plain(octet)).count();
        let (plain, after) = rest.split_at(run);
        out.push_str(plain);
        width += run;
        rest = after;
        if run == room && after.bytes().next().is_some_and(is_plain) {
            out.push_str(SOFT_BREAK);
            width = 0;
        } else if run == 0 {
            let (sign, after) = rest.split_at(next.len_utf8());
            width = push_escaped(out, sign, width);
            rest = after;
        }
    }
    width
}

const fn is_plain(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'!'..=b'<' | b'>'..=b'~')
}

/// Adds each octet of `text` in its escaped form to a line of that width; returns the new width.
fn push_escaped(out: &mut String, text: &str, mut width: usize) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for octet in text.bytes() {
        if width + 3 > LONGEST {
            out.push_str(SOFT_BREAK);
            width = 0;
        }
        out.push('=');
        for nibble in [octet >> 4, octet & 15] {
            let digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.push(char::from(digit));
        }
        width += 3;
    }
    width
}

/// The text that an encoding stands for; what is no encoding is taken as it stands.
pub fn decode(encoded: &str) -> String {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = match (first, tail) {
            (b'=', [b'\r', b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) => match octet(*high, *low) {
                Some(octet) => {
                    octets.push(octet);
                    after
                }
                None => {
                    octets.push(first);
                    tail
                }
            },
            (b'\r', [b'\n', after @ ..]) => {
                octets.push(b'\n');
                after
            }
            _ => {
                octets.push(first);
                tail
            }
        };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_before_a_line_end_and_equals_signs_are_encoded() {
        assert_eq!(encode("a b \nc=d\n"), "a b=20\r\nc=3Dd\r\n");
        assert_eq!(encode("ends in a blank "), "ends in a blank ");
        assert_eq!(encode("é"), "=C3=A9");
    }

    proptest! {
        #[test]
        fn what_is_encoded_in_pieces_reads_as_the_whole(
            pieces in prop::collection::vec("[ -~\té漢🙂\n=.]{0,200}", 1..5)
        ) {
            let encoded: Vec<String> = pieces.iter().map(|piece| encode(piece)).collect();
            let joined = encoded.join(SOFT_BREAK) + "\r\n";
            prop_assert_eq!(decode(&joined), pieces.concat() + "\n");
            for line in joined.split("\r\n") {
                prop_assert!(line.len() <= 76, "{}", line);
                prop_assert!(!line.contains(['\r', '\n']));
            }
        }
    }
}
