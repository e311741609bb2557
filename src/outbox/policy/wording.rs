//! Wording: codes and words of replies, as far as `verdict` and `lesson` both read them.
//!
//! Addresses are left out of the words: a mailbox may be called `quota@spam.example`.

use crate::domain::delivery::Reply;

/// Words by which servers say: too much, too fast, or not today.
const VOLUME: [&str; 19] = [
    "credits exceeded",
    "daily limit",
    "daily quota",
    "greylist",
    "graylist",
    "hourly limit",
    "message quota",
    "messaging limit",
    "rate exceeded",
    "rate limit",
    "ratelimit",
    "relay limit",
    "sending limit",
    "sending quota",
    "throttl",
    "too fast",
    "too much mail",
    "too quickly",
    "unexpected volume",
];
/// What there can be too many of.
const MANY: [&str; 6] = ["connections", "emails", "messages", "recipients", "requests", "sessions"];
/// Words by which servers say that it is over for today.
const SPENT: [&str; 6] = ["24 h", "credits exceeded", "daily", "per day", "quota", "today"];

/// Subject and detail of the enhanced code (RFC 3463 section 2).
pub(super) fn enhanced(reply: &Reply) -> Option<(u16, u16)> {
    let mut parts = reply.enhanced.as_deref()?.split('.').skip(1).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

/// The text of a reply in lower case without addresses.
pub(super) fn words(reply: &Reply) -> String {
    let kept = reply.text.split_whitespace().filter(|word| !word.contains('@'));
    kept.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a refusal is about how much or how fast we send, not about the letter. What a mailbox
/// has room for (`x.2.x`) is its owner's affair.
pub(super) fn is_about_volume(reply: &Reply) -> bool {
    match enhanced(reply) {
        Some((2, _)) => false,
        Some((4, 5) | (5, 3) | (7, 28)) => true,
        Some((3, 1 | 2)) if reply.is_transient() => true,
        Some((4, 2)) if reply.code == 421 => false,
        _ => reply.code == 421 || names_volume(&words(reply)),
    }
}

fn names_volume(words: &str) -> bool {
    VOLUME.iter().any(|word| words.contains(word))
        || words.split("too many ").skip(1).any(|what| MANY.iter().any(|m| what.starts_with(m)))
}

/// Whether what is about volume is over for today rather than too fast just now.
pub(super) fn is_spent(reply: &Reply) -> bool {
    let words = words(reply);
    enhanced(reply) == Some((4, 5)) && !reply.is_transient()
        || SPENT.iter().any(|word| words.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_told_from_a_full_mailbox_and_a_letter_too_large() {
        for (code, text, expected) in [
            (452, "4.5.3 too many recipients", true),
            (454, "Throttling failure: Maximum sending rate exceeded.", true),
            (550, "5.4.5 Daily SMTP relay limit exceeded for user", true),
            (450, "4.7.1 Error: too much mail from 192.0.2.1", true),
            (421, "4.4.2 timeout, closing", false),
            (552, "5.2.2 mailbox quota exceeded", false),
            (450, "4.2.1 receiving mail too quickly", false),
            (552, "5.3.4 message size limit exceeded", false),
            (550, "too many errors", false),
            (550, "<too.fast@sending.example> unknown", false),
            (451, "4.3.0 try again", false),
        ] {
            assert_eq!(is_about_volume(&Reply::new(code, text)), expected, "{code} {text}");
        }
    }

    #[test]
    fn a_day_that_is_over_is_told_from_a_moment() {
        for (code, text, expected) in [
            (454, "Throttling failure: Daily message quota exceeded", true),
            (550, "5.4.5 Daily user sending limit exceeded", true),
            (550, "5.4.5 limit exceeded", true),
            (451, "4.4.5 congested", false),
            (454, "Throttling failure: Maximum sending rate exceeded.", false),
        ] {
            assert_eq!(is_spent(&Reply::new(code, text)), expected, "{text}");
        }
    }
}
