//! Deliveries: the obligation to put one edition before one subscriber, and what became of it.
//!
//! [`DeliveryState`] names what is certain; [`DeliveryState::may_become`] is the whole table of
//! moves. The table with its stories stands at the head of `outbox`; the store enforces it by
//! naming the expected state in each update.
//!
//! A [`Reply`] is what a server said (RFC 5321 section 4.2, RFC 3463), a [`Verdict`] our reading.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is certain about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Nothing handed over; may go once its `not_before` has passed.
    Ready,
    /// One worker has it until its lease ends; still nothing handed over.
    Leased,
    /// The intent is on record: octets may have crossed.
    Sending,
    /// A server took responsibility.
    Sent,
    /// Will not be tried again; the reason is kept.
    Failed,
    /// Came back after it was sent.
    Bounced,
    /// The reader left or was suppressed before anything was handed over.
    Suppressed,
    /// Withdrawn by the operator before anything was handed over.
    Cancelled,
    /// A crash or a lost reply between the final dot and the record: a server may have it.
    Uncertain,
}

use DeliveryState as S;

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        S::Ready,
        S::Leased,
        S::Sending,
        S::Sent,
        S::Failed,
        S::Bounced,
        S::Suppressed,
        S::Cancelled,
        S::Uncertain,
    ];

    /// The word in the store and in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            S::Ready => "ready",
            S::Leased => "leased",
            S::Sending => "sending",
            S::Sent => "sent",
            S::Failed => "failed",
            S::Bounced => "bounced",
            S::Suppressed => "suppressed",
            S::Cancelled => "cancelled",
            S::Uncertain => "uncertain",
        }
    }

    /// The state of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the move is in the table.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (S::Ready, S::Leased | S::Suppressed | S::Cancelled)
                | (S::Leased, S::Sending | S::Ready | S::Failed | S::Suppressed | S::Cancelled)
                | (S::Sending, S::Sent | S::Ready | S::Failed | S::Uncertain)
                | (S::Sent, S::Bounced)
                | (S::Failed, S::Ready)
                | (S::Uncertain, S::Sent | S::Failed | S::Ready)
        )
    }

    /// Whether a delivery in this state means that its reader has had its posts: anything but
    /// failed, suppressed and cancelled, which give the posts back to the next letter.
    pub const fn counts_as_had(self) -> bool {
        !matches!(self, S::Failed | S::Suppressed | S::Cancelled)
    }

    /// Whether work is left to do.
    pub const fn is_open(self) -> bool {
        matches!(self, S::Ready | S::Leased | S::Sending)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A server's reply: code, enhanced code where given, text on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// RFC 5321 reply code, e.g. 250.
    pub code: u16,
    /// RFC 3463 enhanced status code, e.g. `5.1.1`.
    pub enhanced: Option<String>,
    /// What else it said; several lines joined by a space.
    pub text: String,
}

impl Reply {
    /// A reply of `code` whose first line may begin with an enhanced code of the same class.
    pub fn new(code: u16, text: &str) -> Self {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if is_enhanced(first, code) {
            return Self { code, enhanced: Some(first.to_owned()), text: rest.to_owned() };
        }
        Self { code, enhanced: None, text }
    }

    /// 2xx.
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: the same may succeed later.
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = &self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

fn is_enhanced(word: &str, code: u16) -> bool {
    let mut parts = word.split('.');
    let class = parts.next().and_then(|class| class.parse::<u16>().ok());
    let rest: Vec<&str> = parts.collect();
    class == Some(code / 100)
        && rest.len() == 2
        && rest.iter().all(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit())
        })
}

/// Our reading of how an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A server took responsibility.
    Accepted(Reply),
    /// Nothing was taken; try again later. The text says why.
    Later(String),
    /// Nothing was taken and nothing ever will be: the refusal is about the recipient or the
    /// message.
    Never(String),
    /// Nothing was taken, and the refusal is about the sender: no reader pays for it.
    Ours(String),
    /// The final dot may have crossed and no reply came: a server may or may not have it.
    Unknown(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failed_and_uncertain_deliveries_come_back_from_an_end() {
        for from in DeliveryState::ALL {
            assert_eq!(DeliveryState::named(from.as_str()), Some(from));
            let moves: Vec<_> =
                DeliveryState::ALL.into_iter().filter(|&to| from.may_become(to)).collect();
            match from {
                S::Bounced | S::Suppressed | S::Cancelled => assert!(moves.is_empty(), "{from}"),
                S::Sent => assert_eq!(moves, [S::Bounced]),
                S::Failed => assert_eq!(moves, [S::Ready]),
                _ => assert!(!moves.is_empty(), "{from}"),
            }
        }
    }

    #[test]
    fn nothing_is_sent_or_uncertain_without_an_intent_on_record() {
        for from in DeliveryState::ALL {
            assert_eq!(from.may_become(S::Uncertain), from == S::Sending);
            assert_eq!(from.may_become(S::Sent), [S::Sending, S::Uncertain].contains(&from));
        }
    }

    #[test]
    fn replies_are_taken_apart_by_rfc_3463() {
        for (code, text, enhanced, rest) in [
            (250, "2.0.0 Ok: queued as 1", Some("2.0.0"), "Ok: queued as 1"),
            (550, "5.1.1\r\n no such user", Some("5.1.1"), "no such user"),
            (550, "4.1.1 of another class", None, "4.1.1 of another class"),
            (421, "too busy", None, "too busy"),
            (250, "", None, ""),
        ] {
            let reply = Reply::new(code, text);
            assert_eq!((reply.enhanced.as_deref(), reply.text.as_str()), (enhanced, rest));
        }
        assert_eq!(Reply::new(550, "5.1.1 no").to_string(), "550 5.1.1 no");
    }
}
