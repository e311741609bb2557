//! Lessons: what an outcome of SMTP says about our speed.
//!
//! A refusal about volume slows down the relay or the recipient's domain, whichever it is that
//! complains. Where that is open, what was said at the session's beginning, with 421 or about
//! the mail system is the relay's word, and a policy refusal (`x.7.x`) is the domain's, which a
//! relay that passes letters through repeats. A wrong guess slows down the wrong one for a while;
//! it costs no letter.

use super::{
    super::attempt::{Completion, Failure, Phase},
    wording::{enhanced, is_about_volume, is_spent, words},
};
use crate::domain::delivery::Reply;

/// What the pace learns from the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lesson {
    /// A server took the letter: there may be room for more.
    Taken,
    /// A server may have taken it: it counts, and teaches nothing.
    Doubtful,
    /// Nothing was taken, for a reason that has nothing to do with speed.
    Nothing,
    /// The relay was not there to be asked: that says nothing about the letter.
    Away,
    /// Too much or too fast for the relay or the domain.
    Slower(Scope),
    /// The relay takes no more today.
    Spent,
}

/// Who sets a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The server that we speak to.
    Relay,
    /// The server of the recipient's domain.
    Domain,
}

/// What a failure before the final dot teaches.
pub fn lesson_before_dot(failure: &Failure) -> Lesson {
    match &failure.reply {
        Some(reply) if !reply.is_positive() && is_about_volume(reply) => {
            if is_spent(reply) {
                Lesson::Spent
            } else {
                Lesson::Slower(scope(failure.phase, reply))
            }
        }
        _ if failure.phase <= Phase::Login => Lesson::Away,
        _ => Lesson::Nothing,
    }
}

/// What the end of an attempt whose intent is on record teaches.
pub fn lesson_after_dot(completion: &Completion) -> Lesson {
    match completion {
        Completion::NotSent(failure) => lesson_before_dot(failure),
        Completion::Lost(_) => Lesson::Doubtful,
        Completion::Replied(reply) if reply.is_positive() => Lesson::Taken,
        Completion::Replied(reply) if matches!(reply.code / 100, 4 | 5) => {
            lesson_before_dot(&Failure::refused(Phase::Body, reply.clone()))
        }
        Completion::Replied(_) => Lesson::Doubtful,
    }
}

fn scope(phase: Phase, reply: &Reply) -> Scope {
    let subject = enhanced(reply).map(|(subject, _)| subject);
    if phase <= Phase::Sender || words(reply).contains("connection") {
        return Scope::Relay;
    }
    match subject {
        Some(7) => Scope::Domain,
        Some(_) => Scope::Relay,
        None if reply.code == 421 => Scope::Relay,
        None => Scope::Domain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_complains_is_slowed_down_for() {
        const RELAY: Lesson = Lesson::Slower(Scope::Relay);
        const DOMAIN: Lesson = Lesson::Slower(Scope::Domain);
        for (phase, code, text, expected) in [
            (Phase::Greeting, 421, "too many connections", RELAY),
            (Phase::Login, 454, "4.7.0 too many requests", RELAY),
            (Phase::Sender, 450, "4.7.1 too much mail", RELAY),
            (Phase::Recipient, 452, "4.5.3 too many recipients", RELAY),
            (Phase::Recipient, 452, "4.3.1 insufficient system storage", RELAY),
            (Phase::Recipient, 450, "4.7.0 greylisted", DOMAIN),
            (Phase::Recipient, 451, "Greylisted, try again", DOMAIN),
            (Phase::Body, 421, "4.7.28 unusual rate", DOMAIN),
            (Phase::Body, 421, "4.7.0 too many concurrent connections", RELAY),
            (Phase::Body, 550, "5.4.5 Daily user sending limit exceeded", Lesson::Spent),
            (Phase::Recipient, 550, "5.1.1 no such user", Lesson::Nothing),
            (Phase::Recipient, 452, "4.2.2 mailbox full", Lesson::Nothing),
            (Phase::Login, 535, "5.7.8 bad password", Lesson::Away),
        ] {
            let failure = Failure::refused(phase, Reply::new(code, text));
            assert_eq!(lesson_before_dot(&failure), expected, "{phase} {code} {text}");
        }
    }

    #[test]
    fn what_a_server_may_have_counts() {
        let reply = |code| Completion::Replied(Reply::new(code, "what"));
        for (completion, expected) in [
            (reply(250), Lesson::Taken),
            (reply(354), Lesson::Doubtful),
            (Completion::Lost("gone".into()), Lesson::Doubtful),
            (reply(451), Lesson::Nothing),
            (Completion::NotSent(Failure::without_reply(Phase::Body, "gone")), Lesson::Nothing),
        ] {
            assert_eq!(lesson_after_dot(&completion), expected, "{completion:?}");
        }
    }
}
