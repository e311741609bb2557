//! An attempt to hand over one letter: its envelope, how far it came, how it ended. Pure.
//!
//! The final dot divides it. Before it an attempt can only fail ([`Failure`]: nothing was taken);
//! sending it ends in a [`Completion`], of which one kind leaves a doubt. What either means for
//! the delivery is `policy`'s to say.
//!
//! Standard: RFC 5321 sections 2.3.1 (envelope), 4.2 (replies) and 3.8 (421).

use std::fmt;

use crate::domain::{address::Address, delivery::Reply};

/// Reverse and forward path (RFC 5321 section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where failures are reported to.
    pub from: Address,
    /// The reader.
    pub to: Address,
    /// What a report about the letter names it by (ENVID, RFC 3461 section 4.4): printable ASCII,
    /// or empty.
    pub id: String,
}

/// How far an attempt had come when it failed, in the order of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The configuration asks for what cannot be had: no password over an open line, say.
    Settings,
    /// Reaching the server.
    Connect,
    /// Its greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS and the handshake.
    Tls,
    /// AUTH.
    Login,
    /// Our own look at the letter, before the first command.
    Letter,
    /// Our own look at the recipient's address, before the first command.
    Address,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The letter itself, up to but not including the final dot.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settings => "the settings",
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::Tls => "TLS",
            Self::Login => "AUTH",
            Self::Letter => "the letter",
            Self::Address => "the address",
            Self::Sender => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::Body => "the letter's text",
        })
    }
}

/// An attempt that ended before the final dot: nothing was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// How far it had come.
    pub phase: Phase,
    /// What the server said; `None` when it said nothing that could be understood.
    pub reply: Option<Reply>,
    /// The whole story in one sentence.
    pub text: String,
}

impl Failure {
    /// The server answered, but not with what the phase needs.
    pub fn refused(phase: Phase, reply: Reply) -> Self {
        Self { phase, text: format!("refused at {phase}: {reply}"), reply: Some(reply) }
    }

    /// No reply that could be understood.
    pub fn without_reply(phase: Phase, text: impl Into<String>) -> Self {
        Self { phase, reply: None, text: text.into() }
    }

    /// Whether the session ended rather than the letter being refused: no reply, or 421 (RFC
    /// 5321 section 3.8).
    pub fn is_lost(&self) -> bool {
        self.reply.as_ref().is_none_or(|reply| reply.code == 421)
    }
}

/// How sending the final dot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The server answered the dot.
    Replied(Reply),
    /// The dot may have crossed, and no reply that could be understood came back.
    Lost(String),
    /// The session was found dead before any octet of the dot was written: nothing was taken.
    NotSent(Failure),
}
