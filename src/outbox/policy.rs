//! Policy: what an outcome of SMTP means, and when to try again. Pure.
//!
//! It promises that every outcome gets exactly one [`Verdict`], that nothing before the final dot
//! reads as accepted or unknown, and that a refusal about the sender never costs a reader the
//! letter: wherever codes and words leave it open who is meant, policy refusals (`5.7.x`) are
//! taken as ours and address and mailbox refusals (`5.1.x`, `5.2.x`) as the recipient's.
//!
//! It does not talk to anybody and keeps nothing: [`Failure`] and [`Completion`] are handed in,
//! time and seeds too.
//!
//! Standards: RFC 5321 section 4.2 (reply codes) and 4.5.4.1 (retrying: four to five days),
//! RFC 3463 (enhanced codes), RFC 7504 (521, 556).

use std::time::Duration;

use super::attempt::{Completion, Failure, Phase};
use crate::{
    domain::delivery::{Reply, Verdict},
    time::Timestamp,
};

/// The wait before the second attempt, and the shortest of all.
const FIRST_WAIT: Duration = Duration::from_secs(5 * 60);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a delivery is tried (RFC 5321 section 4.5.4.1).
const LIFETIME: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// The longest reply that is kept, in characters.
const KEPT: usize = 500;

/// Reads a failure before the final dot: never accepted, never unknown.
pub fn verdict_before_dot(failure: &Failure) -> Verdict {
    let text = failure.text.clone();
    let Some(reply) = &failure.reply else {
        return match failure.phase {
            Phase::Settings | Phase::Letter => Verdict::Ours(text),
            Phase::Address => Verdict::Never(text),
            _ => Verdict::Later(text),
        };
    };
    if is_about_sender(reply) || (is_permanent(reply) && failure.phase <= Phase::Sender) {
        Verdict::Ours(text)
    } else if is_permanent(reply) {
        Verdict::Never(text)
    } else {
        Verdict::Later(text)
    }
}

/// Reads the end of an attempt whose intent is on record.
pub fn verdict_after_dot(completion: &Completion) -> Verdict {
    match completion {
        Completion::NotSent(failure) => verdict_before_dot(failure),
        Completion::Lost(text) => Verdict::Unknown(text.clone()),
        Completion::Replied(reply) if reply.is_positive() => Verdict::Accepted(reply.clone()),
        Completion::Replied(reply) if is_permanent(reply) || reply.is_transient() => {
            verdict_before_dot(&Failure {
                phase: Phase::Body,
                reply: Some(reply.clone()),
                text: format!("refused after the letter: {reply}"),
            })
        }
        Completion::Replied(reply) => {
            Verdict::Unknown(format!("an answer to the letter that means nothing: {reply}"))
        }
    }
}

const fn is_permanent(reply: &Reply) -> bool {
    reply.code / 100 == 5
}

/// Whether a refusal is about us and would meet every reader alike.
fn is_about_sender(reply: &Reply) -> bool {
    let enhanced = reply.enhanced.as_deref().and_then(subject_and_detail);
    if reply.is_transient() {
        // Rate, PTR, authentication, TLS and alignment as large receivers report them.
        return matches!(enhanced, Some((7, 25..=30 | 32 | 40)));
    }
    if !is_permanent(reply) {
        return false;
    }
    match enhanced {
        Some((1, detail)) => matches!(detail, 7 | 8),
        Some((3, 4 | 5) | (5, 0..=2 | 4..)) => true,
        Some((2 | 4 | 6, _)) => false,
        Some((7, 2 | 13 | 17 | 18 | 124 | 129 | 133..=136)) => false,
        Some((7, _)) => !words(reply).contains("recipient address rejected"),
        _ => matches!(reply.code, 500..=504 | 530 | 534 | 535 | 538) || names_the_sender(reply),
    }
}

