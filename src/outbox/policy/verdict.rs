//! Verdicts: what an outcome of SMTP means for the delivery.
//!
//! It promises that every outcome gets exactly one [`Verdict`], that nothing before the final dot
//! reads as accepted or unknown, and that a refusal about the sender never costs a reader the
//! letter: wherever codes and words leave it open who is meant, policy refusals (`5.7.x`) are
//! taken as ours and address and mailbox refusals (`5.1.x`, `5.2.x`) as the recipient's.
//!
//! Too much, too fast and *no more today* only mean later, also where a server says so with a
//! 5xx code: the letter is as good as before, and `lesson` tells the pace. The exception is
//! `x.7.28`, by which large receivers say that they take us for spammers.
//!
//! Standards: RFC 5321 section 4.2 (reply codes), RFC 3463 and 7372 (enhanced codes), RFC 7504
//! (521, 556).

use super::{
    super::attempt::{Completion, Failure, Phase},
    wording::{enhanced, is_about_volume, words},
};
use crate::domain::delivery::{Reply, Verdict};

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
    if is_about_sender(reply) {
        Verdict::Ours(text)
    } else if !is_permanent(reply) || is_about_volume(reply) {
        Verdict::Later(text)
    } else if failure.phase <= Phase::Sender {
        Verdict::Ours(text)
    } else {
        Verdict::Never(text)
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
    let enhanced = enhanced(reply);
    if enhanced == Some((7, 28)) {
        return true;
    }
    if reply.is_transient() {
        // PTR, authentication, TLS, alignment and a password to be changed, as large receivers
        // report them. 4.7.24 is missing: a name server of somebody's did not answer.
        return matches!(enhanced, Some((7, 12 | 20..=23 | 25..=30 | 32 | 40)));
    }
    if !is_permanent(reply) || is_about_volume(reply) {
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
            (Phase::Recipient, 421, "too many connections", "later"),
            (Phase::Recipient, 421, "4.7.0 [TSS04] deferred: unexpected volume", "later"),
            (Phase::Recipient, 450, "4.7.0 greylisted, come back in 300 seconds", "later"),
            (Phase::Recipient, 451, "4.7.24 SPF could not be looked up", "later"),
            (Phase::Recipient, 550, "5.4.5 Daily user sending limit exceeded", "later"),
            (Phase::Recipient, 550, "5.1.90 daily limit for message recipients", "later"),
            (Phase::Sender, 550, "sending rate exceeded", "later"),
            (Phase::Body, 554, "5.7.0 too many messages today", "later"),
            (Phase::Login, 432, "4.7.12 change your password", "ours"),
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
            (421, "4.7.26"),
            (421, "4.7.32"),
            (550, "5.7.25"),
            (550, "5.7.26"),
            (550, "5.7.28"),
            (550, "5.7.29"),
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
}
