//! What may be kept of a server's words: no address, no control character, not too much.

/// The longest reply that is kept, in characters.
const KEPT: usize = 500;

/// `text` fit to be kept: addresses masked (`a***@example.net`), no control characters, at most
/// 500 characters.
pub fn masked(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean.as_str();
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at..]);
        let start = local_start(before);
        out.push_str(&before[..start]);
        if let Some(first) = before[start..].chars().find(|c| *c != '"') {
            out.push(first);
            out.push_str("***");
        }
        out.push('@');
        rest = &after[1..];
    }
    out.push_str(rest);
    out.chars().take(KEPT).collect()
}

/// Where the local part that ends `text` begins.
fn local_start(text: &str) -> usize {
    if let Some(open) = text.strip_suffix('"') {
        return open.rfind('"').unwrap_or(open.len());
    }
    let outside = |c: char| c.is_whitespace() || "<>()[],;:\"@".contains(c);
    text.char_indices().rev().find(|(_, c)| outside(*c)).map_or(0, |(i, c)| i + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_names_nobody() {
        for (text, kept) in [
            ("250 2.0.0 ok", "250 2.0.0 ok"),
            ("no <ada@example.net> here", "no <a***@example.net> here"),
            ("rfc822;Ada.B+x@example.net", "rfc822;A***@example.net"),
            ("a@x.de,b@y.de", "a***@x.de,b***@y.de"),
            ("<\"ada lovelace\"@example.net>", "<a***@example.net>"),
            ("örjan@example.net", "ö***@example.net"),
            ("meet @ five", "meet @ five"),
            ("esc\u{1b}[31m", "esc [31m"),
        ] {
            assert_eq!(masked(text), kept);
        }
        assert_eq!(masked(&"x".repeat(9000)).len(), KEPT);
    }
}