fn subject_and_detail(enhanced: &str) -> Option<(u16, u16)> {
    let mut parts = enhanced.split('.').skip(1).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

/// For refusals whose codes say nothing: words by which servers mean the sender.
fn names_the_sender(reply: &Reply) -> bool {
    const WORDS: [&str; 22] = [
        "authentication required",
        "black list",
        "blacklist",
        "block list",
        "blocklist",
        "client host",
        "dkim",
        "dmarc",
        "helo command rejected",
        "message size",
        "message too",
        "not authenticated",
        "relay access denied",
        "relaying denied",
        "relaying not",
        "reputation",
        "sender address rejected",
        "spam",
        "spf",
        "too large",
        "unauthenticated",
        "unsolicited",
    ];
    let text = words(reply);
    WORDS.iter().any(|word| text.contains(word))
}

/// The text of a reply in lower case without addresses, whose names may be anything.
fn words(reply: &Reply) -> String {
    let kept = reply.text.split_whitespace().filter(|word| !word.contains('@'));
    kept.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// When to try again a delivery that was opened at `opened` and put off at `now`; `None`: give
/// up, it has been tried for four days.
///
/// The wait doubles with `attempts` (those that got as far as an intent) and also follows the
/// age, so that it grows where attempts always end earlier; between five minutes and six hours,
/// spread by a fifth either way by `seed`. The last attempt is made when the lifetime ends.
pub fn next_attempt(
    attempts: u32,
    opened: Timestamp,
    now: Timestamp,
    seed: u64,
) -> Option<Timestamp> {
    let end = opened.plus(LIFETIME);
    if now >= end {
        return None;
    }
    let doubled = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    let wait = doubled.max(now.since(opened) / 2).min(LONGEST_WAIT);
    Some(now.plus(spread(wait, seed ^ u64::from(attempts))).min(end))
}

/// When a desk that could not reach its relay should try again. This never gives up: that the
/// relay is away says nothing about the reader.
pub fn after_outage(attempts: u32, opened: Timestamp, now: Timestamp, seed: u64) -> Timestamp {
    let longest = now.plus(spread(LONGEST_WAIT, seed));
    next_attempt(attempts, opened, now, seed).unwrap_or(longest)
}

/// `wait` times something between 0.8 and 1.2, but within the bounds.
fn spread(wait: Duration, seed: u64) -> Duration {
    // The finaliser of SplitMix64: neighbouring seeds give unrelated values.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let permille = u32::try_from((mixed ^ (mixed >> 31)) % 401).unwrap_or(200) + 800;
    (wait * permille / 1000).clamp(FIRST_WAIT, LONGEST_WAIT)
}

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

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Accepted(_) => "accepted",
            Verdict::Later(_) => "later",
            Verdict::Never(_) => "never",
            Verdict::Ours(_) => "ours",
            Verdict::Unknown(_) => "unknown",
        }
    }

    fn before(phase: Phase, code: u16, text: &str) -> &'static str {
        word(&verdict_before_dot(&Failure::refused(phase, Reply::new(code, text))))
    }

    #[test]
    fn a_refusal_about_the_recipient_is_never_and_one_about_us_is_ours() {
        for (phase, code, text, expected) in [
            (Phase::Recipient, 550, "5.1.1 no such user", "never"),
            (Phase::Recipient, 550, "User unknown", "never"),
            (Phase::Recipient, 552, "5.2.2 mailbox full", "never"),
            (Phase::Recipient, 556, "5.1.10 null MX", "never"),
            (Phase::Recipient, 501, "5.1.3 bad address syntax", "never"),
            (Phase::Recipient, 554, "5.7.1 <a@x.de>: Recipient address rejected: no", "never"),
            (Phase::Recipient, 550, "5.7.133 sender not allowed by this group", "never"),
            (Phase::Recipient, 550, "<spam@dkim.example> unknown", "never"),
            (Phase::Recipient, 554, "5.7.1 <a@x.de>: Relay access denied", "ours"),
            (Phase::Recipient, 553, "5.1.8 <me@x.de>: Sender address rejected", "ours"),
            (Phase::Recipient, 530, "Authentication required", "ours"),
            (Phase::Recipient, 554, "Service unavailable; blocked using blocklist", "ours"),
            (Phase::Recipient, 450, "4.2.0 greylisted", "later"),
            (Phase::Recipient, 452, "4.5.3 too many", "later"),
            (Phase::Sender, 550, "5.1.1 you?", "ours"),
            (Phase::Sender, 552, "5.3.4 too big", "ours"),
            (Phase::Sender, 451, "4.3.0 try again", "later"),
            (Phase::Sender, 421, "4.7.28 unusual rate", "ours"),
            (Phase::Login, 535, "5.7.8 bad password", "ours"),
            (Phase::Login, 454, "4.7.0 try again", "later"),
            (Phase::Greeting, 554, "no service here", "ours"),
            (Phase::Greeting, 421, "busy", "later"),
            (Phase::Hello, 421, "busy", "later"),
            (Phase::Data, 503, "5.5.1 out of order", "ours"),
            (Phase::Data, 250, "no, wait", "later"),
        ] {
            assert_eq!(before(phase, code, text), expected, "{phase} {code} {text}");
        }
    }

    #[test]
    fn the_senders_faults_that_large_receivers_report_are_ours() {
        for (code, enhanced) in [
            (421, "4.7.28"),
            (550, "5.7.28"),
            (550, "5.7.25"),
            (550, "5.7.26"),
            (550, "5.7.29"),
            (421, "4.7.32"),
            (550, "5.7.32"),
            (550, "5.7.515"),
        ] {
            let reply = Reply::new(code, &format!("{enhanced} refused"));
            let verdict = verdict_after_dot(&Completion::Replied(reply));
            assert_eq!(word(&verdict), "ours", "{enhanced}");
        }
    }

    #[test]
    fn only_an_answered_dot_is_certain() {
        let lost = Failure::without_reply(Phase::Body, "gone");
        for (completion, expected) in [
            (Completion::Replied(Reply::new(250, "2.0.0 queued")), "accepted"),
            (Completion::Replied(Reply::new(451, "4.3.0 later")), "later"),
            (Completion::Replied(Reply::new(421, "closing")), "later"),
            (Completion::Replied(Reply::new(550, "5.1.1 nobody")), "never"),
            (Completion::Replied(Reply::new(554, "5.7.1 spam")), "ours"),
            (Completion::Replied(Reply::new(554, "message looks like spam")), "ours"),
            (Completion::Replied(Reply::new(354, "go on")), "unknown"),
            (Completion::Lost("closed".into()), "unknown"),
            (Completion::NotSent(lost), "later"),
        ] {
            assert_eq!(word(&verdict_after_dot(&completion)), expected, "{completion:?}");
        }
    }

    #[test]
    fn nothing_before_the_dot_is_accepted_or_unknown() {
        const PHASES: [Phase; 12] = [
            Phase::Settings,
            Phase::Connect,
            Phase::Greeting,
            Phase::Hello,
            Phase::Tls,
            Phase::Login,
            Phase::Letter,
            Phase::Address,
            Phase::Sender,
            Phase::Recipient,
            Phase::Data,
            Phase::Body,
        ];
        for phase in PHASES {
            let silent = word(&verdict_before_dot(&Failure::without_reply(phase, "gone")));
            assert!(["later", "never", "ours"].contains(&silent), "{phase}");
            for code in 200..600 {
                let spoken = before(phase, code, "2.0.0 what");
                assert!(["later", "never", "ours"].contains(&spoken), "{phase} {code}");
            }
        }
    }

    #[test]
    fn waits_grow_within_bounds_and_end_after_four_days() {
        let opened = Timestamp::from_micros(1_000_000);
        let mut now = opened;
        let mut waits = Vec::new();
        for attempt in 0..1000 {
            let Some(next) = next_attempt(attempt, opened, now, 7) else { break };
            waits.push(next.since(now));
            now = next;
        }
        let minutes = |n: u64| Duration::from_secs(n * 60);
        assert_eq!(now, opened.plus(LIFETIME));
        assert!(waits[0] >= minutes(5) && waits[0] <= minutes(6), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= LONGEST_WAIT), "{waits:?}");
        assert!((15..60).contains(&waits.len()), "{}", waits.len());
    }

    #[test]
    fn waits_grow_even_where_no_attempt_gets_as_far_as_an_intent() {
        let opened = Timestamp::from_micros(0);
        let day = opened.plus(Duration::from_secs(86_400));
        let next = next_attempt(0, opened, day, 1).unwrap();
        assert!(next.since(day) > Duration::from_secs(4 * 3600));
        let late = opened.plus(LIFETIME * 2);
        assert_eq!(next_attempt(0, opened, late, 1), None);
        assert!(after_outage(0, opened, late, 1) > late);
    }

    #[test]
    fn neighbours_do_not_come_back_together() {
        let opened = Timestamp::from_micros(0);
        let now = opened.plus(Duration::from_secs(3600));
        let times: std::collections::BTreeSet<_> =
            (0..100).filter_map(|seed| next_attempt(3, opened, now, seed)).collect();
        assert!(times.len() > 60, "{}", times.len());
    }

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
